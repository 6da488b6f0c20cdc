"""The links of the pages lead somewhere."""

import re

import pytest
import yaml

from tests.docs.pages import PAGES, README, ROOT, prose_of, text_of

LINK = re.compile(r"\]\(([^)\s#]*)(?:#([\w-]+))?\)")


def anchors(page):
    """The anchors of a page's headings, as Markdown viewers make them."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def cases():
    for page in PAGES:
        for target, anchor in sorted(set(LINK.findall(prose_of(page)))):
            if not target.startswith("http"):
                yield pytest.param(page, target, anchor, id=f"{page.stem}: {target}#{anchor}")


@pytest.mark.parametrize(("page", "target", "anchor"), list(cases()))
def test_a_link_leads_to_a_file_and_a_heading(page, target, anchor):
    file = page.parent / target if target else page
    assert file.exists()
    if anchor:
        assert anchor in anchors(file)


def test_the_pages_link_to_each_other():
    """A reader of README finds every page, by one link or two."""
    index = ROOT / "docs" / "index.md"
    linked = {target for page in (README, index) for target, _ in LINK.findall(text_of(page))}
    names = {target.removeprefix("docs/") for target in linked}
    assert {page.name for page in PAGES[1:]} - {"index.md"} <= names


def test_the_site_has_every_page():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = yaml.safe_load(site)["nav"]
    assert set(files_of(menu)) == {page.name for page in PAGES[1:]}


def files_of(menu):
    if isinstance(menu, str):
        yield menu
    else:
        for entry in menu.values() if isinstance(menu, dict) else menu:
            yield from files_of(entry)
