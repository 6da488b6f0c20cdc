"""The page as a whole: it opens, says nothing it should not, and everyone can read it."""

import pytest
from playwright.sync_api import Page, expect

from tests.explorer.browsing import LAPTOP, PHONE, accessible


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_page_opens_without_a_complaint_for_everyone(page: Page):
    page.goto("/explore")
    expect(page.get_by_role("main")).not_to_contain_text("Loading")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"the page is {wide} pixels wider than the window"
    accessible(page)
