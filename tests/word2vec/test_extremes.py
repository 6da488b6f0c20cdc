"""Settings and corpora at the ends of what is allowed: every run is finite or says it diverged."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import naive
from trainer.config.sections import WIDEST_WINDOW, TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.noise import alias_table, noise_probabilities, noise_table
from trainer.word2vec.training import DivergenceError, train

UNCOMPILED = bool(numba.config.DISABLE_JIT)
LONG = 20 if UNCOMPILED else 400
EXAMPLES = settings(max_examples=20 if UNCOMPILED else 200)

tiny = st.sampled_from([5e-324, 1e-310, 1e-300, 1e-45, 1e-38, 1e-20])
huge = st.sampled_from([1e3, 1e30, 1e38, 1e300])
shares = st.sampled_from([0.0, 0.5, 1.0]) | tiny
frequencies = st.integers(1, 9) | st.sampled_from([2**31, 2**32, 2**40])
weights = shares | st.sampled_from([1.5, 99.9, 100.0])
lengths = st.sampled_from([0, 1, 2, 3, 17, LONG])


@st.composite
def configurations(draw):
    alpha = draw(tiny | st.sampled_from([0.05, 1.0]) | huge)
    return TrainingConfig(
        architecture=draw(st.sampled_from(["skip-gram", "cbow"])),
        objective=draw(st.sampled_from(["negative-sampling", "hierarchical-softmax"])),
        vector_size=draw(st.sampled_from([1, 2, 15, 16, 17, 33])),
        window=draw(st.sampled_from([1, 2, 17, WIDEST_WINDOW, "session"])),
        max_contexts=draw(st.sampled_from([2, 3, 20, 10_000])),
        shrink_windows=draw(st.booleans()),
        negative=draw(st.sampled_from([1, 2, 3, 20 if UNCOMPILED else 1000])),
        ns_exponent=draw(st.sampled_from([-5.0, 0.0, 0.75, 5.0])),
        sample=draw(shares | huge),
        alpha=alpha,
        min_alpha=draw(st.sampled_from([0.0, alpha])),
        epochs=draw(st.integers(1, 2)),
        cbow_mean=draw(st.booleans()),
        workers=1,
        seed=draw(st.sampled_from([0, 1, 2**63 - 1])),
    )


@st.composite
def corpora(draw):
    counts = sorted(draw(st.lists(frequencies, min_size=1, max_size=5)), reverse=True)
    sizes = [draw(st.integers(1, LONG)), *draw(st.lists(lengths, max_size=4))]
    random = np.random.default_rng(draw(st.integers(0, 99)))
    items = random.integers(0, len(counts), sum(sizes)).astype(np.int32)
    of_events = draw(st.none() | st.lists(weights, min_size=1, max_size=5))
    if of_events is not None:
        of_events = np.resize(np.array(of_events, np.float32), len(items))
    vocabulary = Vocabulary([str(item) for item in range(len(counts))], np.array(counts))
    return Sessions(items, np.cumsum([0, *sizes]), of_events), vocabulary


@EXAMPLES
@given(corpus=corpora(), config=configurations())
def test_any_settings_train_finite_vectors_or_are_said_to_diverge(corpus, config):
    with np.errstate(all="ignore"):
        try:
            vectors = train(*corpus, config)
        except DivergenceError:
            return
    assert np.isfinite(vectors.epoch_losses).all()
    assert np.isfinite(vectors.input).all()
    assert np.isfinite(vectors.output).all()


def test_a_run_that_diverges_in_its_last_step_says_so():
    # A session of two items is two steps: the second one overshoots, after its loss is taken.
    sessions = Sessions(np.array([0, 1], np.int32), np.array([0, 2]))
    vocabulary = Vocabulary(["a", "b"], np.array([1, 1]))
    config = TrainingConfig(
        objective="negative-sampling",
        alpha=1e30,
        epochs=1,
        workers=1,
        sample=0,
        vector_size=2,
        window=1,
    )
    with pytest.raises(DivergenceError, match="alpha = 1e"), np.errstate(all="ignore"):
        train(sessions, vocabulary, config)


def probabilities(table):
    """The chance of each item by an alias table."""
    kept = table[:, 0] / 2.0**32
    chance = kept.copy()
    np.add.at(chance, table[:, 1], 1 - kept)
    return chance / len(table)


@EXAMPLES
@given(st.lists(st.floats(1e-300, 1e300) | st.sampled_from([1e-300, 1.0, 1e300]), min_size=1))
def test_the_alias_table_holds_weights_of_any_size(some):
    values = np.array(some)
    table = alias_table(values)
    assert (table[:, 1] < len(values)).all()
    np.testing.assert_allclose(probabilities(table), values / values.sum(), atol=1e-8)


@EXAMPLES
@given(st.lists(frequencies, min_size=1, max_size=60), st.floats(-5, 5))
def test_noise_follows_any_exponent(counts, exponent):
    values = np.array(counts)
    expected = noise_probabilities(values, exponent)
    np.testing.assert_allclose(probabilities(noise_table(values, exponent)), expected, atol=1e-8)


@EXAMPLES
@given(st.lists(frequencies, min_size=1, max_size=60))
def test_the_huffman_tree_is_optimal_for_any_counts(some):
    counts = np.array(sorted(some, reverse=True))
    tree = build_tree(counts)
    depths = [len(tree.path(item)[0]) for item in range(len(counts))]
    assert max(depths) == tree.depth
    cost = sum(int(count) * depth for count, depth in zip(counts, depths, strict=True))
    assert cost == naive.huffman_cost(counts)


@pytest.mark.parametrize("objective", ["negative-sampling", "hierarchical-softmax"])
@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_a_catalogue_of_one_item_trains(architecture, objective):
    sessions = Sessions(np.zeros(6, np.int32), np.array([0, 3, 6]))
    config = TrainingConfig(architecture=architecture, objective=objective, epochs=2, workers=1)
    vectors = train(sessions, Vocabulary(["a"], np.array([6])), config)
    assert vectors.input.shape == (1, 100)
    assert np.isfinite(vectors.input).all()
