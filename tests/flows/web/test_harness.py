"""The harness itself: a browser reaches a real agent, and what a page complains of is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.flows.web.conftest import Complaints
from tests.flows.web.stand import Front

pytestmark = pytest.mark.slow


def test_a_browser_reaches_the_agent(page: Page, front: Front) -> None:
    page.set_extra_http_headers({"authorization": f"Bearer {front.token()}"})

    answer = page.goto(f"{front.url}/v1/services")

    assert answer is not None
    assert answer.json() == {"result": []}


def test_what_a_page_complains_of_fails_its_test(page: Page, complaints: Complaints) -> None:
    page.evaluate("console.error('out of ideas')")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new TypeError('bad') })")

    assert complaints.found == ["out of ideas", "TypeError: bad"]
    complaints.found.clear()
