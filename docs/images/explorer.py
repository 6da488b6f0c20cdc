"""Takes the pictures of the explorer: every view, on a laptop and on a phone, light and dark.

`make pictures` runs this; it needs Chromium and pngquant. The models are those of some nights over
the sample, the last of them with a broken log.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent / "explorer"
ROOT = Path(__file__).parents[2]
ITEM2VEC = Path(sys.executable).parent / "item2vec"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Without a GPU, WebGL is drawn by software, which Chromium wants to be told.
SWITCHES = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--hide-scrollbars"]
NIGHTS = 7  # the last of them with half of the log missing
COLORS = 200  # of a picture
CAKE_STAND, TEACUP, HEART = "22423", "22697", "85123A"


class Size(NamedTuple):
    """A screen, in px."""

    name: str
    width: int
    height: int


SIZES = (Size("laptop", 1366, 768), Size("phone", 390, 844))
THEMES = ("light", "dark")
VIEWS = {
    "search": "#search?q=cake",
    "item": f"#item={HEART}",
    "taste": f"#taste?like={CAKE_STAND}&like={TEACUP}:2&dislike={HEART}&relation=similar",
    "analogy": "#analogy?plus=22697&plus=23175&minus=23174",
    "map": f"#map?item={CAKE_STAND}",
    "session": "#session?item=22423&item=22697&item=22698",
    "models": f"#models?item={HEART}",
}


def main() -> None:
    """Makes the models, serves them and takes the pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or shutil.which("pngquant") is None:
        sys.exit(f"the pictures need one of {', '.join(BROWSERS)}, and pngquant: install them")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        models = Path(sys.argv[1]) if len(sys.argv) > 1 else make_nights(Path(folder))
        with serving(models) as address, sync_playwright() as playwright:
            switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            take_all(playwright.chromium.launch(executable_path=browser, args=switches), address)
    for picture in FOLDER.glob("*.png"):
        quantized = ["pngquant", "--force", "--strip", "--output", picture, str(COLORS), picture]
        subprocess.run(quantized, check=True)


def make_nights(folder: Path) -> Path:
    """The models of some nights over the sample, each with a day more than the one before."""
    log = pl.read_parquet(ROOT / "data" / "online_retail.parquet")
    days = log["InvoiceDate"].dt.date().unique().sort().to_list()
    part, models = folder / "log.parquet", folder / "models"
    for night, day in enumerate(days[-NIGHTS:]):
        events = log.filter(pl.col("InvoiceDate").dt.date() <= day)
        (events.gather_every(2) if night == NIGHTS - 1 else events).write_parquet(part)
        command = [ITEM2VEC, "retrain", "--paths", part, "--models", models]
        command += ["--held-out-sessions", "200"]
        subprocess.run(command, cwd=ROOT, check=False)
    return models


@contextmanager
def serving(models: Path) -> Iterator[str]:
    """Serves models, and gives the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [ITEM2VEC, "serve", "--models", models, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            address = f"http://127.0.0.1:{port}/"
            wait_for(f"{address}readyz")
            yield address
        finally:
            process.terminate()


def wait_for(url: str, seconds: float = 60) -> None:
    """Waits until an address answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url).close()
        except urllib.error.URLError:
            time.sleep(0.2)
        else:
            return
    sys.exit(f"{url} does not answer")


def take_all(browser: Browser, address: str) -> None:
    """A picture of every view in every size and theme."""
    for size in SIZES:
        for theme in THEMES:
            screen: Any = {"width": size.width, "height": size.height}
            context = browser.new_context(
                viewport=screen,
                color_scheme=theme,
                reduced_motion="reduce",
                has_touch=size.name == "phone",
            )
            page = context.new_page()
            for view, place in VIEWS.items():
                take(page, f"{address}explore{place}", FOLDER / f"{view}-{size.name}-{theme}.png")
            context.close()


def take(page: Page, address: str, picture: Path) -> None:
    """A picture of one view, once it has asked for everything that it shows."""
    page.goto("about:blank")
    page.goto(address, wait_until="networkidle")
    page.wait_for_timeout(600)
    page.screenshot(path=picture)


if __name__ == "__main__":
    main()
