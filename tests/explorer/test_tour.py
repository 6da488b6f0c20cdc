"""The tour of the first visit."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.explorer.browsing import LAPTOP, PHONE


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_first_visit_is_shown_around_once_and_again_on_request(page: Page, size: ViewportSize):
    page.goto("/explore")
    box = page.locator(".tour")
    expect(box.locator(".soft")).to_have_text(re.compile("1 of [67]"))
    steps = int(box.locator(".soft").inner_text()[-1])
    for step in range(1, steps):
        page.get_by_role("button", name="Next").click()
        expect(box).to_contain_text(f"{step + 1} of {steps}")
        at = box.bounding_box()
        assert at
        assert 0 <= at["x"] <= size["width"] - at["width"]
        assert 0 <= at["y"] <= size["height"] - at["height"]
    page.get_by_role("button", name="Done").click()
    expect(box).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(box).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("button", name="Start the tour").click()
    expect(box).to_contain_text("1 of ")


def test_the_tour_is_left_by_escape_or_by_going_on_and_does_not_meet_a_link(page: Page):
    page.goto("/explore#item=100")
    expect(page.get_by_role("heading", level=1)).to_have_text("RED HANGING HEART")
    expect(page.locator(".tour")).to_have_count(0)
    page.get_by_role("link", name="item2vec").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your model")
    page.reload()
    expect(page.locator(".tour")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".tour")).to_have_count(0)
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator(".tour")).to_be_visible()
    page.get_by_role("link", name="Analogy", exact=True).click()
    expect(page.locator(".tour")).to_have_count(0)
