"""What somebody does with the dashboard of a real agent, in a real browser."""

from __future__ import annotations

import re
import sys

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.flows.conftest import Box
from tests.flows.web.conftest import Complaints
from tests.flows.web.stand import PATIENCE, Front, front_of

pytestmark = pytest.mark.slow

expect.set_options(timeout=PATIENCE * 1000)

PROGRAM = """
import os, sys, time
print("begun as", os.getpid(), flush=True)
print("ERROR no disk", file=sys.stderr, flush=True)
time.sleep(1000)
"""
SERVICES = f"""
[services.web]
exec = [{sys.executable!r}, "-c", '''{PROGRAM}''']
description = "The shop's front door"
labels = {{tier = "front"}}

[services.broken]
exec = ["/nonexistent/program"]
"""


def log_in(page: Page, front: Front, *, role: str = "admin", path: str = "") -> None:
    """Log in by the form, as a person would."""
    page.goto(f"{front.url}/#/{path}")
    page.get_by_label("Token").fill(front.token(role=role))
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_from_login_to_restart_to_the_line_it_writes(page: Page, front: Front, agent: Box) -> None:
    agent.apply(SERVICES, "--no-wait")
    pid = agent.until_phase("web", "running")["pid"]

    log_in(page, front)
    problems = page.locator("section", has=page.get_by_role("heading", name="Problems"))
    expect(problems.get_by_role("link", name="broken")).to_be_visible()
    expect(problems.get_by_text("was not found")).to_be_visible()
    page.get_by_role("link", name="web", exact=True).first.click()
    expect(page.get_by_role("heading", name="web", level=1)).to_be_visible()
    page.get_by_role("link", name="Logs").click()
    log = page.get_by_role("log")
    expect(log.get_by_text(f"begun as {pid}")).to_be_visible()
    page.get_by_role("button", name="Restart").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("it smells")
    dialog.get_by_role("button", name="Restart").click()

    expect(log.get_by_text(re.compile(r"begun as \d+"))).to_have_count(2)
    new = agent.until_phase("web", "running")["pid"]
    assert new != pid
    expect(log.get_by_text(f"begun as {new}")).to_be_visible()
    expect(page.locator(".told")).to_contain_text("Restart: done")
    rows = agent.ok("audit", "--verb", "restart", "-o", "json").out
    assert "it smells" in rows
    assert "token:ann" in rows


def test_lines_are_filtered_by_the_host_and_can_be_held(
    page: Page, front: Front, agent: Box
) -> None:
    agent.apply(SERVICES, "--no-wait")
    agent.until_phase("web", "running")

    log_in(page, front, path="services/web/logs")
    log = page.get_by_role("log")
    expect(log.get_by_text("begun as")).to_be_visible()
    page.get_by_label("Only lines that match").fill("no d.sk$")
    expect(log.get_by_text("begun as")).to_have_count(0)
    expect(log.get_by_text("ERROR no disk")).to_be_visible()
    page.get_by_label("Only lines that match").fill("")
    page.get_by_label("Level").select_option("error")
    expect(log.get_by_text("ERROR no disk")).to_be_visible()
    expect(log.get_by_text("begun as")).to_have_count(0)
    page.get_by_label("Level").select_option("")
    expect(log.get_by_text("begun as")).to_have_count(1)
    page.get_by_role("button", name="Pause").nth(1).click()
    agent.ok("restart", "web")

    expect(page.get_by_text(re.compile("paused, [1-9]"))).to_be_visible()
    expect(log.get_by_text("begun as")).to_have_count(1)
    page.get_by_role("button", name="Go on").click()
    expect(log.get_by_text("begun as")).to_have_count(2)


def test_what_is_no_regular_expression_is_told(page: Page, front: Front, agent: Box) -> None:
    agent.apply(SERVICES, "--no-wait")

    log_in(page, front, path="services/web/logs")
    page.get_by_label("Only lines that match").fill("(")

    expect(page.get_by_role("alert")).to_contain_text("is not a regular expression")


def test_a_page_goes_on_when_the_front_is_back(
    page: Page, agent: Box, complaints: Complaints
) -> None:
    agent.apply(SERVICES, "--no-wait")
    agent.until_phase("web", "running")

    with front_of(agent.home) as front:
        log_in(page, front, path="services/web/logs")
        log = page.get_by_role("log")
        expect(log.get_by_text("begun as")).to_have_count(1)
    expect(page.get_by_text("Not connected:")).to_be_visible()
    agent.ok("restart", "web")
    with front_of(agent.home, front):
        expect(page.get_by_text("Not connected:")).to_be_hidden()
        expect(log.get_by_text("begun as")).to_have_count(2)
        page.get_by_role("link", name="Summary").click()
        expect(page.get_by_text("Why it is in this state")).to_be_visible()
    complaints.found.clear()  # a connection that is lost is one


def test_a_page_that_could_not_be_had_is_shown_once_it_can(
    page: Page, agent: Box, complaints: Complaints
) -> None:
    agent.apply(SERVICES, "--no-wait")

    with front_of(agent.home) as front:
        log_in(page, front)
        expect(page.get_by_role("link", name="web", exact=True).first).to_be_visible()
    expect(page.get_by_text("Not connected:")).to_be_visible()
    page.evaluate("location.hash = '#/access'")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    with front_of(agent.home, front):
        expect(page.get_by_role("heading", name="Access", level=1)).to_be_visible()
    complaints.found.clear()  # a connection that is lost is one


def test_a_page_goes_on_when_the_agent_is_back(
    page: Page, front: Front, agent: Box, complaints: Complaints
) -> None:
    agent.apply(SERVICES, "--no-wait")
    agent.until_phase("web", "running")

    log_in(page, front, path="services/web/logs")
    log = page.get_by_role("log")
    expect(log.get_by_text("begun as")).to_have_count(1)
    agent.kill_agent()
    agent.start_agent()
    agent.ok("restart", "web")

    expect(log.get_by_text("begun as")).to_have_count(2)
    expect(page.get_by_role("heading", name="web", level=1)).to_be_visible()
    complaints.found.clear()  # an agent that is away


def test_a_session_that_is_revoked_is_over_in_mid_page(
    page: Page, front: Front, agent: Box
) -> None:
    agent.apply(SERVICES, "--no-wait")

    log_in(page, front, path="services/web/logs")
    expect(page.get_by_role("log").get_by_text("begun as")).to_be_visible()
    page.get_by_role("button", name="Restart").click()
    front.revoke()

    expect(page.get_by_label("Token")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("log")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("log in again")
    expect(page.get_by_text("Not connected:")).to_be_hidden()


def test_logging_out_leaves_nothing_to_come_back_to(
    page: Page, front: Front, browsing: BrowserContext
) -> None:
    log_in(page, front)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.reload()

    expect(page.get_by_label("Token")).to_be_visible()
    assert browsing.cookies() == []
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"


def test_nothing_is_offered_that_the_role_does_not_reach(
    page: Page, front: Front, agent: Box
) -> None:
    agent.apply(SERVICES, "--no-wait")

    log_in(page, front, role="viewer", path="services/web")
    expect(page.get_by_text("Why it is in this state")).to_be_visible()

    for verb in ("Start", "Stop", "Restart", "Remove…", "Scale…"):
        expect(page.get_by_role("button", name=verb)).to_have_count(0)
