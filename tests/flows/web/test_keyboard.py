"""Everything by keys alone: from the login to a log line, and what assistive tools rely on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.conftest import Box, until
from tests.flows.web.conftest import enter
from tests.flows.web.scene import Scene
from tests.flows.web.stand import Front

pytestmark = pytest.mark.slow

SERVICES = """
[services.billing]
exec = ["sh", "-c", "echo billing begins; exec sleep 1000"]

[services.web]
exec = ["sh", "-c", "echo the web begins; exec sleep 1000"]
"""
FAR = 60  # times Tab is pressed before a control counts as out of reach


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until *wanted* has the focus."""
    wanted.wait_for()
    for _ in range(FAR):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{wanted} cannot be reached with Tab")


def test_a_service_is_restarted_and_its_log_read_without_a_mouse(
    page: Page, front: Front, agent: Box
) -> None:
    agent.apply(SERVICES, "--no-wait")
    before = agent.until_phase("web", "running")["pid"]
    page.goto(f"{front.url}/")
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type(front.token())
    page.keyboard.press("Enter")
    page.locator("main h1").filter(has_text="Overview").wait_for()

    page.get_by_role("link", name="web", exact=True).first.wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("web")
    expect(page.locator("#jump-list [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.locator("main h1").filter(has_text="web").wait_for()
    tab_to(page, page.get_by_role("button", name="Restart", exact=True))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    tab_to(page, dialog.get_by_role("button", name="Restart", exact=True))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    until(lambda: agent.one("web")["pid"] not in {before, None}, what="web runs anew")
    tab_to(page, page.get_by_role("link", name="Logs", exact=True))
    page.keyboard.press("Enter")

    expect(page.get_by_role("log").get_by_text("the web begins").first).to_be_visible()


def test_an_alert_is_acknowledged_without_a_mouse(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage)
    page.keyboard.press("g")
    page.keyboard.press("a")
    first = page.get_by_role("button", name="Acknowledge").first
    tab_to(page, first)
    page.keyboard.press("Enter")
    page.keyboard.type("on my way")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("status").filter(has_text="acknowledged:")).to_have_count(1)
    (said,) = [args for verb, _, args in scene.asked if verb == "ack"]
    assert said["reason"] == "on my way"


def test_the_focus_stays_in_a_dialog_and_comes_back(page: Page, stage: Front) -> None:
    enter(page, stage, at="alerts")
    opener = page.get_by_role("button", name="Silence…").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('dialog, body').localName !== 'main'")
        assert not page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_menu_can_be_skipped(page: Page, stage: Front) -> None:
    enter(page, stage)
    skip = page.get_by_role("link", name="Skip to content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_arrows_walk_through_the_graph(page: Page, stage: Front) -> None:
    enter(page, stage, at="graph")
    boxes = page.locator("svg a.node")
    tab_to(page, boxes.first)
    page.keyboard.press("ArrowRight")
    expect(page.locator("svg a.node:focus")).to_have_attribute(
        "href", re.compile("mailer|orders|billing|reports")
    )
    page.keyboard.press("End")
    expect(page.locator("svg a.node:focus")).to_have_attribute("href", "#/services/web")
    page.keyboard.press("Enter")

    expect(page.locator("main h1").filter(has_text="web")).to_be_visible()


def test_places_are_found_by_a_part_of_their_names(page: Page, stage: Front) -> None:
    enter(page, stage)
    page.get_by_role("link", name="reports", exact=True).first.wait_for()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to a page or a service")
    expect(field).to_be_focused()
    page.keyboard.type("re")
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#jump-list [aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", "jump-1")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("#/services/re"))


def test_single_keys_can_be_switched_off(page: Page, stage: Front) -> None:
    enter(page, stage)
    page.keyboard.press("?")
    switch = page.get_by_label("Single keys do something")
    tab_to(page, switch)
    page.keyboard.press("Space")
    page.locator("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("a")

    expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()


def test_keys_typed_into_a_field_are_text(page: Page, stage: Front) -> None:
    enter(page, stage, at="audit")
    field = page.get_by_label("Who (a glob)")
    field.focus()
    page.keyboard.type("g?a/")

    expect(field).to_have_value("g?a/")
    expect(page.get_by_role("heading", name="Audit", level=1)).to_be_visible()


def test_another_language_is_kept(page: Page, stage: Front) -> None:
    enter(page, stage, at="alerts")
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_role("heading", name="告警", level=1)).to_be_visible()
    page.reload()

    expect(page.get_by_role("heading", name="告警", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_what_the_agent_said_in_english_is_told_in_chinese(
    page: Page, stage: Front, scene: Scene
) -> None:
    enter(page, stage)
    page.get_by_label("Language").select_option("zh")
    row = page.locator("tbody tr").filter(has_text="mailer")

    expect(row).to_contain_text("失败 5 次后放弃；最近一次：退出码 1")
    page.goto(f"{stage.url}/#/alerts")
    scene.answers["alert-test"] = {
        "channel": "ops",
        "ok": False,
        "problem": "there is no channel 'ops'",
        "hint": "see: svcctl alert show",
        "seconds": 0.0,
    }
    page.get_by_role("button", name="发送测试").first.click()
    said = page.get_by_role("alert").filter(has_text="没有渠道 'ops'")
    expect(said.filter(has_text="提示：参见：svcctl alert show")).to_be_visible()


def test_who_wants_no_motion_gets_none(page: Page, stage: Front) -> None:
    page.emulate_media(reduced_motion="reduce")
    enter(page, stage)

    moving = "document.getAnimations().filter(each => each.playState === 'running').length"
    assert page.evaluate(moving) == 0
