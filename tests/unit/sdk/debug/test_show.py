"""A line for each happening: aligned for people, JSON for programs."""

from __future__ import annotations

import io
import json

import pytest

from svcctl.sdk.debug.exchange import Tone
from svcctl.sdk.debug.show import Happening, as_line, of_output, on

READY = Happening(at=1.25, who="systemd", event="phase", text="active (running)", tone=Tone.GOOD)
PING = Happening(at=2.0, who="systemd", event="notify", text="WATCHDOG=1", often=True)
RECORD = (
    b'{"time":"2026-11-21T17:02:40.614181Z","level":"error","event":"letter.lost",'
    b'"service":"mailer","logger":"mailer","to":"bob","exception":{"type":"ValueError",'
    b'"message":"no such box","frames":[]}}'
)


def shown(*happenings: Happening, in_json: bool = False, verbose: bool = False) -> list[str]:
    """Give the lines that are written for *happenings*."""
    stream = io.StringIO()
    show = on(stream, colour=False, in_json=in_json, verbose=verbose)
    for each in happenings:
        show(each)
    return stream.getvalue().splitlines()


def test_lines_are_aligned() -> None:
    lines = shown(READY, Happening(at=12.0, who="log", event="log", text="info"))

    assert lines == ["   1.250s  systemd    active (running)", "  12.000s  log        info"]


def test_people_are_spared_what_comes_often_and_programs_are_not() -> None:
    assert len(shown(READY, PING)) == 1
    assert len(shown(READY, PING, verbose=True)) == 2
    assert len(shown(READY, PING, in_json=True)) == 2


def test_json_has_the_facts() -> None:
    happening = Happening(at=0.5, who="scm", event="control", text="STOP sent", facts={"code": 1})

    (line,) = shown(happening, in_json=True)

    assert json.loads(line) == {
        "at": 0.5,
        "who": "scm",
        "event": "control",
        "text": "STOP sent",
        "facts": {"code": 1},
    }


def test_colour_is_never_the_only_sign() -> None:
    painted, plain = as_line(READY, colour=True), as_line(READY, colour=False)

    assert "\x1b[32m" in painted
    assert "\x1b" not in plain
    assert "active (running)" in plain


def test_a_record_of_the_log_is_told_by_its_parts() -> None:
    happening = of_output("stdout", RECORD, at=1.0)

    assert (happening.who, happening.tone) == ("log", Tone.BAD)
    assert happening.text == "error     letter.lost to=bob"
    assert "no such box" in happening.more[0]
    assert happening.facts["to"] == "bob"


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b'{"time":',
        b'{"time":"soon","level":"x"}',
        b'{"time":1}',
        b'{"time":"","level":3}',
    ],
)
def test_what_is_no_record_is_shown_as_it_came(line: bytes) -> None:
    happening = of_output("stdout", line, at=1.0)

    assert (happening.who, happening.text) == ("out", line.decode())


def test_what_would_drive_a_terminal_is_shown_as_text() -> None:
    happening = of_output("stderr", b"\x1b[2Jgone\xff", at=1.0)

    assert happening.who == "err"
    assert "\x1b" not in as_line(happening, colour=True).replace("\x1b[2m", "").replace(
        "\x1b[0m", ""
    )
