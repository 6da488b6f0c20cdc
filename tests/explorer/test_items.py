"""Finding an item, and what its page shows: lists, vectors, requests to copy, files to save."""

import csv
import json
import struct
import subprocess
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.explorer.browsing import PHONE, Complaints, accessible

MINUS = "\N{MINUS SIGN}"
HEART, UNTRAINED = "100", "999"  # RED HANGING HEART, NEW GARDEN GNOME
# Red, green and blue in the middle of each column of a strip.
PIXELS = """(canvas, columns) => {
  const row = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data;
  return Array.from({length: columns}, (_, column) => {
    const at = 4 * Math.floor((column + .5) * canvas.width / columns);
    return [...row.slice(at, at + 3)];
  });
}"""


def ids(items: Locator) -> list[str | None]:
    return [item.get_attribute("data-item") for item in items.all()]


def asked(address: str, path: str, **parameters: str | int) -> list[str]:
    answer = httpx.get(f"{address}/{path}", params=parameters).raise_for_status().json()
    return [item["item_id"] for item in answer["items"]]


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_an_item_is_found_by_keys_alone_and_shows_what_the_service_answers(
    page: Page, address: str
):
    page.goto("/explore")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("heart")
    expect(page.get_by_role("option")).to_have_count(8)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    [item] = page.locator("[role=option][aria-selected=true] .id").all_inner_texts()
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{address}/explore#item={item}")
    assert item == asked(address, "items", q="heart", k=2)[1]
    for relation in ("similar", "next"):
        lines = section(page, relation.title()).locator("[data-item]")
        expect(lines).to_have_count(10)
        assert ids(lines) == asked(address, f"{relation}/{item}", k=10)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your model")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_strips_have_the_colors_of_the_vectors(page: Page, address: str):
    about = httpx.get(f"{address}/explore/about").json()
    similar = asked(address, f"similar/{HEART}", k=10)
    found = httpx.get(
        f"{address}/explore/items", params={"id": [HEART, *similar], "vectors": True}
    ).json()["items"]
    page.goto(f"/explore#item={HEART}")
    strips = section(page, "Why they are neighbors").locator(".strip-line canvas")
    expect(strips).to_have_count(12)  # the item, its neighbors, and one that is unlike
    page.get_by_role("button", name="As stored").click()

    for strip, item in zip(strips.all(), found, strict=False):
        colors = strip.evaluate(PIXELS, about["vector_size"])
        sigmas = [v / s for v, s in zip(item["vector"], about["spread"], strict=True)]
        warmth = [red - blue for red, _, blue in colors]
        by_value = sorted(zip(sigmas, warmth, strict=True))
        assert all(lower <= higher for (_, lower), (_, higher) in pairwise(by_value))
        for sigma, warm in by_value:
            assert abs(sigma) < 0.5 or (warm > 0) == (sigma > 0)
    accessible(page)


def test_a_column_says_what_it_adds_to_each_cosine(page: Page, address: str):
    page.goto(f"/explore#item={HEART}")
    strips = section(page, "Why they are neighbors")
    figures = strips.locator(".strip-lines .strip-figure")
    [other, *_] = asked(address, f"similar/{HEART}", k=1)
    cosine = httpx.get(f"{address}/similarity", params={"a": HEART, "b": other}).json()["cosine"]
    expect(figures.nth(1)).to_have_text(f"{cosine:.3f}")

    slider = strips.get_by_role("slider", name="Dimension to look at")
    slider.focus()
    parts = 0.0
    for _ in range(16):
        value, part = figures.nth(1).locator("span").all_inner_texts()
        own = figures.nth(0).inner_text()
        numbers = [float(text.replace(MINUS, "-")) for text in (own, value, part)]
        assert numbers[2] == pytest.approx(numbers[0] * numbers[1], abs=2e-3)
        parts += numbers[2]
        page.keyboard.press("ArrowRight")
    assert parts == pytest.approx(cosine, abs=0.02)
    strips.locator("canvas.strip").nth(4).hover()
    expect(strips.locator(".strip-told")).to_contain_text("standard deviations")


def test_a_link_restores_length_and_condition_and_a_bad_condition_is_said_in_place(
    page: Page, address: str, complaints: Complaints
):
    condition = "color = 'Red' or price < 2"
    page.goto(f"/explore#item={HEART}?filter={condition}&k=20")
    similar = section(page, "Similar").locator("[data-item]")
    expect(page.get_by_role("button", name="Show 20 items")).to_have_attribute(
        "aria-pressed", "true"
    )
    before = asked(address, f"similar/{HEART}", k=20, filter=condition)
    assert ids(similar) == before

    field = page.get_by_label("Only items with")
    complaints.expect("status of 422")
    field.fill("color = ")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The filter has the end at character 8")
    assert ids(similar) == before
    field.fill("color = 'Blue'")
    field.press("Enter")
    expect(similar).to_have_count(5)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.reload()
    expect(similar).to_have_count(5)
    assert "filter=" in page.url
    assert "k=20" in page.url


def test_lists_are_saved_and_the_copied_line_gives_the_same_answer(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/explore#item={HEART}")
    following = section(page, "Next")
    with page.expect_download() as download:
        following.get_by_role("button", name=f"Save next-{HEART} as CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    items = following.locator("[data-item]")
    assert rows[0][:4] == ["rank", "item_id", "title", "score"]
    assert "price" in rows[0]
    assert [row[1] for row in rows[1:]] == ids(items)

    following.get_by_text("The same by curl or Python").click()
    following.get_by_role("button", name="Copy").click()
    expect(following.get_by_role("button", name="Copied")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    answered = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert [one["item_id"] for one in json.loads(answered.stdout)["items"]] == ids(items)
    following.get_by_role("button", name="Python").click()
    names: dict[str, dict[str, list[dict[str, str]]]] = {}
    exec(following.locator("pre").inner_text(), names)
    assert [one["item_id"] for one in names["answer"]["items"]] == ids(items)


def test_items_that_cannot_be_asked_about_say_why(page: Page):
    page.goto(f"/explore#item={UNTRAINED}")
    expect(page.get_by_role("heading", level=1)).to_have_text("NEW GARDEN GNOME")
    expect(page.get_by_role("main")).to_contain_text("Not trained yet")
    page.goto("/explore#item=no/such?item")
    expect(page.get_by_role("heading", level=1)).to_contain_text("No item has the id")
    accessible(page)


@pytest.mark.parametrize("size", [PHONE])
def test_going_back_shows_the_lines_that_were_read(page: Page):
    page.goto(f"/explore#item={HEART}")
    link = section(page, "Next").get_by_role("link").last
    link.scroll_into_view_if_needed()
    page.wait_for_timeout(200)  # scrolling is noted once it rests
    before = page.evaluate("scrollY")
    assert before > 200
    link.click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("RED HANGING HEART")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("RED HANGING HEART")
    page.wait_for_function("before => Math.abs(scrollY - before) < 2", arg=before)


def test_a_search_lists_and_narrows_what_it_finds(page: Page, address: str):
    page.goto("/explore#search?q=heart")
    items = page.get_by_role("main").locator("[data-item]")
    expect(page.get_by_role("heading", level=1)).to_have_text("8 items called “heart”")
    assert ids(items) == asked(address, "items", q="heart", k=50)
    expect(items.first).to_contain_text("price")
    page.get_by_label("Only items with").fill("color in ('Red', 'Blue')")
    page.get_by_label("Only items with").press("Enter")
    expect(items).to_have_count(2)
    page.get_by_label("Words of the title").fill("teacup")
    expect(page.get_by_role("heading", level=1)).to_have_text("2 items called “teacup”")
    accessible(page)
    items.first.get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    expect(items.last.get_by_role("link")).to_be_focused()
    page.get_by_label("Words of the title").fill("zebra")
    expect(page.get_by_role("main")).to_contain_text("Nothing is called “zebra”")


def test_an_item_is_marked_on_a_small_map(page: Page, address: str):
    about = httpx.get(f"{address}/explore/about").json()
    [item] = httpx.get(f"{address}/explore/items", params={"id": HEART}).json()["items"]
    points = bytearray(6 * about["items"])  # all in the corner below
    points[6 * item["row"] : 6 * item["row"] + 4] = struct.pack("<HH", 32768, 32768)
    page.route(
        "**/explore/about", lambda route: route.fulfill(json=about | {"map": {"groups": []}})
    )
    page.route("**/explore/map", lambda route: route.fulfill(body=bytes(points)))
    page.goto(f"/explore#item={HEART}")
    inset = page.locator("canvas.inset")
    red, _, blue = inset.evaluate(
        """(canvas) => [...canvas.getContext("2d").getImageData(
          canvas.width / 2, canvas.height / 2, 1, 1).data].slice(0, 3)"""
    )
    assert red > blue + 100
    expect(page.get_by_role("link", name="On the map")).to_have_attribute(
        "href", f"#map?item={HEART}"
    )
