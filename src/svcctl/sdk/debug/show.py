"""Shows what happens, a line each: aligned and coloured for people, JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TextIO

from svcctl.errors import UsageError
from svcctl.sdk.debug.exchange import Tone
from svcctl.sdk.logs.facts import Facts, read
from svcctl.sdk.logs.levels import ERROR, WARNING
from svcctl.sdk.logs.raised import as_text
from svcctl.sdk.logs.text import message, printable

_COLOURS = {
    Tone.PLAIN: "",
    Tone.GOOD: "\x1b[32m",
    Tone.BAD: "\x1b[31m",
    Tone.WARN: "\x1b[33m",
    Tone.DIM: "\x1b[2m",
}
_DIM, _OFF = "\x1b[2m", "\x1b[0m"
_WHO = 9  # columns; the longest is "terminal"
_INDENT = " " * 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A thing that happened at *at* seconds since the debugger was started; *who* says so.

    *more* are further lines of text; *often*: one of many of its kind.
    """

    at: float
    who: str
    event: str
    text: str
    tone: Tone = Tone.PLAIN
    facts: Mapping[str, object] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    often: bool = False


Show = Callable[[Happening], None]


def as_line(happening: Happening, *, colour: bool) -> str:
    """Give a happening as text for people, without the last line's end."""
    at, who = f"{happening.at:8.3f}s", f"{happening.who:<{_WHO}}"
    text, shade = printable(happening.text), _COLOURS[happening.tone]
    if colour:
        at, who = f"{_DIM}{at}{_OFF}", f"{_DIM}{who}{_OFF}"
        text = f"{shade}{text}{_OFF}" if shade else text
    more = (f"{_INDENT}{printable(each)}" for each in happening.more)
    return "\n".join([f"{at}  {who}  {text}", *more])


def as_json(happening: Happening) -> str:
    """Give a happening as a line of JSON."""
    document = {
        "at": round(happening.at, 6),
        "who": happening.who,
        "event": happening.event,
        "text": happening.text,
        **({"facts": dict(happening.facts)} if happening.facts else {}),
    }
    return json.dumps(document, ensure_ascii=True)


def on(stream: TextIO, *, colour: bool, in_json: bool, verbose: bool) -> Show:
    """Give what writes to *stream*; without *verbose* people are spared what comes often.

    It raises OSError where nobody reads any more.
    """

    def show(happening: Happening) -> None:
        if in_json:
            line = as_json(happening)
        elif verbose or not happening.often:
            line = as_line(happening, colour=colour)
        else:
            return
        coding = stream.encoding or "ascii"
        try:
            stream.write(f"{line.encode(coding, 'replace').decode(coding)}\n")
            stream.flush()
        except OSError:
            _forget(stream)
            raise

    return show


def _forget(stream: TextIO) -> None:
    """Let what is left in a stream go nowhere: Python would fail over it when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def of_output(stream: str, line: bytes, *, at: float) -> Happening:
    """Give a line that the service wrote; a record of its log is told by its parts."""
    text = line.decode("utf-8", "replace")
    record = _record(line) if stream == "stdout" else None
    if record is None:
        who = {"stdout": "out", "stderr": "err"}[stream]
        return Happening(at=at, who=who, event="output", text=text)
    error = record.fields.get("exception")
    fields = {name: value for name, value in record.fields.items() if name != "exception"}
    shown = replace(record, fields=fields)
    return Happening(
        at=at,
        who="log",
        event="log",
        text=f"{record.level_name:<8}  {message(shown)}",
        tone=_tone(record.level),
        facts={"level": record.level_name, "event": record.event, **fields},
        more=tuple(as_text(error)) if isinstance(error, dict) else (),
    )


def _record(line: bytes) -> Facts | None:
    """Read a line as a record of a log; None where it is none."""
    if not line.startswith(b'{"time":'):
        return None
    try:
        return read(line)
    except (ValueError, KeyError, TypeError, AttributeError, UsageError):
        return None


def _tone(level: int) -> Tone:
    if level >= ERROR:
        return Tone.BAD
    return Tone.WARN if level >= WARNING else Tone.PLAIN
