"""A browser for tests, which listens to what the page and its requests complain about."""

import os
import shutil
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import ConsoleMessage, Error, Page, Request, ViewportSize

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
LAPTOP = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=390, height=844)
# Software draws WebGL where there is no graphics card; nothing else of the network is wanted.
FLAGS = [
    "--enable-unsafe-swiftshader",
    "--use-angle=swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
GRAVE = ("serious", "critical")


def chromium() -> str | None:
    """The program, if there is one: Playwright's own download is not asked for."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def flags() -> list[str]:
    """What Chromium is started with; it refuses its sandbox to root."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@dataclass
class Complaints:
    """What a page said that it should not: errors, warnings, requests to other servers.

    Attributes:
        said: all of it, in order.
    """

    said: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)
    _home: str | None = None

    def listen(self, page: Page) -> None:
        """Hears a page from now on."""
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("request", self._on_request)

    def expect(self, part: str) -> None:
        """Such a complaint must come, at least once: `status of 404` of an item that is unknown."""
        self._expected.append(part)

    def check(self) -> None:
        """Fails over what nobody expected, and over what was expected in vain."""
        unexpected = [one for one in self.said if not any(part in one for part in self._expected)]
        assert not unexpected, "the page complains:\n" + "\n".join(unexpected)
        missing = [part for part in self._expected if not any(part in one for one in self.said)]
        assert not missing, f"{missing} did not come, but {self.said}"

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            where = message.location
            self.said.append(
                f"{message.type}: {message.text} ({where['url']}:{where['lineNumber']})"
            )

    def _on_error(self, error: Error) -> None:
        self.said.append(f"uncaught: {error.stack or error.message}")

    def _on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("data", "blob"):
            return
        origin = f"{url.scheme}://{url.netloc}"
        self._home = self._home or origin
        if origin != self._home:
            self.said.append(f"a request to another server: {request.method} {request.url}")


def accessible(page: Page) -> None:
    """Fails if axe finds something serious or critical on what the page shows now."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [one for one in found["violations"] if one["impact"] in GRAVE]
    assert not grave, AxeResults({"violations": grave}).generate_report()
