"""The decay of a taste that is not set: fitted on the newest sessions, kept in the manifest."""

from pathlib import Path

import numpy as np
import pytest

from service.model.artifact import Manifest
from service.model.recommender import Recommender
from service.model.store import Store
from tests.conftest import make_artifact
from trainer.artifacts.decay import DECAYS, fit_decay
from trainer.corpus import Sessions

APPLE, PEAR, PLUM, HAMMER, SAW, DRILL = range(6)


def fitted(*sessions: list[int], seed: int = 1) -> dict[float, float]:
    offsets = np.cumsum([0, *map(len, sessions)])
    items = np.concatenate([np.array(session, np.int32) for session in sessions])
    return fit_decay(Recommender(make_artifact()), Sessions(items, offsets), seed)


def best(fit: dict[float, float]) -> float:
    return max(fit, key=fit.__getitem__)


def test_where_the_newest_item_alone_says_what_is_next_older_ones_fade():
    # Fruits, then tools: what comes next is like the item just before it.
    fit = fitted(*[[APPLE, PEAR, PLUM, HAMMER, SAW, DRILL]] * 20)
    assert list(fit) == list(DECAYS)
    assert best(fit) <= 0.3
    assert fit[0.0] > fit[1.0]


def test_where_one_item_was_a_detour_older_ones_count():
    fit = fitted(*[[APPLE, PLUM, HAMMER, PEAR]] * 20)
    assert best(fit) >= 0.5


def test_only_the_newest_sessions_count():
    old, new = [[APPLE, PLUM, HAMMER, PEAR]] * 90, [[APPLE, PEAR, PLUM, HAMMER, SAW, DRILL]] * 10
    assert fitted(*old, *new) == fitted(*new * 10)


def test_liked_items_are_no_answers():
    # A repeat is never recommended.
    assert fitted([APPLE, APPLE]) == dict.fromkeys(DECAYS, 0.0)
    assert fitted([APPLE, PEAR])[1.0] == pytest.approx(1 / places_of(PEAR))


def places_of(item: int) -> int:
    """The rank of an item among those similar to the apple."""
    neighbors = Recommender(make_artifact()).similar("apple")
    return [neighbor.item_id for neighbor in neighbors].index(make_artifact().item_ids[item]) + 1


def test_without_a_session_of_two_there_is_nothing_to_fit():
    assert fitted([APPLE], [PEAR]) == {}


def test_the_manifest_has_the_decay_and_what_it_was_chosen_from(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    lines = ["a b c d", "b c d e", "a c e"] * 10
    (tmp_path / "log.txt").write_text("\n".join(lines))
    quick = ["--paths", "log.txt", "--epochs", "1", "--vector-size", "4"]
    assert run("retrain", *quick).code == 0
    manifest = current(tmp_path)
    fit = manifest.metrics["decay_mrr"]
    assert manifest.similar.decay == float(max(fit, key=fit.__getitem__))
    assert run("retrain", *quick, "--decay", "0.25").code == 0
    manifest = current(tmp_path)
    assert manifest.similar.decay == 0.25
    assert "decay_mrr" not in manifest.metrics


def current(tmp_path: Path) -> Manifest:
    return Store(tmp_path / "models").load().manifest
