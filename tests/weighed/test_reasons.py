"""Why an item is expected next, and which voices say so."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import item2vec
from service.model.continuations import Lists
from service.model.queries import Taste
from service.model.recommender import Recommender
from service.model.voice_groups import GROUPS, group_of
from service.model.voices import VOICES
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import Result
from tests.weighed.conftest import ITEMS, after_two, settings_of, visits

SESSION = ["i3", "i8", "i5"]


def test_each_voice_is_in_one_group_and_no_group_is_silent():
    groups = [
        [name for name, begin in GROUPS.items() if voice.startswith(begin)] for voice in VOICES
    ]
    assert all(len(found) == 1 for found in groups), dict(zip(VOICES, groups, strict=True))
    assert {group_of(voice) for voice in VOICES} == set(GROUPS)
    for name, beginnings in GROUPS.items():
        for begin in beginnings:
            assert any(voice.startswith(begin) for voice in VOICES), (name, begin)
    assert group_of("weather") == "weather"


@pytest.mark.parametrize("allow_seen", [False, True])
def test_an_explanation_has_the_score_and_the_place_of_the_answer(
    model: item2vec.Model, allow_seen: bool
):
    answer = model.recommend(SESSION, ITEMS, relation="next", allow_seen=allow_seen)
    assert len(answer) > ITEMS / 2
    assert set(SESSION) <= set(answer.ids) if allow_seen else set(SESSION).isdisjoint(answer.ids)
    for place, neighbor in enumerate(answer, start=1):
        found = model.explain(neighbor.item_id, SESSION, relation="next", allow_seen=allow_seen)
        assert found.score == pytest.approx(neighbor.score, rel=1e-6)
        assert answer[found.rank - 1].score == pytest.approx(neighbor.score)
        assert found.rank <= place
        assert [item for item, _ in found.contributions] == SESSION
        assert sum(part for _, part in found.contributions) == pytest.approx(neighbor.score)
        assert found.removed_by is None


@pytest.mark.parametrize("allow_seen", [False, True])
def test_voices_tell_how_much_likelier_one_answer_is_than_another(
    model: item2vec.Model, allow_seen: bool
):
    answer = model.recommend(SESSION, 10, relation="next", allow_seen=allow_seen)
    odds = {}
    for neighbor in answer:
        found = model.explain(neighbor.item_id, SESSION, relation="next", allow_seen=allow_seen)
        parts = [part for _, part in found.voices]
        assert parts == sorted(parts, reverse=True)
        assert set(dict(found.voices)) <= set(GROUPS)
        odds[neighbor.item_id] = sum(parts)
    first = answer[0]
    for neighbor in answer:
        ratio = np.log(first.score / neighbor.score)
        assert odds[first.item_id] - odds[neighbor.item_id] == pytest.approx(ratio, abs=1e-3)


def test_voices_are_compared_with_the_mean_of_all_candidates(model: item2vec.Model):
    answer = model.recommend(SESSION, ITEMS, relation="next")
    said = [
        (neighbor.score, sum(part for _, part in found.voices))
        for neighbor in answer
        if (found := model.explain(neighbor.item_id, SESSION, relation="next")).voices
    ]
    assert len(said) > ITEMS / 2
    assert sum(score * odds for score, odds in said) == pytest.approx(0, abs=1e-4)


def votes_of(model: item2vec.Model, item_id: str, answer: str) -> float:
    """What one item says of another, by the table."""
    continuations = model.artifact.continuations
    assert continuations is not None
    item = model.ids.index(item_id)
    places = slice(*continuations.table.offsets[item : item + 2])
    votes = continuations.scores[places][
        continuations.table.items[places] == model.ids.index(answer)
    ]
    return float(votes.sum())


def test_a_probability_is_shared_out_as_the_votes_are(model: item2vec.Model):
    for neighbor in model.recommend(SESSION, 10, relation="next", decay=0.7):
        found = model.explain(neighbor.item_id, SESSION, relation="next", decay=0.7)
        votes = [
            weight * votes_of(model, item, neighbor.item_id)
            for item, weight in zip(SESSION, (0.49, 0.7, 1), strict=True)
        ]
        expected = [vote / sum(votes) * neighbor.score for vote in votes]
        assert [part for _, part in found.contributions] == pytest.approx(expected, rel=1e-4)


def test_the_voice_that_was_planted_says_most(model: item2vec.Model):
    pairs = Counter(pair for visit in visits() for pair in pairwise(visit[:-1]))
    loudest = []
    for pair, _ in pairs.most_common(20):
        third = f"i{after_two()[int(pair[0][1:]), int(pair[1][1:])]}"
        if third not in pair:
            found = model.explain(third, pair, relation="next")
            assert found.rank <= 3
            loudest.append(found.voices[0][0])
    assert len(loudest) > 10
    assert set(loudest) == {"after the last items"}


def test_an_item_that_comes_back_is_said_to_repeat(model: item2vec.Model):
    voices = model.explain("i8", SESSION, relation="next", allow_seen=True).voices
    other = model.explain("i33", SESSION, relation="next", allow_seen=True).voices
    assert dict(voices)["repeats in the session"] > dict(other)["repeats in the session"]
    silent = model.explain("i33", SESSION, relation="next").voices
    assert "repeats in the session" not in dict(silent)


def test_what_may_not_come_back_has_no_probability(model: item2vec.Model):
    found = model.explain("i8", SESSION, relation="next")
    assert (found.score, found.rank, found.removed_by) == (None, None, "liked")
    assert (found.contributions, found.voices) == ([], [])


def without_votes(model: item2vec.Model) -> Recommender:
    """The same model, whose table is empty."""
    artifact = model.artifact
    continuations = artifact.continuations
    assert continuations is not None
    table = Lists(np.empty(0, np.int32), np.zeros(len(model) + 1, np.int64))
    emptied = replace(continuations, table=table, scores=np.empty(0, np.float32))
    return Recommender(replace(artifact, continuations=emptied))


def test_where_no_item_votes_an_item_of_the_session_speaks_for_itself(model: item2vec.Model):
    recommender = without_votes(model)
    session = ["i3", "i8", "i3", "i5"]
    query = recommender.query(Taste(session, allow_seen=True), 1, relation="next")
    found = recommender.explain(query, "i3")
    parts = [part for _, part in found.contributions]
    assert found.score is not None
    assert parts == pytest.approx([found.score * share for share in (0.2, 0, 0.8, 0)])


def test_where_no_item_votes_the_nearest_items_have_the_score(model: item2vec.Model):
    recommender = without_votes(model)
    third = f"i{int(after_two()[3, 8])}"
    session = ["i3", "i8"]
    found = recommender.explain(recommender.query(session, 1, relation="next", decay=1), third)
    assert found.score is not None
    near = np.maximum([recommender.similarity(item, third) for item in session], 0)
    assert near.sum() > 0
    expected = (near / near.sum() * found.score).tolist()
    assert [part for _, part in found.contributions] == pytest.approx(expected, rel=1e-4)


def test_where_one_thing_alone_has_a_say_no_voice_is_named(
    model: item2vec.Model, table_alone: item2vec.Model
):
    assert model.explain("i1", SESSION).voices == []
    found = table_alone.explain("i1", SESSION, relation="next")
    assert found.score is not None
    assert found.voices == []
    with pytest.raises(item2vec.UnknownItemError, match="nothing"):
        model.explain("nothing", SESSION)


@pytest.fixture(scope="module")
def folder(model: item2vec.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model, published."""
    folder = tmp_path_factory.mktemp("weighed")
    model.save(folder / "models")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(models=folder / "models"))) as client:
        yield client


ASKED = {"liked": SESSION, "relation": "next", "allow_seen": True}


def test_the_service_names_the_voices(client: TestClient, model: item2vec.Model):
    body = client.post("/explain", json=ASKED | {"item": "i8"}).json()
    found = model.explain("i8", SESSION, relation="next", allow_seen=True)
    voices = {one["voice"]: one["log_odds"] for one in body["voices"]}
    assert voices == pytest.approx(dict(found.voices), abs=1e-4)
    assert body["score"] == pytest.approx(found.score)
    similar = client.post("/explain", json={"liked": SESSION, "item": "i8"}).json()
    assert similar["voices"] == []


def test_answers_name_the_voices_on_request(client: TestClient):
    plain = client.post("/recommend", json=ASKED | {"k": 3}).json()["items"]
    explained = client.post("/recommend", json=ASKED | {"k": 3, "explain": True}).json()["items"]
    assert [set(item) for item in plain] == [{"item_id", "title", "score"}] * 3
    for item, same in zip(explained, plain, strict=True):
        assert item["score"] == same["score"]
        alone = client.post("/explain", json=ASKED | {"item": item["item_id"]}).json()
        assert item["voices"] == alone["voices"] != []
        assert item["contributions"] == [
            {"item_id": one["item_id"], "contribution": pytest.approx(one["contribution"])}
            for one in alone["contributions"]
        ]


def test_the_service_describes_the_fit_without_its_weights(
    client: TestClient, model: item2vec.Model
):
    body = client.get("/model").json()["next"]
    assert set(body) == {"decay", "last_items", "fit"}
    assert body["fit"]["description"].startswith("on the newest 30% of the sessions")
    assert body["fit"] == json.loads(settings_of(model).model_dump_json())["fit"]
    assert body["fit"]["unseen"]["mrr"] > body["fit"]["unseen"]["table_mrr"]


@pytest.fixture
def ask(
    run: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs a command in the folder."""
    monkeypatch.chdir(folder)
    return run


def test_the_command_line_names_the_voices(ask: Callable[..., Result], client: TestClient):
    arguments = ("explain", "i8", *SESSION, "--relation", "next", "--allow-seen")
    body: dict[str, Any] = ask(*arguments, "--json").json
    assert body == client.post("/explain", json=ASKED | {"item": "i8"}).json()
    lines = ask(*arguments).out.splitlines()
    shown = [line.split(maxsplit=0)[0].strip() for line in lines if "log-odds" in line]
    assert [line[: len(one["voice"])] for line, one in zip(shown, body["voices"], strict=True)] == [
        one["voice"] for one in body["voices"]
    ]


def test_a_version_shows_its_fit_and_on_request_its_weights(ask: Callable[..., Result]):
    brief, whole = ask("models", "show").json, ask("models", "show", "--json").json
    assert "logit" not in brief["next"]
    assert brief["next"]["fit"]["seen"]["cases"] > 0
    assert len(whole["next"]["logit"]["unseen"]["voices"]) == 4
    del whole["next"]["logit"]
    assert brief == whole
    [listed] = ask("models", "list", "--json").json
    assert listed["next"] == brief["next"]
    assert set(ask("models", "show", "--next", "--json").json) == {"model_version", "next"}


def test_the_checks_and_weights_are_a_table(ask: Callable[..., Result], model: item2vec.Model):
    shown = ask("models", "show", "--next")
    settings = settings_of(model)
    assert settings.fit is not None
    assert settings.logit is not None
    assert shown.out.startswith("what comes next is ranked by voices, weighed on the newest 30% of")
    for name, check in (("left out", settings.fit.unseen), ("allowed", settings.fit.seen)):
        assert check is not None
        assert (
            f"{name} weights {check.cases:,} {check.hit_rate:.4f} {check.table_hit_rate:.4f} "
            f"{check.mrr:.4f} {check.table_mrr:.4f} {check.calibration_error:.4f}"
        ) in shown.words
    assert "voice 1 item 2 items 3-4 items 5+ items" in shown.words
    place = settings.logit.names.index("after the last two")
    for weights in (settings.logit.unseen, settings.logit.seen):
        assert weights is not None
        row = " ".join(f"{of_class[place]:+.3f}" for of_class in weights.voices)
        assert f"after the last two {row}" in shown.words


def test_why_the_table_alone_answers_is_told(
    run: Callable[..., Result], table_alone: item2vec.Model, tmp_path: Path
):
    table_alone.save(tmp_path / "models")
    shown = run("models", "show", "--next", "--models", tmp_path / "models")
    assert shown.out.startswith(
        "what comes next is ranked by the table alone: the newest 1% of the sessions have"
    )
    assert shown.out.count("\n") == 1
