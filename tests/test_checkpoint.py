import itertools
from dataclasses import replace

import numpy as np
import pytest

from service.errors import InputError
from trainer import training
from trainer.checkpoint import Checkpoint
from trainer.config import TrainingConfig
from trainer.training import train

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


def test_a_checkpoint_that_fails_to_be_written_leaves_the_one_before(islands, path, monkeypatch):
    settings = config()
    run_until(islands, settings, path, reports=3)
    before = path.read_bytes()

    def half_written(file, **_arrays):
        file.write(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", half_written)
    with pytest.raises(OSError, match="No space left"):
        train(*islands, settings, checkpoint=Checkpoint(path, ALWAYS, resume=True))
    assert path.read_bytes() == before


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
