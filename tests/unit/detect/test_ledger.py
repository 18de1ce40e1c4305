"""What is found is told once, and its end is told too."""

from __future__ import annotations

import math

from svcctl.detect.finding import Deviation, Finding, What
from svcctl.detect.ledger import LASTS, Ledger


def _finding(what: What, key: str = "a") -> Finding:
    found = Deviation(
        what=what, subject=key, observed="x", expected="y", since=0.0, score=0.5, pattern=key
    )
    return Finding(service="web", deviation=found)


def _over(ledger: Ledger, at: float, *, well: bool) -> list[str]:
    return [str(each.deviation.what) for each in ledger.over(lambda _w, _k: well, at=at)]


def test_what_is_open_is_no_news() -> None:
    ledger = Ledger()

    assert ledger.take(_finding(What.BURST), at=0.0)
    assert not ledger.take(_finding(What.BURST), at=1.0)
    assert ledger.take(_finding(What.DROP), at=1.0)


def test_what_lasts_is_over_when_its_detector_says_so_and_not_at_once() -> None:
    ledger = Ledger()
    ledger.take(_finding(What.BURST), at=0.0)

    assert ledger.lasts
    assert _over(ledger, 30.0, well=True) == []
    assert _over(ledger, 90.0, well=False) == []
    assert _over(ledger, 90.0, well=True) == ["burst"]
    assert not ledger.lasts


def test_what_was_open_before_a_restart_gets_time_to_be_seen_again() -> None:
    ledger = Ledger()

    ledger.recall(_finding(What.BURST), at=0.0, now=1_000.0)

    assert not ledger.take(_finding(What.BURST), at=1_001.0)
    assert _over(ledger, 1_100.0, well=True) == []
    assert _over(ledger, 1_130.0, well=True) == ["burst"]


def test_what_happened_is_over_when_it_has_not_come_for_a_while() -> None:
    ledger = Ledger()
    ledger.take(_finding(What.NEW_TEMPLATE), at=0.0)
    ledger.see({"a", "b"}, at=300.0)

    assert ledger.expires == 300.0 + LASTS
    assert _over(ledger, LASTS, well=True) == []
    assert _over(ledger, 300.0 + LASTS, well=False) == ["new template"]
    assert ledger.expires == math.inf


def test_what_goes_on_for_an_hour_is_no_news_any_more() -> None:
    ledger = Ledger()
    ledger.take(_finding(What.SESSION), at=0.0)
    ledger.take(_finding(What.SESSION), at=3_500.0)

    assert _over(ledger, 3_600.0, well=False) == ["unusual session"]
