"""Weighs the explorer's page, times its first view, and counts frames a second of its map.

`python -m bench.explorer`; needs Chromium, and a published model of the sample for the first view.
Without a graphics card Chromium draws in software: the frames are those of its processor.
"""

import argparse
import gzip
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Route, sync_playwright

import service.explorer
from bench.process import serving
from bench.report import Part, markdown_table, publish
from service.model.store import Store

STATIC = Path(service.explorer.__file__).parent / "static"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--no-first-run"]
WINDOW = (1366, 768)
MADE = "http://made.test"  # where the page of made points seems to come from
POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("group", "u1"), ("log_count", "u1")])
GROUPS = 24
SETTLING = 1000  # milliseconds until the map stands still
STEPS, STEP = 120, 4  # of the mouse, and how far it moves in each, in pixels
LONGEST = 10  # seconds of dragging
# Notes when the first view has its heading, and when each frame begins.
WATCH = """
window.watched = { shown: 0, frames: [] };
new MutationObserver((_, observer) => {
  if (!document.querySelector("main h1, main h2")) return;
  window.watched.shown = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
const note = (time) => { window.watched.frames.push(time); requestAnimationFrame(note); };
requestAnimationFrame(note);
"""
RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  const facts = gl?.getExtension("WEBGL_debug_renderer_info");
  return facts ? gl.getParameter(facts.UNMASKED_RENDERER_WEBGL) : "no WebGL 2";
}"""


class Panned(NamedTuple):
    """What was seen while the map was dragged.

    Attributes:
        points: on the map.
        rate: frames a second.
        slow: milliseconds that 95 % of the frames took at most.
    """

    points: int
    rate: float
    slow: float


def weigh() -> dict[str, Any]:
    """Files, bytes, and bytes as gzip packs each file."""
    files = {path: path.read_bytes() for path in sorted(STATIC.rglob("*")) if path.is_file()}
    return {
        "files": len(files),
        "bytes": sum(map(len, files.values())),
        "gzip": sum(len(gzip.compress(content)) for content in files.values()),
    }


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of the system, without a window.

    Exits with a message if there is none.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit(f"the page is opened in one of {', '.join(BROWSERS)}: install one")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser) -> Iterator[Page]:
    """A tab with nothing in its cache."""
    width, height = WINDOW
    # The policy of the page would forbid what watches it.
    context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    page.add_init_script(WATCH)
    yield page
    context.close()


def first_view(browser: Browser, address: str, rounds: int) -> list[float]:
    """Milliseconds from the request for the page to its first view, in each round."""
    times = []
    for _ in range(rounds):
        with opened(browser) as page:
            page.goto(address)
            page.wait_for_function("watched.shown > 0")
            times.append(float(page.evaluate("watched.shown")))
    return times


def made_points(n: int) -> NDArray[np.void]:
    """Points in clouds, each of one group, on the whole plane."""
    random = np.random.default_rng(n)
    group = random.integers(0, GROUPS, n)
    centers = random.uniform(8_000, 57_000, (GROUPS, 2))
    places = centers[group] + random.normal(0, 2_500, (n, 2))
    points = np.zeros(n, POINT)
    points["x"], points["y"] = np.clip(places, 0, 65_535).T
    points["group"] = group
    points["log_count"] = np.clip(random.exponential(40, n), 0, 255)
    return points


def about(points: NDArray[np.void]) -> dict[str, Any]:
    """What the service would say of a model with such a map."""
    groups = []
    for number in range(GROUPS):
        own = points[points["group"] == number]
        x, y = (int(np.median(own[axis])) for axis in "xy")
        groups.append({"name": f"cloud {number}", "items": len(own), "x": x, "y": y})
    return {
        "model_version": "made",
        "items": len(points),
        "vector_size": 100,
        "relations": ["similar"],
        "is_admin": True,
        "models": [],
        "max_k": 1000,
        "spread": [0.1] * 100,
        "examples": [],
        "columns": [],
        "map": {"groups": groups},
        "similar": {"decay": 1},
        "next": None,
    }


def described(url: str) -> dict[str, Any]:
    """What the service would say of the items whose rows are asked for."""
    rows = url.partition("rows=")[2].partition("&")[0].replace("%2C", ",")
    items = [
        {"row": int(row), "item_id": row, "title": f"Item {row}", "count": 9, "metadata": {}}
        for row in filter(None, rows.split(","))
    ]
    return {"model_version": "made", "items": items, "unknown_items": []}


def answer_made(page: Page, points: NDArray[np.void]) -> None:
    """Answers the requests of a page in the place of a service: its files are the real ones."""
    facts, content = json.dumps(about(points)), points.tobytes()

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(f"{MADE}/explore").partition("?")[0]
        if path == "":
            route.fulfill(path=STATIC / "index.html")
        elif path == "/about":
            route.fulfill(body=facts, content_type="application/json")
        elif path == "/map":
            route.fulfill(body=content, content_type="application/octet-stream")
        elif path == "/items":
            route.fulfill(json=described(route.request.url))
        else:
            route.fulfill(path=STATIC / path.removeprefix("/static/"))

    page.route(f"{MADE}/**", answer)


def pan(browser: Browser, n: int) -> Panned:
    """Drags a map of so many points to and fro.

    Exits with a message if the picture stays as it was: then nothing was measured.
    """
    with opened(browser) as page:
        answer_made(page, made_points(n))
        page.goto(f"{MADE}/explore#map")
        canvas = page.locator("main canvas").first
        canvas.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLING)
        before = canvas.screenshot()
        times = _drag(page)
        if canvas.screenshot() == before:
            sys.exit(f"the map of {n:,} points did not move")
    gaps = np.diff(times)
    return Panned(n, 1000 / float(gaps.mean()), float(np.percentile(gaps, 95)))


def _drag(page: Page) -> NDArray[np.float64]:
    """The times of the frames, in milliseconds, while the mouse moves to the right and back."""
    width, height = WINDOW
    x, y = width / 2 - STEPS * STEP / 4, height / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("watched.frames.length = 0")
    ends = time.monotonic() + LONGEST
    for step in range(STEPS):
        x += STEP if step < STEPS * 3 / 4 else -STEP
        page.mouse.move(x, y)
        if time.monotonic() > ends:
            break
    times = page.evaluate("watched.frames.slice()")
    page.mouse.up()
    return np.array(times, np.float64)


def measure(models: Path, sizes: list[int], rounds: int) -> Part:
    """All of it."""
    weight = weigh()
    with chromium() as browser:
        with opened(browser) as page:
            renderer = page.evaluate(RENDERER)
        with serving(models) as served:
            views = {
                name: first_view(browser, f"{served.address}/explore{place}", rounds)
                for name, place in (("all items", ""), ("an item", "#item=85123A"))
            }
        panned = [pan(browser, n) for n in sizes]
    return Part(
        name="explorer",
        title="The explorer",
        notes=[
            f"a window of {WINDOW[0]} by {WINDOW[1]} pixels; WebGL is drawn by: {renderer}",
            f"first view: of the sample, nothing cached, median (longest) of {rounds} rounds",
            f"the map: made points, all in view at first, dragged by {STEPS} moves of the mouse, "
            f"or {LONGEST} seconds",
        ],
        tables=[
            markdown_table(
                ["the page", "files", "kB", "kB, gzip"],
                [
                    [
                        "all views",
                        f"{weight['files']}",
                        f"{weight['bytes'] / 1000:.0f}",
                        f"{weight['gzip'] / 1000:.0f}",
                    ]
                ],
            ),
            markdown_table(
                ["first view", "ms"],
                [[name, f"{np.median(ms):.0f} ({max(ms):.0f})"] for name, ms in views.items()],
            ),
            markdown_table(
                ["points on the map", "frames a second", "95 % of frames within, ms"],
                [[f"{one.points:,}", f"{one.rate:.0f}", f"{one.slow:.0f}"] for one in panned],
            ),
        ],
        figures={
            "renderer": renderer,
            "weight": weight,
            "first_view_ms": views,
            "panned": [one._asdict() for one in panned],
        },
    )


def main() -> None:
    """Measures, prints tables, writes bench/out/explorer.md and explorer.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="of the sample")
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    Store(options.models).current()
    publish("explorer", [measure(options.models, options.points, options.rounds)])


if __name__ == "__main__":
    main()
