"""The guide for operators: its table of metrics, and its links."""

import re
from pathlib import Path

from tests.deploy.metrics import exposed

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_metric_that_is_exposed_is_explained_and_no_other(client):
    table = re.findall(r"^\| `(item2vec_\w+)` \| (\w+) \|", GUIDE, re.MULTILINE)
    assert len(table) == len(dict(table))
    assert dict(table) == exposed(client)


def test_the_files_that_the_guide_names_exist():
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", GUIDE)
    assert links
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
    for path in re.findall(r"`((?:deploy|docker)/[\w./-]+)`", GUIDE):
        assert (ROOT / path).exists(), path


def test_the_sections_that_it_points_to_exist():
    titles = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    for anchor in re.findall(r"\]\(#([\w-]+)\)", GUIDE):
        assert anchor in anchors
