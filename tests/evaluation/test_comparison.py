import json
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from service.model.errors import InputError
from service.model.recommender import Recommender
from tests.conftest import make_artifact
from tests.worlds import cases_of
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol, evaluate
from trainer.evaluation.ranking import Ranked
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases, sample
from trainer.view.tables import evaluation_table

COUNTS = np.array([50, 30, 10, 10])


class Always:
    """Recommends the same items whatever is asked."""

    def __init__(self, *items: int) -> None:
        self.items = items

    def rank(self, cases: Cases, k: int) -> Ranked:
        items = np.full((len(cases), k), -1, np.int32)
        scores = np.full((len(cases), k), -np.inf, np.float32)
        best = self.items[:k]
        items[:, : len(best)] = best
        scores[:, : len(best)] = np.arange(len(best), 0, -1)
        return Ranked(items, scores)


def cases_with(answers: list[int], prefix: list[int], session: list[int] | None = None) -> Cases:
    cases = cases_of(*[prefix] * len(answers))
    sessions = np.arange(len(answers)) if session is None else np.array(session)
    return Cases(cases.items, cases.starts, cases.stops, np.array(answers, np.int32), sessions)


def test_a_model_is_measured_by_where_it_ranks_the_answers():
    cases = cases_with([2, 1, 3, -1], prefix=[0])
    found = evaluate({"ours": Always(2, 1, 3)}, cases, COUNTS, EvaluationProtocol(ks=(1, 2)))
    scores = found.models["ours"]
    assert scores.estimates["HR@1"].value == 1 / 4
    assert scores.estimates["HR@2"].value == 2 / 4
    assert scores.estimates["MRR@2"].value == pytest.approx((1 + 1 / 2) / 4)
    assert scores.estimates["NDCG@2"].value == pytest.approx((1 + 1 / np.log2(3)) / 4)
    assert scores.estimates["HR@2"].low <= 2 / 4 <= scores.estimates["HR@2"].high
    assert found.unseen == 1 / 4
    assert (found.cases, found.sessions) == (4, 4)
    assert scores.lists["coverage@2"] == 2 / 4
    assert scores.lists["personalisation@2"] == 0
    assert scores.lists["popularity@2"] == pytest.approx(0.2)
    assert scores.unanswered == 0


def test_items_of_the_prefix_take_no_place_in_the_list_unless_they_may():
    cases = cases_with([2], prefix=[0, 1])
    model = {"ours": Always(1, 0, 2)}
    excluded = evaluate(model, cases, COUNTS, EvaluationProtocol(ks=(1,)))
    allowed = evaluate(model, cases, COUNTS, EvaluationProtocol(ks=(1,), exclude_seen=False))
    assert excluded.models["ours"].estimates["HR@1"].value == 1
    assert allowed.models["ours"].estimates["HR@1"].value == 0


def test_an_answer_that_was_just_seen_is_a_miss():
    cases = cases_with([1], prefix=[0, 1])
    found = evaluate({"ours": Always(1, 2)}, cases, COUNTS, EvaluationProtocol(ks=(3,)))
    assert found.models["ours"].estimates["HR@3"].value == 0
    assert found.repeated == 1


def test_a_model_that_knows_no_answer_says_so():
    found = evaluate({"ours": Always()}, cases_with([1, 2], prefix=[0]), COUNTS)
    assert found.models["ours"].unanswered == 1
    assert found.models["ours"].lists["popularity@10"] is None


def test_the_first_model_is_compared_with_each_other_one():
    answers = [2] * 30 + [3] * 10
    models = {"ours": Always(2), "same": Always(2), "worse": Always(3)}
    found = evaluate(models, cases_with(answers, prefix=[0]), COUNTS, EvaluationProtocol(ks=(1,)))
    assert set(found.differences) == {"same", "worse"}
    same, worse = found.differences["same"]["HR@1"], found.differences["worse"]["HR@1"]
    assert (same.low, same.value, same.high) == (0, 0, 0)
    assert worse.value == pytest.approx(0.75 - 0.25)
    assert 0 < worse.low < worse.value < worse.high


def test_cases_of_one_session_make_intervals_wider():
    answers = [2, 3] * 50
    model = {"ours": Always(2)}
    alone = evaluate(model, cases_with(answers, [0]), COUNTS, EvaluationProtocol(ks=(1,)))
    sessions = [case % 2 + 2 * (case // 20) for case in range(100)]  # of ten equal cases each
    together = evaluate(
        model, cases_with(answers, [0], sessions), COUNTS, EvaluationProtocol(ks=(1,))
    )

    def width(found: Evaluation) -> float:
        estimate = found.models["ours"].estimates["HR@1"]
        return estimate.high - estimate.low

    assert width(together) > 2 * width(alone)
    assert together.sessions == 10


def test_hits_are_counted_by_the_popularity_of_the_answer():
    counts = np.arange(20, 0, -1)
    cases = cases_with([1, 1, 4, -1, 19], prefix=[3])
    found = evaluate({"ours": Always(1, 19)}, cases, counts, EvaluationProtocol(ks=(1, 2)))
    assert found.cases_by_decile == [2, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    expected = [1.0, None, 0.0, *[None] * 6, 1.0]
    assert found.models["ours"].hits_by_decile == expected


def test_blocks_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch):
    cases = cases_with([2, 1, 3, -1, 2, 2, 1], prefix=[0])
    models = {"ours": Always(2, 1), "other": Always(3)}
    whole = evaluate(models, cases, COUNTS)
    monkeypatch.setattr("trainer.evaluation.splits.CASES_PER_BLOCK", 3)
    told: list[tuple[str, int, int]] = []
    assert evaluate(models, cases, COUNTS, on_cases=lambda *at: told.append(at)) == whole
    assert told[:3] == [("ours", 3, 7), ("ours", 6, 7), ("ours", 7, 7)]


@pytest.mark.parametrize("part", ["cases", "models"])
def test_nothing_cannot_be_compared(part: str):
    cases = cases_with([2], prefix=[0])
    models = {"ours": Always(1)} if part == "cases" else {}
    with pytest.raises(InputError, match="nothing to compare"):
        evaluate(models, sample(cases, 0, 0) if part == "cases" else cases, COUNTS)


def test_the_evaluation_is_json():
    found = evaluate({"ours": Always(), "other": Always(2)}, cases_with([1], [0]), COUNTS)
    text = json.dumps(found.as_dict(), allow_nan=False)
    assert json.loads(text)["models"]["other"]["estimates"]["HR@10"]["value"] == 0
    assert json.loads(text)["protocol"]["exclude_seen"] is True


# the product as a ranker


def test_the_service_itself_is_what_is_measured():
    recommender = Recommender(make_artifact())
    ids = list(recommender.artifact.item_ids)
    prefixes = [["saw", "apple"], ["plum"], ["drill", "hammer", "pear"]]
    answers = ["pear", "apple", "saw"]
    cases = cases_of(*[[ids.index(item) for item in prefix] for prefix in prefixes])
    cases = Cases(
        cases.items,
        cases.starts,
        cases.stops,
        np.array([ids.index(answer) for answer in answers], np.int32),
        cases.session,
    )
    ranks = [
        [one.item_id for one in recommender.recommend(prefix, decay=0.5).neighbors].index(answer)
        for prefix, answer in zip(prefixes, answers, strict=True)
    ]
    found = evaluate(
        {"served": Served(recommender, decay=0.5)},
        cases,
        recommender.artifact.counts,
        EvaluationProtocol(ks=(6,)),
    )
    expected = np.mean([1 / (rank + 1) for rank in ranks])
    assert found.models["served"].estimates["MRR@6"].value == pytest.approx(expected)


def test_the_service_may_be_asked_for_more_than_it_has_and_with_nothing():
    served = Served(Recommender(make_artifact()))
    ranked = served.rank(cases_of([0], [-1]), 9)
    assert sorted(ranked.items[0].tolist()) == [-1, -1, -1, 0, 1, 2, 3, 4, 5]
    assert ranked.items[1].tolist() == [-1] * 9


# the table


@pytest.fixture
def printed() -> Callable[[Evaluation], str]:
    def printed(evaluation: Evaluation) -> str:
        console = Console(width=140)
        with console.capture() as capture:
            console.print(evaluation_table(evaluation))
        return capture.get()

    return printed


def test_the_table_shows_who_is_better_than_the_first(printed: Callable[[Evaluation], str]):
    models = {"ours": Always(2), "worse [b]": Always(), "better": Always(2, 3)}
    cases = cases_with([2] * 20 + [3] * 10, prefix=[0])
    text = printed(evaluate(models, cases, COUNTS, EvaluationProtocol(ks=(5,))))
    assert "0.6667" in next(line for line in text.splitlines() if line.startswith("ours"))
    assert "▼ 0.0000" in next(line for line in text.splitlines() if "worse [b]" in line)
    assert "▲ 1.0000" in next(line for line in text.splitlines() if "better" in line)
    assert "30 cases from 30 sessions" in text
    assert "0.0% are items of the query, which are left out of the lists" in " ".join(text.split())


def test_the_table_is_the_same_where_markup_is_off():
    model = {"[red]": Always(2), "other": Always()}
    found = evaluate(model, cases_with([2], [0]), COUNTS, EvaluationProtocol(exclude_seen=False))
    console = Console(width=140, markup=False)
    with console.capture() as capture:
        console.print(evaluation_table(found))
    assert "[red]" in capture.get()
    assert "[dim]" not in capture.get()
    assert "allowed in the lists" in capture.get()
