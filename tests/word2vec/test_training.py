import itertools
import sys
import threading
from pathlib import Path

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.similarity import unit
from trainer.config import sources as configuration
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.events.dataset import read_dataset
from trainer.events.vocabulary import count_items
from trainer.word2vec import training
from trainer.word2vec.training import DivergenceError, keep_probability, split_chunks, train

SMALL = {"vector_size": 16, "epochs": 10, "alpha": 0.05, "sample": 0, "workers": 1}
COMBINATIONS = list(
    itertools.product(["skip-gram", "cbow"], ["negative-sampling", "hierarchical-softmax"])
)


def config(**settings):
    return TrainingConfig(**(SMALL | settings))


@pytest.mark.parametrize("window", [3, "session"])
@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_two_islands_of_items_stay_apart(islands, architecture, objective, window):
    sessions, vocabulary = islands
    vectors = train(
        sessions,
        vocabulary,
        config(architecture=architecture, objective=objective, window=window),
    )
    units = unit(vectors.input)
    cosines = units @ units.T
    np.fill_diagonal(cosines, -1)
    sides = np.array([name.split("-")[0] for name in vocabulary.item_ids])
    for item, neighbors in enumerate(np.argsort(-cosines)[:, :3]):
        assert set(sides[neighbors]) == {sides[item]}


@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_the_loss_falls(islands, architecture, objective):
    losses = train(*islands, config(architecture=architecture, objective=objective)).epoch_losses
    assert len(losses) == 10
    assert losses[-1] < losses[0]


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes compiled kernels")
def test_the_loss_of_the_sample_falls_from_epoch_to_epoch():
    sample = configuration.merge(configuration.read_layers(Path("item2vec.toml"), {}))
    dataset = read_dataset(sample.data)
    small = sample.training.model_copy(update={"vector_size": 16, "epochs": 4, "workers": 1})
    losses = train(dataset.sessions, dataset.vocabulary, small).epoch_losses
    assert losses == sorted(losses, reverse=True)


def test_a_snapshot_tells_the_loss_of_the_last_finished_epoch(islands, monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 45)
    seen = []
    losses = train(*islands, config(epochs=2), seen.append).epoch_losses
    untrained = seen[0].loss
    assert untrained > losses[0] > losses[1]
    assert [s.loss for s in seen] == [untrained] * 3 + [losses[0]] * 4 + [losses[1]]


@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_one_worker_and_one_seed_give_the_same_bytes(islands, architecture, objective):
    settings = config(architecture=architecture, objective=objective, sample=0.1, epochs=2)
    first, second = train(*islands, settings), train(*islands, settings)
    assert first.input.tobytes() == second.input.tobytes()
    assert first.output.tobytes() == second.output.tobytes()
    assert first.epoch_losses == second.epoch_losses


def test_a_deterministic_run_gives_the_same_bytes_for_any_number_of_workers(islands, monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 15)
    one = train(*islands, config(deterministic=True, workers=1))
    three = train(*islands, config(deterministic=True, workers=3))
    assert one.input.tobytes() == three.input.tobytes()


def test_another_seed_gives_other_vectors(islands):
    one, two = train(*islands, config(seed=1)), train(*islands, config(seed=2))
    assert not np.allclose(one.input, two.input)


def test_several_workers_learn_the_same_islands(islands, monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 15)
    threads = set()
    vectors = train(
        *islands, config(workers=3), lambda _: threads.update(t.name for t in threading.enumerate())
    )
    assert len([name for name in threads if name.startswith("ThreadPool")]) > 1
    units = unit(vectors.input)
    left = [name.startswith("left") for name in islands[1].item_ids]
    assert (units[left] @ units[left].T).mean() > (units[left] @ units[~np.array(left)].T).mean()


def test_both_matrices_have_a_row_for_every_item(islands):
    vectors = train(*islands, config(objective="negative-sampling", vector_size=21))
    assert vectors.input.shape == vectors.output.shape == (8, 21)
    assert vectors.input.dtype == vectors.output.dtype == np.float32
    assert vectors.input.any(axis=1).all()
    assert vectors.output.any(axis=1).all()


def test_the_learning_rate_falls_linearly_over_all_items(islands, monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 45)
    seen = []
    train(*islands, config(alpha=0.1, min_alpha=0.02, epochs=2), seen.append)
    assert [s.items_done for s in seen] == list(range(45, 361, 45))
    expected = [0.1 - 0.08 * s.items_done / 360 for s in seen]
    assert [s.alpha for s in seen] == pytest.approx(expected)
    assert seen[-1].alpha == pytest.approx(0.02)


def test_divergence_stops_the_run_and_names_the_setting(islands):
    with pytest.raises(DivergenceError, match=r"alpha = 1e\+30"), np.errstate(all="ignore"):
        train(*islands, config(alpha=1e30))


def test_an_interrupted_run_leaves_no_thread_working(islands, monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 20)

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(*islands, config(workers=2, epochs=500), interrupt)
    assert not [t for t in threading.enumerate() if t.name.startswith("ThreadPool")]


def test_chunks_are_cut_at_the_session_that_reaches_their_size():
    offsets = np.array([0, 3, 4, 10, 11, 30, 31, 33])
    assert split_chunks(offsets, 5) == [0, 3, 5, 7]
    assert split_chunks(offsets, 1000) == [0, 7]


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=60), size=st.integers(1, 100))
def test_a_chunk_passes_its_size_by_less_than_a_session(lengths, size):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    firsts = split_chunks(offsets, size)
    assert firsts[0] == 0
    assert firsts[-1] == len(lengths)
    for first, last in itertools.pairwise(firsts):
        assert first < last
        assert offsets[last] - offsets[first] < size + max(lengths)


def test_subsampling_thins_out_what_is_frequent():
    keep = keep_probability(np.array([900, 90, 10]), sample=0.01)
    # sqrt(t/f) + t/f for f = .9, .09 and .01
    assert keep == pytest.approx([0.1165, 0.4444, 1.0], abs=1e-4)
    assert (keep_probability(np.array([900, 1]), sample=0) == 1).all()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes compiled kernels")
@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_an_item_is_nearer_to_those_it_meets_with_more_weight(architecture, objective):
    items = np.array([[0, 1, 2], [0, 3, 4]] * 30, np.int32)
    vocabulary = Vocabulary(list("abcde"), np.array([60, 30, 30, 30, 30]))
    for heavy, light, weights in ((1, 3, [4.0, 0.25]), (3, 1, [0.25, 4.0])):
        of_events = np.tile(np.repeat(weights, 3), 30).astype(np.float32)
        sessions = Sessions(items.ravel(), np.arange(0, 181, 3), of_events)
        settings = config(architecture=architecture, objective=objective, epochs=40)
        units = unit(train(sessions, vocabulary, settings).input)
        assert units[0] @ units[heavy] > units[0] @ units[light]


def test_weights_of_one_change_nothing(islands):
    sessions, vocabulary = islands
    weighted = Sessions(sessions.items, sessions.offsets, np.ones(len(sessions.items), np.float32))
    one, two = train(sessions, vocabulary, config()), train(weighted, vocabulary, config())
    assert one.input.tobytes() == two.input.tobytes()


def test_a_catalogue_of_two_trains():
    sessions = Sessions(np.array([0, 1, 0, 1], np.int32), np.array([0, 2, 4]))
    vocabulary = Vocabulary(["a", "b"], np.array([2, 2]))
    for architecture, objective in COMBINATIONS:
        vectors = train(
            sessions, vocabulary, config(architecture=architecture, objective=objective)
        )
        assert np.isfinite(vectors.input).all()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes compiled kernels")
def test_items_that_repeat_do_not_blow_up_with_a_high_alpha():
    random = np.random.default_rng(5)
    items = np.repeat(random.integers(0, 40, 400), random.integers(1, 30, 400)).astype(np.int32)
    vocabulary, rows = count_items(pl.Series(items.astype(str)))
    sessions = Sessions(rows, np.array([0, len(items) // 2, len(items)]))
    settings = config(vector_size=100, window=10, negative=10, alpha=0.1)
    trained = train(sessions, vocabulary, settings)
    assert np.abs(trained.input).max() < 5


@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes compiled kernels")
def test_no_python_runs_inside_of_compiled_code(islands, architecture, objective):
    # An interruption there is lost, or a SystemError.
    inside = []

    def note(frame, event, _argument):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("numba."):
            inside.append(frame.f_code.co_name)

    settings = config(architecture=architecture, objective=objective)
    try:
        train(*islands, settings, lambda _: sys.setprofile(note))  # by then kernels are loaded
    finally:
        sys.setprofile(None)
    assert inside == []
