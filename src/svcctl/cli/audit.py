"""``svcctl audit``: who asked for what, why, and what became of it; and whether that is proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from svcctl.app.verb import Arg, Kind
from svcctl.cli.human import moment
from svcctl.cli.output import Cell, as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command
from svcctl.errors import AgentUnreachable, UsageError, quoted
from svcctl.words.catalogue import Words

_TAMPERED = 1
_ASKED = "asked"
_TRAIL = "trail"  # which audit log a row is of
_AGENTS, _NATIVE = "agent", "command line"
_EXPORTED = "write one: svcctl audit --export jsonl > audit.jsonl"

Row = dict[str, Any]
"""A row of the audit log, as :func:`svcctl.engine.audit_trail.read` gives it."""


def _audit(session: Session, asked: Asked) -> int:
    if file := asked.text("file"):
        if not asked.flag("verify"):
            hint = f"svcctl audit --verify --file {file}"
            raise UsageError("a file can be verified only", hint=hint)
        return _show_verdicts(session, asked, _verdicts_of(file, asked))
    if asked.flag("verify"):
        verify = replace(asked, verb="audit-verify", args=_only(asked, "head"))
        return _show_verdicts(session, asked, _verdicts(session, verify))
    rows = sorted(_rows(session, asked), key=lambda row: float(row["at"]))
    if asked.text("export") == "jsonl":
        for row in rows:
            session.out.line(as_json(row, indent=None))
    elif asked.text("output") == "json":
        session.out.line(as_json(rows))
    elif rows:
        headings = ("WHEN", "WHO", "BY", "VERB", "WHAT", "OUTCOME", "WHY")
        session.out.table(headings, [_line(each, session.out.words) for each in _requests(rows)])
    else:
        session.out.say("nothing was asked for")
    return 0


def _only(asked: Asked, *names: str) -> dict[str, object]:
    return {name: asked.options[name] for name in names if asked.options[name]}


# where it is


def _rows(session: Session, asked: Asked) -> list[Row]:
    from svcctl.bootstrap import trails  # noqa: PLC0415 - for this command only

    own = _ask(session, asked, lambda: trails.rows(session.home, trails.STATE, asked.args))
    assert isinstance(own, list)
    found = [{_TRAIL: _AGENTS, **each} for each in own]
    if session.remote is None and trails.has_native(session.home):
        more = trails.rows(session.home, trails.NATIVE, asked.args)
        found += [{_TRAIL: _NATIVE, **each} for each in more]
    return found


def _verdicts(session: Session, asked: Asked) -> dict[str, Row]:
    from svcctl.bootstrap import trails  # noqa: PLC0415 - for this command only

    own = _ask(session, asked, lambda: trails.verdict(session.home, trails.STATE, asked.args))
    assert isinstance(own, dict)
    found: dict[str, Row] = {_AGENTS: own}
    if session.remote is None and trails.has_native(session.home):
        found[_NATIVE] = trails.verdict(session.home, trails.NATIVE, {})
    return found


def _ask(session: Session, asked: Asked, read: Callable[[], object]) -> object:
    """Ask the agent; where none answers on this machine, read what it left."""
    try:
        return session.ask(asked.request())
    except AgentUnreachable:
        if session.remote is not None:
            raise
        return read()


def _verdicts_of(file: str, asked: Asked) -> dict[str, Row]:
    """Give the verdict on each audit log in an exported *file*."""
    from svcctl.app.auditing import document, head_of  # noqa: PLC0415 - for this option only
    from svcctl.engine.audit_trail import prove_rows  # noqa: PLC0415

    try:
        with click.open_file(file, encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        raise UsageError(f"cannot read {quoted(file)}: {error.strerror}", hint=_EXPORTED) from error
    except ValueError as error:
        raise UsageError(f"{quoted(file)} is no audit log", hint=_EXPORTED) from error
    if not all(isinstance(row, dict) and isinstance(row.get("number"), int) for row in rows):
        raise UsageError(f"{quoted(file)} is no audit log", hint=_EXPORTED)
    trails: dict[str, list[Row]] = {_AGENTS: []}
    for row in rows:
        trails.setdefault(str(row.get(_TRAIL, _AGENTS)), []).append(row)
    head = head_of(asked.text("head"))
    return {
        name: document(prove_rows(each, known=head if name == _AGENTS else None))
        for name, each in trails.items()
    }


# how it is shown


def _requests(rows: list[Row]) -> list[Row]:
    """Give each request once, with its outcome."""
    found: dict[str, Row] = {}
    for row in rows:
        key = row["asked"] or f"{row[_TRAIL]} {row['number']}"
        if key in found:
            found[key] = {**found[key], "outcome": row["outcome"]}
        else:
            found[key] = row
    return list(found.values())


def _line(row: Row, words: Words) -> list[Cell]:
    outcome = str(row["outcome"])
    shade = {"done": "good", _ASKED: "dim"}.get(outcome, "bad")
    return [
        Cell(moment(row["at"]), "dim"),
        Cell(row["actor"]),
        Cell(row["way"] or "-", "dim"),
        Cell(row["verb"]),
        Cell(row["target"] or _shown(row["args"])),
        Cell(words.of("not over" if outcome == _ASKED else outcome), shade),
        Cell(row["reason"] or "-"),
    ]


def _shown(args: str) -> str:
    """Give what a verb about no service was asked with."""
    return args if args != "{}" else "-"


def _show_verdicts(session: Session, asked: Asked, verdicts: dict[str, Row]) -> int:
    if asked.text("output") == "json":
        session.out.line(as_json(verdicts))
    else:
        for name, each in verdicts.items():
            _show_verdict(session, name, each)
    return 0 if all(each["sound"] for each in verdicts.values()) else _TAMPERED


def _show_verdict(session: Session, name: str, verdict: Row) -> None:
    if verdict["sound"]:
        count = "1 row" if verdict["rows"] == 1 else f"{verdict['rows']} rows"
        session.out.line(f"audit log of the {name}: {count}, each as it was written")
        if verdict["head"]:
            session.tell(f"to prove it later, keep this elsewhere: --head {verdict['head']}")
        return
    for each in verdict["found"]:
        session.out.line(
            f"{session.out.paint('tampered', 'bad')}: audit log of the {name}: {each['problem']}"
        )


_FLAG = Kind.FLAG
_VERIFY = Arg(name="verify", kind=_FLAG, help="say whether it is as it was written", default=False)
_HEAD = Arg(name="head", kind=Kind.TEXT, help="with --verify: NUMBER:SEAL as it was told earlier")
_FILE = Arg(name="file", kind=Kind.TEXT, help="with --verify: what was exported, - for stdin")
_EXPORT = Arg(
    name="export", kind=Kind.TEXT, help="give all of each row, with its seal", choices=("jsonl",)
)

audit = verb_command("audit", _audit, OUTPUT, _VERIFY, _HEAD, _FILE, _EXPORT)
