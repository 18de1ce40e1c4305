"""A real browser, and the dashboard of a real agent for it.

Playwright keeps a loop running in the thread of the test: a module that has a browser must not
call ``asyncio.run``, and the browser is ended with its module so that others may.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from svcctl.server.answers import Answers
from tests.flows.conftest import Box
from tests.flows.web.scene import Scene
from tests.flows.web.scene import scene as make_scene
from tests.flows.web.stand import PATIENCE, Front, Host, front_of, playing

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_OUR_PART = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_",
)
"""What Chromium itself says of a request that we refused or broke off: no mistake of the page."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window; its own folder is a temporary one."""
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    expect.set_options(timeout=PATIENCE * 1000)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=program, args=FLAGS, timeout=PATIENCE * 1000
        ) as launched,
    ):
        yield launched


DESKTOP = ViewportSize(width=1280, height=800)
_TIDY = """() => {
  document.querySelectorAll("dialog[open]").forEach((each) => each.close());
  const out = [...document.querySelectorAll("header button")].at(-1);
  if (!document.querySelector("#token")) out.click();
  const isNew = localStorage.length === 0;
  localStorage.clear();
  return isNew;
}"""
"""Logs out; says whether nothing was kept that another test should not find."""


class Complaints:
    """What pages complained of: errors, and what the content security policy forbade."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to *page*."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"{error.name}: {error.message}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_OUR_PART):
            self.found.append(message.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One page, at the dashboard of a host that plays whatever a test has it play.

    To log out and in costs a fifteenth of what a new page does.
    """

    page: Page
    host: Host
    front: Front
    heard: Complaints

    def tidy(self) -> None:
        """Leave nothing of an earlier test but what the browser has loaded."""
        page = self.page
        page.set_viewport_size(DESKTOP)
        page.emulate_media(reduced_motion="null")
        if not page.url.startswith(self.front.url):
            return
        is_new = page.evaluate(_TIDY)
        page.locator("#token").wait_for()
        if not is_new:
            page.goto("about:blank")


@pytest.fixture
def complaints() -> Complaints:
    """What pages complained of, to be emptied by a test that wants them to."""
    return Complaints()


@contextmanager
def browsing_with(browser: Browser, complaints: Complaints) -> Iterator[BrowserContext]:
    """Have a browser that remembers nothing, whose pages complain to *complaints*."""
    with browser.new_context(locale="en-GB", viewport=DESKTOP) as context:
        context.set_default_timeout(PATIENCE * 1000)
        context.set_default_navigation_timeout(PATIENCE * 1000)
        context.on("page", complaints.watch)
        yield context


@pytest.fixture
def browsing(browser: Browser, complaints: Complaints) -> Iterator[BrowserContext]:
    """A browser that remembers nothing; a page of it that complains fails the test."""
    with browsing_with(browser, complaints) as context:
        yield context
    assert complaints.found == []


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[Desk]:
    """A page before a host that tests of a module have play what they like."""
    heard = Complaints()
    with playing() as (host, front), browsing_with(browser, heard) as context:
        opened = Desk(page=context.new_page(), host=host, front=front, heard=heard)
        yield opened
        opened.page.close()


@pytest.fixture
def shared(desk: Desk, complaints: Complaints) -> Iterator[Page]:
    """The page of the module, as if it were a new one; where it complains the test fails."""
    desk.tidy()
    desk.heard.found = complaints.found
    yield desk.page
    assert complaints.found == []


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Page:
    """An empty page; before a host that is made up it is the one that a module's tests share."""
    if {"stage", "before"} & set(request.fixturenames):
        return cast("Page", request.getfixturevalue("shared"))
    return cast("BrowserContext", request.getfixturevalue("browsing")).new_page()


@pytest.fixture
def before(desk: Desk) -> Callable[[Answers], Front]:
    """Gives the dashboard of whoever answers."""

    def play(answers: Answers) -> Front:
        desk.host.now = answers
        return desk.front

    return play


@pytest.fixture
def front(agent: Box, browsing: BrowserContext) -> Iterator[Front]:
    """The dashboard of a running agent."""
    with front_of(agent.home) as opened:
        yield opened
        leave(browsing)


@pytest.fixture
def scene() -> Scene:
    """A host on which all kinds of things have happened."""
    return make_scene()


@pytest.fixture
def stage(scene: Scene, before: Callable[[Answers], Front]) -> Front:
    """The dashboard of :func:`scene`."""
    return before(scene.dispatch())


def leave(browsing: BrowserContext) -> None:
    """Close all pages: a server that ends waits for those that still read."""
    for each in browsing.pages:
        each.close()


def enter(page: Page, front: Front, *, role: str = "admin", at: str = "") -> None:
    """Log in, and go to the page *at*."""
    page.goto(f"{front.url}/#/{at}")
    page.locator("#token").fill(front.token(role=role))
    page.locator("#token").press("Enter")
    page.locator("#token").wait_for(state="detached")
    page.locator("main:not([aria-busy]) .page h1").wait_for()
