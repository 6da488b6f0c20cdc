"""Sums of items: one, less another, plus a third."""

import httpx
from playwright.sync_api import Page, expect

from tests.explorer.browsing import accessible
from tests.explorer.test_items import MINUS, ids, section

RED_HEART, RED_TEACUP, BLUE_TEACUP = "100", "300", "305"


def test_a_sum_is_put_together_and_gives_what_the_service_answers(page: Page, address: str):
    page.goto("/explore#analogy")
    for field, title in (("Add an item", "RED HANGING HEART"), ("Take an item away", "RED TEACUP")):
        page.get_by_role("combobox", name=field).first.fill(title.lower())
        expect(page.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Remove {title}")).to_be_visible()
    expect(page.get_by_role("combobox", name="Add an item")).to_be_focused()
    page.keyboard.type("305")
    page.keyboard.press("Enter")
    expect(page).to_have_url(
        f"{address}/explore#analogy?plus={RED_HEART}&plus={BLUE_TEACUP}&minus={RED_TEACUP}"
    )
    answers = section(page, "What comes out").locator("[data-item]")
    expect(answers).to_have_count(10)
    body = {"positive": [RED_HEART, BLUE_TEACUP], "negative": [RED_TEACUP], "k": 10}
    expected = httpx.post(f"{address}/analogy", json=body).json()["items"]
    expect(answers.first).to_have_attribute("data-item", expected[0]["item_id"])
    assert ids(answers) == [item["item_id"] for item in expected]

    names = section(page, "The arithmetic").locator(".strip-line .strip-name").all_inner_texts()
    assert [name[0] for name in names[:4]] == ["+", MINUS, "+", "="]
    assert len(names) == 4 + 10
    accessible(page)
    page.get_by_role("button", name="Remove RED TEACUP").click()
    expect(page).to_have_url(f"{address}/explore#analogy?plus={RED_HEART}&plus={BLUE_TEACUP}")
    page.go_back()
    expect(page.get_by_role("button", name="Remove RED TEACUP")).to_be_visible()
    assert ids(answers) == [item["item_id"] for item in expected]


def test_examples_are_of_this_catalogue(page: Page):
    page.goto("/explore#analogy")
    examples = section(page, "Examples from this catalogue").get_by_role("link")
    expect(examples).to_have_count(3)
    lines = examples.first.inner_text().split("\n")
    one, less, other = (line.strip(f"+ {MINUS}") for line in lines if "?" not in line)
    changed = set(less.split()) - set(one.split())
    assert len(changed) == 1
    assert changed <= set(other.split())
    examples.first.click()
    expect(section(page, "What comes out").locator("[data-item]")).to_have_count(10)
