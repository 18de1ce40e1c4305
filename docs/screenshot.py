"""Draws docs/assets/dashboard.png, the same every time: PYTHONPATH=. python docs/screenshot.py."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

from svcctl.testing.fakes import FakeClock
from tests.flows.web.conftest import FLAGS, enter
from tests.flows.web.scene import scene
from tests.flows.web.stand import Front, in_a_thread

PLACE = Path(__file__).parent / "assets" / "dashboard.png"
AT = 1_795_000_000.0  # seconds since 1970
PORT = 7070


def main() -> None:
    """Serve a scene, look at its overview, and keep what is seen."""
    front = Front(scene(AT).dispatch(), clock=FakeClock(now=AT))
    with in_a_thread(partial(front.open, PORT)), sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(
            viewport={"width": 1280, "height": 760}, timezone_id="UTC", color_scheme="light"
        )
        page.clock.set_fixed_time(AT)
        enter(page, front)
        page.get_by_role("link", name="mailer").first.wait_for()
        page.mouse.move(0, 0)
        PLACE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PLACE)
        browser.close()


if __name__ == "__main__":
    main()
