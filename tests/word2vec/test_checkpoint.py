import itertools
from dataclasses import replace

import numpy as np
import pytest

from service.model.errors import InputError
from trainer.config.sections import TrainingConfig
from trainer.word2vec import training
from trainer.word2vec.checkpoint import Checkpoint
from trainer.word2vec.training import train

COMBINATIONS = list(
    itertools.product(["skip-gram", "cbow"], ["negative-sampling", "hierarchical-softmax"])
)
ALWAYS = 1e-9  # minutes


def config(**settings):
    small = {"vector_size": 8, "epochs": 2, "alpha": 0.05, "sample": 0.1, "workers": 1}
    return TrainingConfig(**(small | settings))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(training, "CHUNK_ITEMS", 45)  # eight chunks in two epochs


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.npz"


def stop_after(reports):
    """A report that interrupts the run when it is told for the last time."""
    left = itertools.count(reports, -1)

    def report(_):
        if next(left) == 0:
            raise KeyboardInterrupt

    return report


def run_until(islands, settings, path, reports):
    with pytest.raises(KeyboardInterrupt):
        train(
            *islands,
            settings,
            stop_after(reports),
            checkpoint=Checkpoint(path, ALWAYS, resume=False),
        )


def resume(islands, settings, path):
    return train(*islands, settings, checkpoint=Checkpoint(path, None, resume=True))


@pytest.mark.parametrize("reports", [1, 4, 7])
@pytest.mark.parametrize(("architecture", "objective"), COMBINATIONS)
def test_a_resumed_run_ends_in_the_same_bytes(islands, path, architecture, objective, reports):
    settings = config(architecture=architecture, objective=objective)
    whole = train(*islands, settings)
    run_until(islands, settings, path, reports)
    resumed = resume(islands, settings, path)
    assert resumed.input.tobytes() == whole.input.tobytes()
    assert resumed.output.tobytes() == whole.output.tobytes()
    assert resumed.epoch_losses == whole.epoch_losses
    assert resumed.last.pairs_done == whole.last.pairs_done


def test_several_workers_resume_where_they_last_met(islands, path, monkeypatch):
    monkeypatch.setattr(training, "CHUNKS_BETWEEN_RESTS", 1)
    settings = config(workers=3)
    run_until(islands, settings, path, reports=5)
    resumed = resume(islands, settings, path)
    assert len(resumed.epoch_losses) == 2
    assert resumed.last.items_done == resumed.last.items_total


def test_a_run_may_be_resumed_with_other_workers(islands, path, monkeypatch):
    monkeypatch.setattr(training, "CHUNKS_BETWEEN_RESTS", 1)
    run_until(islands, config(workers=2), path, reports=7)
    assert resume(islands, config(workers=1), path).last.seconds > 0


def test_a_full_disk_ends_neither_the_run_nor_the_checkpoint_before(
    islands, path, monkeypatch, caplog
):
    settings = config()
    run_until(islands, settings, path, reports=3)
    before = path.read_bytes()

    def half_written(file, **_arrays):
        file.write(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", half_written)
    resumed = train(*islands, settings, checkpoint=Checkpoint(path, ALWAYS, resume=True))
    assert resumed.last.items_done == resumed.last.items_total
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    assert "checkpoint.npz cannot be written (No space left on device)" in caplog.text


def test_a_checkpoint_survives_a_power_cut(islands, path, disk_log):
    run_until(islands, config(), path, reports=3)
    partial = path.with_name(f".partial-{path.name}")
    assert disk_log[:3] == [
        ("synced", str(partial)),
        ("renamed", f"{partial} -> {path}"),
        ("synced", str(path.parent)),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_time_of_a_checkpoint_is_not_training(islands, path, monkeypatch, workers):
    clock = itertools.count(0.0, 0.001)
    late = [0.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock) + late[0])
    save = Checkpoint.save

    def save_for_an_hour(*arguments):
        late[0] += 3600
        save(*arguments)

    monkeypatch.setattr(Checkpoint, "save", save_for_an_hour)
    trained = train(
        *islands, config(workers=workers), checkpoint=Checkpoint(path, ALWAYS, resume=False)
    )
    assert late[0] >= 3600
    assert trained.last.seconds < 1


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_damaged_checkpoint_is_refused_by_name(islands, path, damage):
    run_until(islands, config(), path, reports=3)
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(InputError, match=r"checkpoint\.npz is damaged"):
        resume(islands, config(), path)


def test_a_checkpoint_of_other_settings_is_refused_with_their_names(islands, path):
    run_until(islands, config(), path, reports=3)
    with pytest.raises(InputError, match="alpha, seed differ"):
        resume(islands, config(alpha=0.01, seed=9), path)


def test_a_checkpoint_counted_in_other_chunks_is_refused(islands, path, monkeypatch):
    run_until(islands, config(), path, reports=3)
    monkeypatch.setattr(training, "CHUNK_ITEMS", 90)
    with pytest.raises(InputError, match="chunk_items differ"):
        resume(islands, config(), path)


def test_a_checkpoint_of_other_data_is_refused(islands, path):
    run_until(islands, config(), path, reports=3)
    sessions, vocabulary = islands
    sessions.items[0] = (sessions.items[0] + 1) % 8
    with pytest.raises(InputError, match="data differ"):
        resume((sessions, vocabulary), config(), path)


def test_a_checkpoint_of_other_weights_is_refused(islands, path):
    run_until(islands, config(), path, reports=3)
    sessions, vocabulary = islands
    weighted = replace(sessions, weights=np.full(len(sessions.items), 2, np.float32))
    with pytest.raises(InputError, match="data differ"):
        resume((weighted, vocabulary), config(), path)


def test_a_run_with_weights_resumes_to_the_same_bytes(islands, path):
    sessions, vocabulary = islands
    weights = np.linspace(0, 3, len(sessions.items), dtype=np.float32)
    weighted = replace(sessions, weights=weights), vocabulary
    whole = train(*weighted, config())
    run_until(weighted, config(), path, reports=4)
    assert resume(weighted, config(), path).input.tobytes() == whole.input.tobytes()


def test_without_a_checkpoint_there_is_nothing_to_resume(islands, path):
    with pytest.raises(InputError, match="there is no checkpoint"):
        resume(islands, config(), path)
