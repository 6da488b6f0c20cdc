"""Versions: their verdicts, night after night, what changes between two, and publishing one."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.model.figures import figures_of
from service.model.nights import Nights
from service.model.store import Store
from tests.explorer.browsing import LAPTOP, PHONE, Complaints, accessible
from tests.explorer.conftest import ADMIN_KEY, USER_KEY
from tests.shell import serving


@pytest.fixture
def versions(shop: Path) -> list[str]:
    """The first night's and the second night's, which is current."""
    return Store(shop / "models").versions()


def test_nights_are_marked_and_told_by_pointer_and_keyboard(page: Page, versions: list[str]):
    page.goto("/explore#models")
    nights = page.get_by_role("region", name="Night after night")
    expect(nights.locator(".night.published")).to_have_count(2 + 1)  # and one in the key
    expect(nights.locator("svg .night.refused")).to_have_count(1)
    expect(nights.locator(".night-said")).to_contain_text("refused")
    nights.locator("svg .night").last.focus()
    page.keyboard.press("Home")
    expect(nights.locator(".night-said")).to_contain_text("published: passed")
    page.keyboard.press("ArrowRight")
    expect(nights.locator(".night-said")).to_contain_text(versions[0])  # compared with
    nights.get_by_text("as a table").click()
    expect(nights.get_by_role("row")).to_have_count(1 + 3)


def test_a_night_keeps_the_figures_of_its_version(shop: Path, versions: list[str]):
    first, second, refused = Nights(shop / "models").runs()
    assert refused.figures == {}  # its log was refused
    for night, version in zip((first, second), versions, strict=True):
        assert night.figures == figures_of(Store(shop / "models").manifest(version))
        assert night.figures["next beside simple models"].low > 0


def test_a_version_shows_its_figures_checks_and_report(page: Page, versions: list[str]):
    page.goto(f"/explore#models?a={versions[1]}")
    version = page.get_by_role("region", name=versions[1])
    expect(version.locator("circle.of-ours").first).to_be_visible()
    expect(version).to_contain_text("events read")
    version.get_by_text("checks of the gate").click()
    expect(version.locator(".checks .passed").first).to_be_visible()
    with page.expect_popup() as opened:
        version.get_by_role("link", name="The gate's report").click()
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("Verdict")


def test_two_versions_stand_side_by_side_for_an_item(page: Page, versions: list[str]):
    page.goto(f"/explore#models?a={versions[1]}&b={versions[0]}&item=100")
    changes = page.get_by_role("region", name="What changes")
    expect(changes.get_by_role("heading", name="Similar:")).to_contain_text("of 10 stay")
    heading = changes.locator(".compared-item").inner_text()
    lists = changes.locator(".change ol")
    expect(lists).to_have_count(2)
    for place, relation in enumerate(("similar", "next")):
        titles = lists.nth(place).locator(".title").all_inner_texts()
        answer = page.request.get(f"/models/{versions[1]}/{relation}/100?k=10").json()
        assert titles == [item["title"] for item in answer["items"]]
    expect(changes.get_by_text("Where answers changed most")).to_be_visible()
    changes.locator(".most .title").first.click()
    expect(changes.locator(".compared-item")).not_to_have_text(heading)
    expect(changes.get_by_role("heading", name="What changes")).to_be_in_viewport()
    assert f"a={versions[1]}&b={versions[0]}&item=" in page.url
    page.go_back()
    expect(changes.locator(".compared-item")).to_have_text(heading)


def test_an_admin_publishes_a_version_and_sees_it_served(
    browser: Browser, own_shop: Path, versions: list[str], complaints: Complaints
):
    keys = {"ITEM2VEC_API_KEYS": USER_KEY, "ITEM2VEC_ADMIN_KEY": ADMIN_KEY}
    complaints.expect("status of 401")
    with serving(own_shop, **keys) as address:
        for key in (USER_KEY, ADMIN_KEY):
            context = browser.new_context(base_url=address, viewport=LAPTOP)
            page = context.new_page()
            complaints.listen(page)
            page.goto(f"/explore#models?a={versions[0]}")
            page.get_by_label("Key", exact=True).fill(key)
            page.keyboard.press("Enter")
            expect(page.get_by_role("region", name=versions[0])).to_be_visible()
            publish = page.get_by_role("button", name="Publish …")
            if key == USER_KEY:
                expect(publish).to_have_count(0)
            else:
                publish.click()
                expect(page.get_by_role("dialog")).to_contain_text(versions[1])
                expect(page.get_by_role("dialog")).to_contain_text("stay on average")
                page.get_by_role("button", name="Publish it").click()
                current = page.get_by_role("listitem").filter(has_text="current")
                expect(current.get_by_role("link", name=versions[0])).to_be_visible()
            context.close()
    assert Store(own_shop / "models").current() == versions[0]


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_for_everyone(page: Page):
    page.goto("/explore#models")
    expect(page.get_by_text("Where answers changed most")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    accessible(page)
