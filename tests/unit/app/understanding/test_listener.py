"""Lines are read no closer than needed, and records are what they are elsewhere."""

from __future__ import annotations

from svcctl.app.understanding.listener import Listener, said_of
from svcctl.detect.said import Said
from svcctl.observe.records.reader import Reader

LINES = [
    b"INFO begun",
    b"ERROR cannot go on",
    b"Traceback (most recent call last):",
    b'  File "a.py", line 1',
    b"ValueError: no",
    b'{"level": "error", "duration_ms": 1500, "status": 200}',
    b"level=info status=503 took=20ms",
    b"caf\xe9",
]


def test_records_errors_requests_and_times_are_counted() -> None:
    texts, said = Listener().hear(LINES, at=1e9)

    assert len(texts) == len(LINES)
    assert texts[-1] == "caf�"
    assert said == Said(records=5, failed=(1, 5, 6), requests=2, broke=1, took={5: 1.5, 6: 0.02})


def test_a_log_that_is_replayed_says_the_same() -> None:
    records = Reader().records(b"\n".join(LINES), at=1e9)

    lines, said = said_of(records)

    assert (lines, said) == Listener().hear(LINES, at=1e9)


def test_nothing_says_nothing() -> None:
    assert Listener().hear([], at=1e9) == ([], Said())
    assert said_of([]) == ([], Said())
