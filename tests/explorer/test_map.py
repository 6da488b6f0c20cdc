"""The map: its pixels, and what pointer, wheel, keys, search and lasso do to it."""

import base64
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from service.model.item_map import POINT, SIDE
from tests.explorer.browsing import PHONE, accessible

NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : get.call(this, kind, ...rest);
};"""
STEP = 4  # pixels of the screen for one that is looked at
# Every fourth pixel of a picture, from left to right and from top to bottom.
READ = """async (picture) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const [width, height] = [Math.floor(image.width / 4), Math.floor(image.height / 4)];
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, width, height);
  return [height, width, ...context.getImageData(0, 0, width, height).data];
}"""
HEART = "100"  # RED HANGING HEART
COLORED = 40  # the least difference of the channels of a color that is no grey


def pixels(page: Page) -> np.ndarray:
    """What the map shows where no panel lies upon it, int64 [height, width, 3]."""
    page.wait_for_timeout(250)  # at rest, and drawn
    picture = page.locator(".map-stage").screenshot()
    height, width, *values = page.evaluate(READ, base64.b64encode(picture).decode())
    seen = np.array(values).reshape(height, width, 4)[:, :, :3]
    return seen[:, 350 // STEP : -80 // STEP] if width > 250 else seen[: height // 3]


def colored(picture: np.ndarray) -> int:
    """How many pixels have a color."""
    return int((np.ptp(picture, axis=2) > COLORED).sum())


def open_map(page: Page, place: str = "#map") -> None:
    page.goto(f"/explore{place}")
    expect(page.locator(".map-stage")).to_be_visible()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_all_items_are_drawn_in_the_colors_of_their_clusters(page: Page):
    open_map(page)
    picture = pixels(page)
    assert colored(picture) > 30
    assert picture.std() > 3
    groups = page.get_by_role("list", name="Groups").get_by_role("button")
    counts = [int(text.split()[-1]) for text in groups.all_inner_texts()]
    assert sum(counts) == 40
    groups.first.click()  # only this one
    assert colored(pixels(page)) < colored(picture)
    accessible(page)


def test_it_is_moved_and_zoomed_by_hand_and_by_keys(page: Page):
    open_map(page)
    whole = pixels(page)
    page.mouse.move(900, 400)
    page.mouse.wheel(0, -600)
    near = pixels(page)
    assert (near != whole).any()
    expect(page).to_have_url(re.compile(r"at=[\d.]+%2C[\d.]+%2C[\d.]+"))
    kept = page.url
    page.mouse.down()
    page.mouse.move(800, 450, steps=4)
    page.mouse.up()
    assert (pixels(page) != near).any()
    page.locator(".map-stage").focus()
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    assert "at=" not in page.url
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("at="))
    page.goto("about:blank")
    page.goto(kept)  # as a colleague opens it
    expect(page.locator(".map-stage")).to_be_visible()
    assert np.abs(pixels(page) - near).mean() < 1


def test_an_item_in_the_middle_is_picked_by_pointer_and_by_keys(page: Page):
    row = page.request.get(f"/explore/items?id={HEART}").json()["items"][0]["row"]
    point = np.frombuffer(page.request.get("/explore/map").body(), POINT)[row]
    x, y = point["x"] / SIDE, point["y"] / SIDE
    open_map(page, f"#map?at={x},{y},60")
    page.locator(".map-stage").focus()
    page.keyboard.press("Enter")
    card = page.locator(".map-item")
    expect(card.get_by_role("heading")).to_have_text("RED HANGING HEART")
    expect(card.get_by_role("link", name="Open")).to_have_attribute("href", f"#item={HEART}")
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)
    before = pixels(page)
    page.mouse.click(*middle(page))
    expect(card.get_by_role("heading")).to_have_text("RED HANGING HEART")
    assert (pixels(page) != before).any()  # a ring, and its name
    card.get_by_role("button", name="Show what is similar").click()
    expect(page.locator(".map-list li")).to_have_count(12)


def middle(page: Page) -> tuple[float, float]:
    """The middle of what the panel leaves to be seen."""
    stage, panel = (page.locator(one).bounding_box() for one in (".map-stage", ".map-panel"))
    assert stage is not None
    assert panel is not None
    left = panel["x"] + panel["width"]
    return (left + stage["width"]) / 2, stage["y"] + stage["height"] / 2


def test_a_search_lights_up_what_it_finds(page: Page):
    open_map(page)
    page.get_by_role("combobox", name="Find on the map").fill("cake stand")
    page.keyboard.press("Enter")
    expect(page.locator(".map-list li")).to_have_count(8)
    expect(page).to_have_url(re.compile("q=cake"))
    page.get_by_role("button", name="RED CAKE STAND").click()
    expect(page).to_have_url(re.compile("item=200"))


def test_a_column_colors_the_map(page: Page):
    open_map(page)
    by_cluster = pixels(page)
    page.get_by_label("Color by").select_option("color")
    groups = page.get_by_role("list", name="Groups").get_by_role("button")
    expect(groups).to_have_count(8)
    expect(groups.filter(has_text="Red")).to_contain_text("5")
    assert (pixels(page) != by_cluster).any()
    page.get_by_label("Color by").select_option("price")
    expect(groups.first).to_contain_text("<")
    expect(page).to_have_url(re.compile("color=price"))


def test_a_lasso_gathers_likes(page: Page):
    open_map(page)
    page.get_by_role("button", name="Lasso").click()
    page.mouse.move(360, 70)
    page.mouse.down()
    for x, y in ((1200, 70), (1250, 740), (360, 740)):
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    items = page.locator(".map-list li")
    expect(items.first).to_be_visible()
    gathered = items.count()
    assert gathered > 20
    expect(page.get_by_role("heading", name=f"{gathered} items")).to_be_visible()
    page.get_by_role("link", name="Like the first 20").click()
    expect(page.locator(".parts-of-taste li")).to_have_count(20)


@pytest.mark.parametrize("size", [PHONE], ids=["phone"])
def test_without_webgl_and_on_a_phone_there_is_a_map_too(page: Page):
    page.add_init_script(NO_WEBGL)
    open_map(page, f"#map?item={HEART}")
    expect(page.get_by_role("heading", name="RED HANGING HEART")).to_be_visible()
    assert colored(pixels(page)) > 10
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    accessible(page)


def test_a_model_without_a_map_says_how_to_get_one(page: Page):
    def without(route):
        route.fulfill(json=route.fetch().json() | {"map": None})

    page.route("**/explore/about", without)
    page.goto("/explore#map")
    expect(page.get_by_role("main")).to_contain_text("map.positions = true")
