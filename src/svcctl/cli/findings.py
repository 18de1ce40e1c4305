"""``svcctl findings``: what is unusual, what has been learnt, and what a log would have shown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from svcctl.cli.foreign import harmless
from svcctl.cli.human import length, moment
from svcctl.cli.log_blocks import blocks
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import read_duration, verb_command

if TYPE_CHECKING:
    from svcctl.app.understanding.retrospect import Retrospect, Seen

Row = Mapping[str, Any]
"""One finding, one service or one pattern, as the verb ``findings`` gives it."""

_STYLES = {"found": "warn", "ended": "dim", "quiet": "dim"}


def _findings(session: Session, asked: Asked) -> int:
    if asked.options["replay"]:
        return _replay(session, asked)
    services = asked.options["names"]
    assert isinstance(services, tuple)
    wanted = replace(asked, args=asked.args | {"services": list(services)})
    found = session.ask(wanted.request())
    assert isinstance(found, dict)
    if asked.text("output") != "text":
        session.out.line(as_json(found, indent=2 if asked.text("output") == "json" else None))
    elif asked.options["learnt"]:
        _show_learnt(session, found["learnt"])
    elif asked.options["rejected"]:
        _show_quiet(session, found["quiet"])
    else:
        _show(session, found)
    return 0


def _show(session: Session, found: Row) -> None:
    rows, now = found["findings"], time.time()
    for each in rows:
        _say(session, each, now=now)
    if not rows:
        session.out.say("nothing is unusual")
    if any(each["state"] == "found" for each in rows):
        session.tell("where nothing was wrong: svcctl finding quiet ID")
    learning = [each["service"] for each in found["learnt"] if not each["tells_of_lines"]]
    if learning:
        names = ", ".join(learning[:5]) + (" …" if len(learning) > 5 else "")
        session.tell(f"still learning: {names}; see svcctl findings --learnt")


def _say(session: Session, each: Row, *, now: float) -> None:
    out = session.out
    lasted = length((each["ended"] or now) - each["since"])
    state = out.paint(each["state"], _STYLES[each["state"]])
    what = out.paint(each["kind"], "bold")
    out.line(
        f"{each['id']}  {state}  {moment(each['since'])} for {lasted}  {each['service']}  {what}  "
        f"score {each['score']:.2f}"
    )
    told = f"{each['subject']}: {each['observed']}, expected {each['expected']}"
    out.line(f"    {harmless(out, told)}")
    for line in each["samples"]:
        out.line(f"    | {harmless(out, line)}")


def _show_learnt(session: Session, rows: list[Row]) -> None:
    if not rows:
        session.out.say("no service has said anything yet")
        return
    headings = ("SERVICE", "SINCE", "LINES", "TEMPLATES", "SESSIONS", "TELLS OF", "READ")
    session.out.table(headings, [_learnt(each) for each in rows])


def _learnt(each: Row) -> list[Cell]:
    told = ["limits"]
    told += ["new lines"] if each["tells_of_lines"] else []
    told += ["sessions"] if each["tells_of_sessions"] else []
    return [
        Cell(each["service"]),
        Cell("-" if each["since"] is None else moment(each["since"]), "dim"),
        Cell(str(each["lines"])),
        Cell(str(each["templates"])),
        Cell(str(each["sessions"])),
        Cell(", ".join(told)),
        Cell(f"{each['read']:.0%}", "" if each["read"] > 0.99 else "warn"),
    ]


def _show_quiet(session: Session, rows: list[Row]) -> None:
    if not rows:
        session.out.say("no finding was called false")
        return
    headings = ("ID", "SERVICE", "WHO", "SINCE", "PATTERN")
    session.out.table(
        headings,
        [
            [
                Cell(each["id"]),
                Cell(each["service"]),
                Cell(each["who"]),
                Cell(moment(each["at"]), "dim"),
                Cell(each["pattern"]),
            ]
            for each in rows
        ],
    )


def _replay(session: Session, asked: Asked) -> int:
    from svcctl.app.understanding.retrospect import Retrospect  # noqa: PLC0415 - who replays
    from svcctl.spec.detect_policy import DetectPolicy  # noqa: PLC0415

    logs, learning = asked.options["replay"], asked.options["learning"]
    assert isinstance(logs, tuple)
    policy = DetectPolicy() if learning is None else DetectPolicy(learning=float(str(learning)))
    form, names = str(asked.options["form"]), asked.options["names"]
    name = str(names[0]) if isinstance(names, tuple) and names else "log"
    past = Retrospect(name, policy, form=form, now=time.time())
    rows = []
    for each in _seen(past, logs):
        rows.append(_row(each))
        if asked.text("output") == "text":
            _say_seen(session, rows[-1])
        elif asked.text("output") == "jsonl":
            session.out.line(as_json(rows[-1], indent=None))
    if asked.text("output") == "json":
        session.out.line(as_json(rows))
    _sum_up(session, past, rows)
    return 0


def _seen(past: Retrospect, logs: tuple[str, ...]) -> Iterator[Seen]:
    for block in blocks(logs):
        yield from past.feed(block)
    yield from past.end()


def _row(seen: Seen) -> dict[str, Any]:
    found = seen.finding.fields()
    return {"at": seen.at, "state": "ended" if seen.over else "found", **found}


def _say_seen(session: Session, row: Row) -> None:
    out = session.out
    state = out.paint(row["state"], _STYLES[row["state"]])
    head = f"{moment(row['at'])}  {state}  {out.paint(row['what'], 'bold')}"
    if row["state"] == "ended":
        out.line(f"{head}  {harmless(out, row['subject'])}")
        return
    told = f"{row['subject']}: {row['observed']}, expected {row['expected']}"
    out.line(f"{head}  {harmless(out, told)}")
    for line in row["samples"]:
        out.line(f"    | {harmless(out, line)}")


def _sum_up(session: Session, past: Retrospect, rows: list[dict[str, Any]]) -> None:
    extent, known = past.extent, past.known
    span = "no times"
    if extent.first is not None and extent.last is not None:
        span = f"{moment(extent.first)} to {moment(extent.last)}"
    found = sum(row["state"] == "found" for row in rows)
    session.tell(
        f"{found} findings; {extent.records} records, {span}; {known.templates} templates learnt"
    )
    if extent.timeless:
        session.tell(f"{extent.timeless} records say no time, and are of that of the one before")
    if not known.of_lines:
        session.tell("too short to tell what is new; to learn for less: --learning 10m")


findings = verb_command(
    "findings",
    _findings,
    OUTPUT,
    more=[
        click.Argument(["names"], nargs=-1, metavar="[NAME|GLOB]..."),
        click.Option(["--learnt"], is_flag=True, help="what is known of each service, since when"),
        click.Option(["--rejected"], is_flag=True, help="what was called false, and is quiet"),
        click.Option(
            ["--replay"],
            multiple=True,
            metavar="FILE|-",
            type=click.Path(),
            help="what would have been found in a log; asks no agent",
        ),
        click.Option(
            ["--learning"],
            metavar="DURATION",
            type=read_duration,
            help="of a replay: how long is learnt (default: 24h)",
        ),
        click.Option(
            ["--form"],
            default="",
            metavar="NAME|PATTERN",
            help="of a replay: how lines are written (default: found out)",
        ),
    ],
)
