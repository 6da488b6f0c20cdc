"""Three strangers get from their raw files to good answers, by commands that the pages show."""

import json
import re

import httpx
import pytest

import item2vec
from tests.docs.pages import PAGES, text_of
from tests.docs.typed import trains
from tests.shell import ITEM2VEC, run, serving
from tests.strangers import write_clicks, write_plays, write_ratings

FREQUENT = 60


@pytest.fixture(scope="module", params=[write_ratings, write_plays, write_clicks])
def stranger(request, tmp_path_factory):
    """A folder with the raw files of a log, and what they are."""
    folder = tmp_path_factory.mktemp("stranger")
    return folder, request.param(folder)


def type_shown(command, folder):
    """Runs a command of the pages, as it is typed there; what it prints."""
    shown = re.escape(command)
    assert any(re.search(rf"(`|^|\$ ){shown}\b", text_of(page), re.MULTILINE) for page in PAGES)
    return run(*ITEM2VEC, *command.split()[1:], cwd=folder).stdout


@trains
def test_a_stranger_gets_answers_with_titles_from_raw_files(stranger):
    folder, written = stranger
    files = " ".join(path.name for path in (written.log, written.items) if path is not None)
    type_shown(f"item2vec suggest {files}", folder)
    assert "published version" in type_shown("item2vec retrain", folder)

    queries = item2vec.load(folder / "models").ids[:FREQUENT]
    title = title_of(written, queries[0])
    found = json.loads(run(*ITEM2VEC, "items", *title.split(), "--json", cwd=folder).stdout)
    assert queries[0] in [item["item_id"] for item in found["items"]]
    similar = run(*ITEM2VEC, "similar", queries[0], "--json", cwd=folder).stdout
    assert_titled(json.loads(similar), written)

    with serving(folder) as address:
        asked = httpx.post(f"{address}/similar", json={"items": queries, "k": 10})
    alike = []
    for query, answer in zip(queries, asked.json()["answers"], strict=True):
        assert_titled(answer, written)
        group = written.group(query)
        alike += [written.group(item["item_id"]) == group for item in answer["items"]]
    assert sum(alike) / len(alike) >= 0.8


def title_of(written, item_id):
    return written.catalogue.titles[written.catalogue.ids.index(int(item_id))]


def assert_titled(answer, written):
    """Ten items, each with its title; films have their year behind it."""
    assert len(answer["items"]) == 10
    for item in answer["items"]:
        assert item["title"].startswith(title_of(written, item["item_id"]))
