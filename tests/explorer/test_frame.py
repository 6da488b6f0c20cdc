"""What every view has: keys to type and to give, versions, models, or none yet."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.explorer.browsing import Complaints, accessible
from tests.explorer.conftest import USER_KEY
from tests.shell import ITEM2VEC, run, serving

HEADING = "Look into your model"


def test_a_key_is_asked_for_and_can_be_forgotten(
    page: Page, locked_address: str, complaints: Complaints
):
    complaints.expect("status of 401")
    page.goto(f"{locked_address}/explore#item=100")
    dialog = page.get_by_role("dialog", name="This service asks for a key")
    dialog.get_by_label("Key").fill("not-the-key-of-anyone")
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_contain_text("does not accept that key")
    accessible(page)
    dialog.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("alert")).to_contain_text("Ask whoever runs the service for a key")
    page.get_by_role("button", name="Try again").click()
    expect(dialog).not_to_contain_text("does not accept that key")
    dialog.get_by_label("Key").fill(USER_KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("RED HANGING HEART")
    expect(page.locator("pre").first).to_contain_text('-H "X-API-Key: $ITEM2VEC_KEY"')
    assert USER_KEY not in page.content()

    page.keyboard.press("?")
    page.get_by_role("button", name="Forget the key").click()
    expect(dialog).to_be_visible()


def test_everything_is_reached_by_keys(page: Page, address: str):
    page.goto("/explore#item=100")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    assert page.url == f"{address}/explore#item=100"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help and keys")).to_contain_text("find items")
    accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Analogy")
    expect(page.get_by_role("link", name="Analogy", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADING)
    page.keyboard.press("/")
    page.keyboard.type("gag?")  # letters now, not keys
    expect(page.get_by_role("combobox", name="Find items")).to_have_value("gag?")


def test_the_theme_is_chosen_and_stays(page: Page):
    page.goto("/explore#item=100")
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert sum(map(int, background.strip("rgb()").split(","))) < 150


def test_without_a_model_the_page_says_so_and_goes_on_by_itself(page: Page, complaints: Complaints):
    problem = {"type": "/problems/no-model", "title": "No model", "detail": "no model is published"}
    page.route(
        "**/explore/about",
        lambda route: route.fulfill(
            status=503, content_type="application/problem+json", body=json.dumps(problem)
        ),
        times=1,
    )
    complaints.expect("status of 503")
    page.clock.install()
    page.goto("/explore#item=100")
    expect(page.get_by_role("alert")).to_contain_text("item2vec retrain")
    page.clock.run_for(5000)
    expect(page.get_by_role("heading", level=1)).to_have_text("RED HANGING HEART")


def test_a_new_version_is_noticed(page: Page, own_shop: Path):
    with serving(own_shop) as address:
        page.goto(f"{address}/explore#item=100")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        before = page.evaluate("fetch('explore/about').then((one) => one.json())")
        run(*ITEM2VEC, "models", "rollback", cwd=own_shop)
        page.wait_for_function(
            "before => fetch('explore/about').then((one) => one.json())"
            ".then((about) => about.model_version !== before)",
            arg=before["model_version"],
        )
        page.locator(".items a").first.click()
        notice = page.locator("#notice")
        expect(notice).to_contain_text(before["model_version"])
        notice.get_by_role("button", name="Show the new one").click()
        expect(notice).to_be_hidden()
        page.wait_for_load_state("networkidle")


def test_one_of_several_models_is_chosen(page: Page, shop: Path):
    models = ",".join(f"{name}={shop / 'models'}" for name in ("shop", "other"))
    with serving(shop, ITEM2VEC_MODELS=models) as address:
        page.goto(f"{address}/m/shop/explore#search?q=heart")
        choice = page.get_by_label("Model", exact=True)
        expect(choice).to_have_value("shop")
        choice.select_option("other")
        expect(page).to_have_url(f"{address}/m/other/explore")
        expect(page.get_by_role("heading", level=1)).to_have_text(HEADING)
        expect(choice).to_have_value("other")


def test_a_view_that_could_not_be_fetched_is_fetched_again(page: Page, complaints: Complaints):
    complaints.expect("ERR_FAILED")
    page.route("**/views/taste.js*", lambda route: route.abort())
    page.goto("/explore#taste")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute_all()
    expect(page.get_by_role("heading", name="Add what somebody likes")).to_be_visible()
