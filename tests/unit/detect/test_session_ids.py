"""Which part of a line says what it belongs to."""

from __future__ import annotations

import pytest

from svcctl.detect.session_ids import session_id


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("request_id=ab-12 done", "ab-12"),
        ('{"traceId": "4bf92f3577b34da6a3ce929d0e0e4736"}', "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("Session-ID: 9001 opened", "9001"),
        ("Received block blk_904791815409399662 of size 7", "blk_904791815409399662"),
        (
            "[instance: 3edec1e4-9678-4a3a-a21b-a145a4ee5e61] gone",
            "3edec1e4-9678-4a3a-a21b-a145a4ee5e61",
        ),
        ("span 00f067aa0ba902b7 ended", "00f067aa0ba902b7"),
        ("took 12 ms for 4096 bytes", None),
        ("deadbeefdeadbeef is no word with digits", None),
        ("1234567890123456 is a number", None),
        ("", None),
    ],
)
def test_an_id_is_known_by_its_key_or_its_look(line: str, found: str | None) -> None:
    assert session_id(line) == found


def test_a_line_with_many_ids_belongs_to_the_first() -> None:
    assert session_id("job_1234567 of job_7654321") == "job_1234567"
