"""No page breaks a rule of WCAG 2.2 AA that a machine can see, in no theme, language or size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.flows.web.conftest import enter
from tests.flows.web.scene import scene as make_scene
from tests.flows.web.scene import staged
from tests.flows.web.stand import PATIENCE, Front

pytestmark = pytest.mark.slow

PAGES = (
    *("", "services", "services/web", "services/web/logs", "services/web/charts"),
    *("services/web/crashes", "services/web/config", "services/web/events", "graph", "alerts"),
    *("findings", "healing", "audit", "access", "shortcuts"),
)
DESKTOP, PHONE = (1280, 800), (360, 740)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_GO = """path => {
  document.querySelector("main .page").dataset.old = "";
  if (location.hash === `#/${path}`) location.hash = "#/nowhere";
  location.hash = `#/${path}`;
}"""
Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """The dashboard of a host on which all kinds of things have happened."""
    with staged(make_scene()) as opened:
        yield opened


def seen(
    browser: Browser, front: Front, *, theme: Theme, locale: str, size: tuple[int, int]
) -> Page:
    """Give a page of somebody who is logged in, and sees it so."""
    context = browser.new_context(
        color_scheme=theme,
        locale=locale,
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    enter(page, front)
    return page


def go(page: Page, path: str) -> None:
    """Go to the page at *path*, and wait until it is there."""
    page.evaluate(_GO, path)
    page.locator("main:not([aria-busy]) .page:not([data-old]) h1").wait_for()


def violations(page: Page, *rules: str) -> list[Any]:
    """Give what axe-core finds wrong on *page*, by *rules* (names or tags)."""
    kind = "rule" if rules else "tag"
    found = Axe().run(page, options={"runOnly": {"type": kind, "values": list(rules) or RULES}})
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found.response["violations"]
    ]


@pytest.mark.parametrize(
    ("theme", "locale", "size"),
    [("light", "en-GB", DESKTOP), ("dark", "zh-CN", PHONE)],
    ids=["light-en-desktop", "dark-zh-phone"],
)
def test_no_page_breaks_a_rule(
    browser: Browser, front: Front, theme: Theme, locale: str, size: tuple[int, int]
) -> None:
    page = seen(browser, front, theme=theme, locale=locale, size=size)

    for path in PAGES:
        go(page, path)
        assert (path, violations(page)) == (path, [])
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (path, width <= size[0]) == (path, True), "it scrolls sideways"
    page.context.close()


@pytest.mark.parametrize(
    ("theme", "size"), [("dark", DESKTOP), ("light", PHONE)], ids=["dark-desktop", "light-phone"]
)
def test_all_can_be_read_and_hit(
    browser: Browser, front: Front, theme: Theme, size: tuple[int, int]
) -> None:
    page = seen(browser, front, theme=theme, locale="zh-CN", size=size)

    for path in PAGES:
        go(page, path)
        assert (path, violations(page, "color-contrast", "target-size")) == (path, [])
    page.context.close()


def test_what_asks_and_the_login_break_no_rule_either(browser: Browser, front: Front) -> None:
    page = seen(browser, front, theme="light", locale="en-GB", size=DESKTOP)
    go(page, "alerts")
    page.get_by_role("button", name="Silence…").first.click()
    dialog = violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.locator("#jump-list [role=option]").first.wait_for()
    jump = violations(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Log out").click()
    page.locator("#token").wait_for()

    assert (dialog, jump, violations(page)) == ([], [], [])
    page.context.close()


def test_what_breaks_a_rule_would_be_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input></main>")

    assert [rule for rule, _ in violations(page)] == ["label"]
    page.close()
