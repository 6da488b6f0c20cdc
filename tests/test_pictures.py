"""The pictures of the documentation: drawn from the code, and there where a page shows them."""

import importlib.util
import re
from pathlib import Path

import pytest

from tests.shell import ROOT

DOCS = ROOT / "docs"
DRAWN = sorted(file.name for file in (DOCS / "images").glob("*.svg"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures, drawn anew."""
    folder = tmp_path_factory.mktemp("images")
    spec = importlib.util.spec_from_file_location("draw", DOCS / "images" / "draw.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FOLDER = folder
    for draw in module.PICTURES:
        draw()
    return folder


def test_every_picture_is_drawn_by_the_script(drawn: Path):
    assert len(DRAWN) > 5
    assert sorted(file.name for file in drawn.iterdir()) == DRAWN


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_as_the_code_draws_it_today(drawn: Path, name: str):
    assert (drawn / name).read_text() == (DOCS / "images" / name).read_text()


@pytest.mark.parametrize("page", ["how-it-works.md", "choosing.md"])
def test_what_a_page_shows_and_links_to_is_there(page: str):
    text = (DOCS / page).read_text()
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert targets
    assert [target for target in targets if not (DOCS / target).exists()] == []


def test_the_picture_in_the_readme_is_small_enough_to_load():
    picture = DOCS / "images" / "evaluation.png"
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size < 150_000
