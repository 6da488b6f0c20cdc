"""A taste: sliders change the answer, each answer says why, addresses hold all of it."""

import json
import re
import subprocess

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.explorer.browsing import PHONE, accessible

HEART, STAND, TEACUP = "100", "200", "300"  # RED HANGING HEART, CAKE STAND, TEACUP


def answers(page: Page) -> Locator:
    return page.get_by_role("region", name="The answer").locator("[data-item]")


def ids(page: Page) -> list[str | None]:
    found: list[str | None] = answers(page).evaluate_all(
        "all => all.map((one) => one.dataset.item)"
    )
    return found


def test_a_weight_that_is_dragged_changes_the_order_and_the_address(page: Page):
    page.goto(f"/explore#taste?like={HEART}&like={STAND}&decay=1")
    expect(answers(page)).to_have_count(10)
    before = ids(page)
    assert before[0] is not None
    assert before[0].startswith("1")  # a heart leads
    slider = page.get_by_role("slider", name="Weight of RED CAKE STAND")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.16, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"#taste\?like={HEART}&like={STAND}%3A5&decay=1$"))
    expect(answers(page).first).to_contain_text("CAKE STAND")
    after = ids(page)
    page.reload()
    expect(answers(page)).to_have_count(10)
    assert ids(page) == after


def test_the_parts_of_a_bar_are_the_contributions(page: Page):
    with page.expect_response("**/recommend") as asked:
        page.goto(f"/explore#taste?like={HEART}&like={STAND}:2&dislike={TEACUP}")
    items = asked.value.json()["items"]
    expect(answers(page)).to_have_count(len(items))
    widths = []
    for item, line in zip(items, answers(page).all(), strict=True):
        parts = item["contributions"]
        assert sum(part["contribution"] for part in parts) == pytest.approx(item["score"], abs=0.02)
        drawn = line.locator(".part")
        shares = [float(one.evaluate("e => parseFloat(e.style.width)")) for one in drawn.all()]
        widths += [
            (share, abs(part["contribution"]))
            for share, part in zip(
                shares, [p for p in parts if abs(p["contribution"]) > 1e-3], strict=False
            )
        ]
    ratios = [share / part for share, part in widths if part > 0.05]
    assert max(ratios) == pytest.approx(min(ratios), rel=0.05)  # one scale for all


def test_likes_come_by_search_and_from_answers_and_go_again(page: Page):
    page.goto("/explore#taste")
    page.get_by_role("combobox", name="Add to liked").fill("red hanging")
    page.get_by_role("option", name="RED HANGING HEART").click()
    expect(answers(page)).to_have_count(10)
    first = ids(page)[0]
    answers(page).first.get_by_role("button", name="Dislike").click()
    expect(page.get_by_role("group", name="Disliked").locator(".parts-of-taste li")).to_have_count(
        1
    )
    expect(answers(page).first).not_to_have_attribute("data-item", first or "")
    page.get_by_role("button", name="Remove RED HANGING HEART").click()
    expect(page.get_by_role("group", name="Liked", exact=True).locator("li")).to_have_count(0)


def test_a_condition_that_means_nothing_is_said_in_its_place(page: Page, complaints):
    complaints.expect("status of 422")
    page.goto(f"/explore#taste?like={HEART}")
    expect(answers(page)).to_have_count(10)
    before = ids(page)
    page.get_by_label("Only items with").fill("prize < 3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="prize")).to_be_visible()
    assert ids(page) == before
    page.get_by_label("Only items with").fill("price < 1.5")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(6)
    assert all(item and item.startswith("1") for item in ids(page))


def test_why_an_item_is_missing_is_explained(page: Page):
    page.goto(f"/explore#taste?like={HEART}&min_count=1000000")
    page.get_by_role("combobox", name="Why not").fill("pink hanging")
    page.get_by_role("option", name="PINK HANGING HEART").click()
    expect(page.get_by_text("keeps it out")).to_contain_text("min_count")


@pytest.mark.parametrize("size", [PHONE], ids=["phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_it_is_for_everyone_and_fits_a_phone(page: Page):
    page.goto(f"/explore#taste?like={HEART}&like={STAND}&relation=next")
    expect(answers(page)).to_have_count(10)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    accessible(page)


def test_the_line_that_is_shown_gives_the_same_answer(page: Page):
    page.goto(f"/explore#taste?like={HEART}:2&dislike={STAND}&diversity=.2")
    expect(answers(page)).to_have_count(10)
    page.get_by_text("The same by curl or Python").click()
    line = page.get_by_label("Request").inner_text()
    answer = subprocess.run(line, shell=True, capture_output=True, check=True, text=True)
    assert [item["item_id"] for item in json.loads(answer.stdout)["items"]] == ids(page)
