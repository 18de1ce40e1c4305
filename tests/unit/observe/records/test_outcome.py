"""What a record says of success and of time, whichever way programs write it."""

from __future__ import annotations

import json

import pytest

from svcctl.observe.records.outcome import MAY_SAY, seconds_of, status_of
from svcctl.observe.records.reader import Reader
from svcctl.record import Record

ACCESS = '10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /error HTTP/1.1" {} 12 "-" "curl/8" 0.045'


def _record(line: str) -> Record:
    return Reader().record([line.encode()], at=1e9)


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("2026-01-01 10:00:00 INFO took 35 ms", 0.035),
        ("GET /a completed in 0.35s", 0.35),
        ("handled request 12 from 10.0.0.1 in 12ms", 0.012),
        ("level=info duration=1m2.5s", 62.5),
        ("a=1 took=35", 0.035),
        ("a=1 elapsed=0.35", 0.35),
        ("a=1 latency=350µs", 350e-6),
        (json.dumps({"msg": "x", "duration_ms": 12}), 0.012),
        (json.dumps({"msg": "x", "db_time_seconds": 0.5}), 0.5),
        (json.dumps({"msg": "x", "durationMs": "3"}), 0.003),
        (json.dumps({"msg": "x", "responseTime": 12.5}), 0.0125),
        (json.dumps({"msg": "x", "event": {"duration": 2_000_000_000}}), 2.0),
        (ACCESS.format(200), 0.045),
    ],
)
def test_how_long_something_took_is_understood_with_its_unit(line: str, seconds: float) -> None:
    assert seconds_of(_record(line)) == pytest.approx(seconds)
    assert MAY_SAY.search(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        "retry in 4s (3 of 5)",
        "plain words only",
        "a=1 duration=soon",
        "a=1 duration=-3",
        "a=1 duration=3parsecs",
        "a=1 time=2026-11-21T10:00:00Z",
        '{"latency": true}',
        '{"latency": NaN}',
        '{"duration": [1]}',
        f"a=1 took={'9' * 400}",
    ],
)
def test_what_is_no_length_of_time_is_none(line: str) -> None:
    assert seconds_of(_record(line)) is None


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (ACCESS.format(502), 502),
        ('{"res": {"statusCode": 404}}', 404),
        ('{"http": {"response": {"status_code": 503}}}', 503),
        ('{"http.status_code": 301}', 301),
        ('{"response": {"body": "none"}}', 0),
        ("msg=x status=201", 201),
        ("msg=x status=ok", 0),
        ("msg=x status=1000", 0),
        ('{"status": 42}', 0),
    ],
)
def test_a_status_of_http_is_known_from_other_words(line: str, status: int) -> None:
    assert status_of(_record(line).fields) == status
