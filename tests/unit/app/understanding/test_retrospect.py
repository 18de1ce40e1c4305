"""A log that is there already shows what would have been found in it, on its own time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from svcctl.app.understanding.retrospect import Retrospect
from svcctl.spec.detect_policy import DetectPolicy

_BEGIN = 1_795_000_000.0


def _line(at: float, text: str) -> str:
    return f"{datetime.fromtimestamp(_BEGIN + at, UTC).isoformat()} {text}\n"


def _day() -> Iterator[str]:
    """Six hours of a service: an hour of silence in the fourth, a burst and news in the last."""
    for at in range(0, 6 * 3_600, 4):
        if not 4 * 3_600 <= at < 5 * 3_600:
            yield _line(at, f"INFO served page {at} in 20 ms")
        if at == 5.5 * 3_600:
            yield from (_line(at, f"INFO served page {each} in 20 ms") for each in range(300))
            yield _line(at, "ERROR the disk is on fire")


def _told(past: Retrospect, *parts: bytes) -> list[tuple[float, str, bool]]:
    seen = [each for part in parts for each in past.feed(part)] + list(past.end())
    return [(each.at - _BEGIN, str(each.finding.deviation.what), each.over) for each in seen]


@pytest.mark.slow
def test_what_would_have_been_found_is_told_when_it_would_have_been() -> None:
    past = Retrospect("web", DetectPolicy(learning=3_600.0), form="", now=2e9)

    told = _told(past, "".join(_day()).encode())

    begun = {what: at / 3_600 for at, what, over in told if not over}
    assert begun.keys() == {"drop", "silence", "burst", "new template"}
    assert 4.0 < begun["drop"] <= begun["silence"] < 4.1
    assert 5.5 <= begun["new template"] <= begun["burst"] < 5.51
    ended = {what for _, what, over in told if over}
    assert ended == begun.keys()
    assert past.known.of_lines


@pytest.mark.slow
def test_it_does_not_matter_where_it_is_cut() -> None:
    content = "".join(_day()).encode()
    policy = DetectPolicy(learning=3_600.0)
    parts = [content[at : at + 10_007] for at in range(0, len(content), 10_007)]

    whole = _told(Retrospect("web", policy, form="", now=2e9), content)
    cut = _told(Retrospect("web", policy, form="", now=2e9), *parts)

    assert [(what, over) for _, what, over in whole] == [(what, over) for _, what, over in cut]


def test_nothing_shows_nothing() -> None:
    past = Retrospect("web", DetectPolicy(), form="", now=2e9)

    assert _told(past, b"") == []
    assert not past.known.of_lines
