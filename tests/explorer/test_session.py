"""A session, item by item: what comes next is predicted, and added by a digit."""

import re

from playwright.sync_api import Locator, Page, Route, expect

from tests.explorer.browsing import accessible

RED, PINK, WHITE = "100", "101", "102"  # hearts; each color mostly follows the one before


def expected(page: Page) -> Locator:
    return page.get_by_role("region", name="What comes next").locator("[data-item]")


def test_the_next_item_is_predicted_and_added_by_its_digit(page: Page):
    page.goto("/explore#session")
    page.get_by_role("combobox", name="Add an item").fill("red hanging")
    page.get_by_role("option", name="RED HANGING HEART").click()
    expect(expected(page).first).to_have_attribute("data-item", PINK)
    expect(expected(page).first).to_contain_text("%")
    page.get_by_role("heading", name="What comes next").click()
    page.keyboard.press("1")
    expect(expected(page).first).to_have_attribute("data-item", WHITE)
    expect(page).to_have_url(re.compile(rf"#session\?item={RED}&item={PINK}$"))
    steps = page.locator(".steps li")
    expect(steps).to_have_count(2)
    expect(steps.nth(1)).to_contain_text("no. 1")  # it had been expected

    page.keyboard.press("Backspace")
    expect(expected(page).first).to_have_attribute("data-item", PINK)
    page.go_forward()
    page.go_back()
    expect(steps).to_have_count(2)


def test_items_may_come_again_where_one_says_so(page: Page):
    page.goto(f"/explore#session?item={RED}&item={PINK}&item={RED}")
    steps = page.locator(".steps li")
    expect(steps.nth(2)).to_contain_text("seen before")
    page.get_by_role("checkbox", name="Items may come again").check()
    expect(steps.nth(2)).to_contain_text("no.")
    expect(page).to_have_url(re.compile("&seen=1$"))
    accessible(page)


def test_the_voices_that_speak_loudest_stand_below_an_item(page: Page):
    said = [("votes of the items", 2.1), ("cosine", -0.4), ("frequency", 0.1), ("recency", -1.5)]

    def add_voices(route: Route) -> None:
        answer = route.fetch().json()
        for item in answer["items"]:
            item["voices"] = [{"voice": voice, "log_odds": odds} for voice, odds in said]
        route.fulfill(json=answer)

    page.route("**/recommend", add_voices)  # the small model has none: its table alone answers
    page.goto(f"/explore#session?item={RED}")
    voices = expected(page).first.get_by_role("list", name="Voices").get_by_role("listitem")
    expect(voices).to_have_text(
        ["votes of the items+2.1", "recency\N{MINUS SIGN}1.5", "cosine\N{MINUS SIGN}0.4"]
    )
    widths = [
        float(one.evaluate("e => e.style.getPropertyValue('--share')")) for one in voices.all()
    ]
    assert widths == sorted(widths, reverse=True)
