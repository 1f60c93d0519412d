"""A headless Chromium that is installed already, and pages in it that are not to complain or to ask anybody else."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MILLISECONDS = 15_000
PHONE = (360, 740)
DESK = (1280, 900)

Scheme = Literal["light", "dark"]


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run a browser; where none is installed, what needs it is skipped aloud."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(
            "Chromium is not installed, and the registry's page was NOT tested: apt-get install chromium"
        )
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """A page of one address, as somebody sees it who comes for the first time."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Go to `#/...` or another path of that address."""
        self.page.goto(f"{self.address}/{path.removeprefix('/')}")

    def expect(self, complaint: str) -> None:
        """Let the browser complain of this, as of a failure that a test brings about."""
        self.expected.append(re.compile(complaint))

    def shows(self, text: str) -> Locator:
        """Wait until a text is seen."""
        found = self.page.get_by_text(text).first
        found.wait_for()
        return found

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def sideways(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wider

    def heading_has_focus(self, text: str) -> None:
        """Wait until the focus is at the heading with this text."""
        self.page.wait_for_function(
            "text => /^H[12]$/.test(document.activeElement.tagName) && document.activeElement.textContent === text",
            arg=text,
        )

    def module(self, name: str, script: str, *arguments: Any) -> Any:
        """Return what `script`, a function of a module of the page and more arguments, gives."""
        return self.page.evaluate(
            f"async (given) => ({script})(await import('/assets/{name}'), ...given)", list(arguments)
        )


@contextmanager
def visiting(
    browser: Browser, address: str, *, size: tuple[int, int] = DESK, scheme: Scheme = "light"
) -> Iterator[Visit]:
    """Open a page; at the end nothing may have gone wrong in it, and nobody else may have been asked for anything."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = context.new_page()
    visit = Visit(page=page, address=address)

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(message.text)

    def asked(request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https"} and url.netloc != urlsplit(address).netloc:
            visit.complaints.append(f"asked {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: visit.complaints.append(f"{error}"))
    page.on("request", asked)
    yield visit
    context.close()
    left = [text for text in visit.complaints if not any(each.search(text) for each in visit.expected)]
    assert not left, left
