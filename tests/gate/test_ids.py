"""What becomes of item ids from one log to the next."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.artifact import Artifact
from service.model.verdict import Check
from tests.conftest import make_artifact
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.gate.ids import guard_ids


def known(*item_ids: str) -> Artifact:
    vectors = {item_id: [1.0, float(row)] for row, item_id in enumerate(item_ids)}
    return make_artifact(vectors=vectors)


def dataset(item_ids: list[str], titles: list[str | None] | None = None) -> Dataset:
    counts = np.arange(len(item_ids), 0, -1, dtype=np.int64) * 10
    sessions = Sessions(np.zeros(0, np.int32), np.zeros(1, np.int64))
    vocabulary = Vocabulary(item_ids, counts)
    return Dataset(sessions, vocabulary, titles or [None] * len(item_ids), {}, DataReport(0))


def checks(log: Dataset, current: Artifact) -> dict[str, Check]:
    return {check.name: check for check in guard_ids(log, current, GateConfig(), 1.0)}


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("007", "7", "leading zeros"),
        ("7", "007", "leading zeros"),
        ("abc", "ABC", "the case of letters"),
        ("a b", "ab", "white space"),
        ("17", "17.0", "a trailing .0"),
    ],
)
def test_a_few_ids_in_another_spelling_are_noticed(before: str, after: str, difference: str):
    others = [f"item {number}" for number in range(20)]
    rare = checks(dataset([*others, after]), known(*others, before))["spelling of ids"]
    assert rare.passed  # 10 of 2,310 events
    often = checks(dataset([after, *others]), known(before, *others))["spelling of ids"]
    assert often.passed is False
    assert f"differing in {difference} alone" in often.sentence


ids = st.lists(st.text("ab01", min_size=1, max_size=3), min_size=1, max_size=12, unique=True)


@given(ids, ids)
def test_shares_of_lost_and_new_items_are_those_of_a_loop(before: list[str], after: list[str]):
    log, current = dataset(after), known(*before)
    found = checks(log, current)
    lost = sum(int(n) for one, n in zip(before, current.counts, strict=True) if one not in after)
    counts = log.vocabulary.counts
    new = sum(int(n) for one, n in zip(after, counts, strict=True) if one not in before)
    assert found["lost items"].seen == pytest.approx(lost / current.counts.sum())
    assert found["new items"].seen == pytest.approx(new / counts.sum())


def test_titles_that_stay_or_are_missing_pass():
    current = make_artifact()
    item_ids, titles = list(current.item_ids), list(current.titles)
    assert checks(dataset(item_ids, titles), current)["titles"].passed
    assert checks(dataset(item_ids), current)["titles"].passed is False
    assert checks(dataset(["hammer", "saw"]), current)["titles"].passed is None
