"""Measures how late a browser shows what happened: ``python -m bench.remote_web``.

A page of the dashboard, in a real Chromium, before ``svcctl serve http`` and a real agent.  Event
and page have the clock of one machine; a change counts once it stands in the document.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.remote_site import Site, site
from bench.spread import Spread

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PATIENCE = 120_000  # milliseconds
_QUIET = '[services.quiet-{number:03}]\nexec = ["sleep", "100000"]\n'
_TICK = "while :; do date +'tick %s.%N'; sleep 0.2; done"
_WATCHED = (
    f"[services.ticking]\nexec = {json.dumps(['sh', '-c', _TICK])}\n"
    '[services.web]\nexec = ["sleep", "100000"]\n'
)
_RESTS = ("stopped", "running")
_SEE_PHASES = """() => {
  window.seen = [];
  const badge = [...document.querySelectorAll(".services tr")]
    .find((row) => row.querySelector("a.name")?.textContent === "web").querySelector(".badge");
  const note = () => window.seen.push([Date.now() / 1000, badge.lastElementChild.textContent]);
  const what = { subtree: true, childList: true, characterData: true };
  new MutationObserver(note).observe(badge, what);
}"""
_SEE_LINES = """() => {
  window.seen = [];
  const note = (found) => {
    for (const each of found) for (const line of each.addedNodes) {
      const tick = /tick ([0-9.]+)/.exec(line.textContent);
      if (tick) window.seen.push(Date.now() / 1000 - Number(tick[1]));
    }
  };
  new MutationObserver(note).observe(document.querySelector(".log"), { childList: true });
}"""


def measure(*, rounds: int, services: int) -> dict[str, Any]:
    """Measure events and lines, in seconds, with so many *services* on the page."""
    quiet = "".join(_QUIET.format(number=number) for number in range(services))
    with site(_WATCHED + quiet) as made, _page(made) as page:
        events = _events(made, page, rounds=rounds)
        lines = _lines(made, page, rounds=rounds)
    return {
        "services": services,
        "event to page, s": _shown(events),
        "line to page, s": _shown(lines),
    }


def _events(made: Site, page: Page, *, rounds: int) -> list[float]:
    """Give the seconds from the end of each stop and start to a page that shows it."""
    here, token = f"http://127.0.0.1:{made.port}", {"authorization": f"Bearer {made.token}"}
    page.goto(f"{here}/#/services")
    page.wait_for_selector(".services tr:has(a.name:text-is('web')) [data-kind=ok]")
    page.evaluate(_SEE_PHASES)
    for _ in range(rounds):
        for verb, phase in (("stop", "stopped"), ("start", "running")):
            page.request.post(f"{here}/v1/services/web/{verb}", headers=token)
            page.wait_for_function(f"window.seen.at(-1)?.[1] === '{phase}'")
    seen = [at for at, text in page.evaluate("window.seen") if text in _RESTS]
    told = made.svcctl("events", "web", "-n", "10000", "-o", "jsonl").splitlines()
    changes = [each for each in map(json.loads, told) if each["fields"].get("new") in _RESTS]
    happened = [each["at"] for each in changes[-len(seen) :]]
    return [one - other for one, other in zip(seen, happened, strict=True)]


def _lines(made: Site, page: Page, *, rounds: int) -> list[float]:
    """Give the seconds from a line's writing to a page that shows it."""
    page.goto(f"http://127.0.0.1:{made.port}/#/services/ticking/logs")
    page.wait_for_selector(".log p")
    page.evaluate(_SEE_LINES)
    page.wait_for_function(f"window.seen.length >= {rounds}")
    found: list[float] = page.evaluate("window.seen")
    return found


@contextmanager
def _page(made: Site) -> Iterator[Page]:
    """Give a page of a browser that is logged in."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of a test machine

    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    flags = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=flags) as browser,
    ):
        page = browser.new_page(bypass_csp=True)  # or no function could be waited for
        page.set_default_timeout(_PATIENCE)
        page.goto(f"http://127.0.0.1:{made.port}/")
        page.fill("input[name=token]", made.token)
        page.click("button.primary")
        page.wait_for_selector("a.name")
        yield page


def _shown(found: Sequence[float]) -> dict[str, float]:
    ordered = sorted(found)
    return {**asdict(Spread.of(ordered)), "p95": ordered[int(0.95 * (len(ordered) - 1))]}


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.remote_web", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--services", type=int, default=100)
    args = parser.parse_args()
    print(json.dumps(measure(rounds=args.rounds, services=args.services), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
