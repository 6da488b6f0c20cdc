"""What the browser of these tests hears, so that a test over a bad page fails."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.explorer.browsing import Complaints, accessible

GOOD = """<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1></main></html>"""


@pytest.fixture
def heard() -> Complaints:
    return Complaints()


@pytest.fixture
def blank(browser: Browser, heard: Complaints) -> Iterator[Page]:
    """A tab of no service."""
    page = browser.new_page()
    page.route(
        "http://shop.test/**", lambda route: route.fulfill(body=GOOD, content_type="text/html")
    )
    page.route("http://other.test/**", lambda route: route.abort())
    heard.listen(page)
    page.goto("http://shop.test/")
    yield page
    page.close()


def test_a_page_that_says_nothing_passes(blank: Page, heard: Complaints):
    blank.evaluate("console.log('ready'); fetch('/more')")
    accessible(blank)
    heard.check()


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("console.warn('old')", "warning: old"),
        ("console.error('broken')", "error: broken"),
        ("setTimeout(() => missing())", "missing is not defined"),
        ("await fetch('http://other.test/x').catch(() => {})", "a request to another server"),
    ],
)
def test_a_page_that_complains_fails(blank: Page, heard: Complaints, script: str, complaint: str):
    with blank.expect_console_message(lambda message: message.text == "done"):
        blank.evaluate(f"(async () => {{ {script}; setTimeout(() => console.log('done')) }})()")
    with pytest.raises(AssertionError, match=complaint):
        heard.check()


def test_an_expected_complaint_passes_and_must_come(blank: Page, heard: Complaints):
    heard.expect("old")
    with pytest.raises(AssertionError, match="did not come"):
        heard.check()
    with blank.expect_console_message(lambda message: message.text == "done"):
        blank.evaluate("console.warn('old'); console.log('done')")
    heard.check()


def test_a_page_that_some_cannot_read_fails(blank: Page):
    blank.evaluate("document.documentElement.removeAttribute('lang')")
    with pytest.raises(AssertionError, match="html-has-lang"):
        accessible(blank)
