"""The explorer over a small shop, and a browser to look at it with."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.explorer.browsing import LAPTOP, Complaints, chromium, flags
from tests.explorer.shop import open_shop
from tests.shell import serving

PATIENCE = 10_000  # milliseconds
USER_KEY, ADMIN_KEY = "the-key-of-a-user-of-it", "the-key-of-the-admin-of-it"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's log, settings and store: trained once for all processes, never to be changed."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / "shop"
    with FileLock(f"{directory}.lock"):
        if not directory.exists():
            opened = tmp_path_factory.mktemp("opening")
            open_shop(opened)
            opened.rename(directory)
    return directory


@pytest.fixture(scope="session")
def address(shop: Path) -> Iterator[str]:
    """The service over the shop, without keys: whoever looks is an admin."""
    with serving(shop) as address:
        yield address


@pytest.fixture(scope="session")
def locked_address(shop: Path) -> Iterator[str]:
    """The same, but it asks for `USER_KEY` or `ADMIN_KEY`."""
    with serving(shop, ITEM2VEC_API_KEYS=USER_KEY, ITEM2VEC_ADMIN_KEY=ADMIN_KEY) as address:
        yield address


@pytest.fixture
def own_shop(shop: Path, tmp_path: Path) -> Path:
    """A copy of the shop, to be changed: `serving(own_shop)` serves it."""
    return Path(shutil.copytree(shop, tmp_path / "shop"))


# Playwright leaves an event loop running in this thread, under which `asyncio.run` fails: by the
# time of another folder's tests it must be gone.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium is installed: `apt-get install chromium`")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags())
        yield browser
        browser.close()


@pytest.fixture
def size() -> ViewportSize:
    """Of the window; a test gets another with `parametrize("size", [PHONE])`."""
    return LAPTOP


@pytest.fixture
def color_scheme() -> Literal["light", "dark"]:
    """What the system prefers; `parametrize("color_scheme", ["dark"])` changes it."""
    return "light"


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the page has said so far; at the end there must be none, but for the expected."""
    complaints = Complaints()
    yield complaints
    complaints.check()


@pytest.fixture
def page(
    browser: Browser,
    address: str,
    size: ViewportSize,
    color_scheme: Literal["light", "dark"],
    complaints: Complaints,
) -> Iterator[Page]:
    """An empty tab; `page.goto("/explore#item=100")` opens the explorer over the shop."""
    context = browser.new_context(
        base_url=address, viewport=size, color_scheme=color_scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()
