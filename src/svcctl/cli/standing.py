"""How services are, as a table, names or JSON; imports little, it is asked for all the time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from svcctl.cli.human import length, size
from svcctl.cli.output import ENGLISH, Cell, Screen, as_json
from svcctl.cli.session import Asked, Session
from svcctl.errors import SvcctlError
from svcctl.wire import Request, Selection
from svcctl.words.catalogue import Words

NOT_RUNNING = 3  # exit status, as the Linux Standard Base has it for `status`
OUTPUTS = ("table", "wide", "json", "jsonl", "name")

Standing = dict[str, Any]
"""The fields of :class:`svcctl.ports.InstanceStatus`."""

_PHASES = {
    "running": ("●", "good"),
    "finished": ("✔", "good"),
    "starting": ("◐", "warn"),
    "resuming": ("◐", "warn"),
    "stopping": ("◑", "warn"),
    "pausing": ("◑", "warn"),
    "backoff": ("↻", "warn"),
    "paused": ("‖", "cyan"),
    "failed": ("✖", "bad"),
    "stopped": ("○", "dim"),
}
_HEADINGS = ("NAME", "PHASE", "READY", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "REASON")
_WIDE = ("MANAGER", "START", "REVISION", "PROCESSES", "GROUPS", "LABELS", "DESCRIPTION")
_NOTHING = Cell("-", "dim")


def show(session: Session, asked: Asked) -> int:
    """Show how services are; 3 if one that was named does not run."""
    output = asked.text("output") or "table"
    found = ask(session, asked)
    print_as(session.out, found, output=output)
    tell_unapplied(session, found)
    if asked.selection.names and output in {"table", "wide"}:
        _tell_health(session, found)
    named = bool(asked.selection.names or asked.selection.labels)
    down = any(each["phase"] != "running" for each in found)
    return NOT_RUNNING if named and down else 0


def ask(session: Session, asked: Asked) -> list[Standing]:
    """Give how the services asked for are."""
    found = session.ask(asked.request())
    assert isinstance(found, list)
    return found


def print_as(out: Screen, found: Sequence[Standing], *, output: str) -> None:
    """Write *found* in one of :data:`OUTPUTS`."""
    match output:
        case "json":
            out.line(as_json(list(found)))
        case "jsonl":
            for each in found:
                out.line(as_json(each, indent=None))
        case "name":
            for each in found:
                out.line(each["instance"])
        case _:
            for line in lines(out, found, wide=output == "wide", now=time.time()):
                out.line(line)


def tell_unapplied(session: Session, found: Iterable[Standing]) -> None:
    """Say which definitions were changed on disk since they were applied."""
    names = sorted({each["service"] for each in found if not each["applied"]})
    if names:
        session.tell(f"changed on disk, not applied: {', '.join(names)} (svcctl drift)")


_ASKED_FOR_HEALTH = frozenset({"running", "paused"})


def _tell_health(session: Session, found: Iterable[Standing]) -> None:
    """Show what the programs themselves say of how they are, where they do."""
    names = tuple(each["instance"] for each in found if each["phase"] in _ASKED_FOR_HEALTH)
    if not names:
        return
    from svcctl.cli import wellbeing  # noqa: PLC0415 - only for services that are named

    try:
        replies = session.ask(Request(verb="health", select=Selection(names=names)))
    except SvcctlError as error:  # it stopped meanwhile, or an agent of before knows no such verb
        session.tell(f"health unknown: {error.problem}")
        return
    assert isinstance(replies, list)
    for line in wellbeing.lines(session.out, replies):
        session.out.line(line)


def lines(
    out: Screen,
    found: Sequence[Standing],
    *,
    wide: bool,
    now: float,
    trends: Mapping[str, str] | None = None,
) -> list[str]:
    """Give the lines of the table; *now* is in seconds since 1970.

    *trends* say by instance what is used more and more; where there are any they have a column.
    """
    if not found:
        return [out.words.of("no services yet; next: svcctl apply FILE")]
    more = (*(_WIDE if wide else ()), *(("TREND",) if trends else ()))
    headings = [*_HEADINGS[:-1], *more, _HEADINGS[-1]]
    rows = [_row(out, each, wide=wide, now=now, trends=trends or {}) for each in found]
    return out.laid_out(headings, rows)


def _row(
    out: Screen, each: Standing, *, wide: bool, now: float, trends: Mapping[str, str]
) -> list[Cell]:
    trend = [_or_nothing(trends.get(each["instance"]))] if trends else []
    return [
        Cell(each["instance"]),
        phase_cell(out, each["phase"]),
        _ready(out, each),
        _or_nothing(each["pid"]),
        _or_nothing(_uptime(each, now)),
        Cell(str(each["restarts"]), "warn" if each["restarts"] else ""),
        _or_nothing(None if each["cpu"] is None else f"{each['cpu']:.0f}%"),
        _or_nothing(None if each["memory_bytes"] is None else size(each["memory_bytes"])),
        *(_more(each) if wide else ()),
        *trend,
        Cell(reason(each, now, out.words)),
    ]


def _more(each: Standing) -> list[Cell]:
    labels = ",".join(f"{name}={value}" for name, value in each["labels"].items())
    return [
        Cell(each["manager"]),
        Cell("enabled" if each["enabled"] else "disabled"),
        Cell(each["spec_revision"]),
        _or_nothing(each["processes"]),
        _or_nothing(",".join(each["groups"]) or None),
        _or_nothing(labels or None),
        _or_nothing(each["description"] or None),
    ]


def phase_cell(out: Screen, phase: str) -> Cell:
    """Give a phase as a sign, its name and a colour."""
    sign, style = _PHASES.get(phase, ("?", ""))
    return Cell(f"{sign if out.can_show(sign) else '-'} {out.words.of(phase)}", style)


def reason(each: Standing, now: float, words: Words = ENGLISH) -> str:
    """Say why an instance is as it is, and what comes next."""
    said = [text for text in (words.told(each["reason"]), each["status_text"]) if text]
    if each["live"] is False:
        said.append(words.of("live probe fails"))
    if each["next_at"] is not None:
        left = length(each["next_at"] - now)
        said.append(words.of("next start in {left}").format(left=left))
    return "; ".join(said)


def _ready(out: Screen, each: Standing) -> Cell:
    if each["phase"] in {"stopped", "failed", "finished", "backoff"}:
        return _NOTHING
    yes, no = out.words.of("yes"), out.words.of("no")
    return Cell(yes, "good") if each["ready"] else Cell(no, "warn")


def _uptime(each: Standing, now: float) -> str | None:
    if each["pid"] is None or each["started_at"] is None:
        return None
    return length(now - each["started_at"])


def _or_nothing(value: object) -> Cell:
    return _NOTHING if value is None else Cell(str(value))
