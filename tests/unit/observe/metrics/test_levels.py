"""The level of a line, by the word it names."""

from __future__ import annotations

import pytest

from svcctl.observe.metrics.levels import level_of
from svcctl.record import Level


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"2026-11-21 08:00:00,123 INFO app: started", Level.INFO),
        (b'{"level":"warn","msg":"error budget"}', Level.WARNING),
        (b"level=error msg=refused", Level.ERROR),
        (b"[crit] 31#31: no room", Level.CRITICAL),
        (b"Traceback (most recent call last):", Level.UNKNOWN),
        (b"an informal word, terrors and debugging", Level.UNKNOWN),
        (b"<7>DEBUG: x", Level.DEBUG),
        (b'{"level":50,"msg":"not info"}', Level.ERROR),
        (b'{"level": 30,"msg":"no error"}', Level.INFO),
        (b"E1121 08:00:00.123456    7 server.go:12] refused", Level.ERROR),
        (b"I1121 08:00:00.123456    7 server.go:12] no error", Level.INFO),
        (b"E1999x", Level.UNKNOWN),
        (b"x" * 300 + b" ERROR", Level.UNKNOWN),
        (b"", Level.UNKNOWN),
    ],
)
def test_a_level_is_told_by_its_word(line: bytes, level: Level) -> None:
    assert level_of(line) is level
