"""``svcctl install --csv``: a table of services, planned as a whole, installed row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from svcctl.cli import plan
from svcctl.cli.ask import confirm
from svcctl.cli.csv_rows import Row, read_rows
from svcctl.cli.definitions import documents, on_windows
from svcctl.cli.install_options import command, folder_for
from svcctl.cli.installing import (
    DECLINED,
    Result,
    Service,
    exit_status,
    failed_outcome,
    kept_names,
    put,
    request,
    show_done,
    show_dry_run,
    taken_back,
)
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Asked, Session
from svcctl.errors import SvcctlError, UsageError
from svcctl.spec.load import Unwritten, load_unwritten

_REFUSED = "refused"
_ALONE = ("names", "files", "exec", "python", "flags", "env", "cwd", "user", "start", "description")


def install_rows(session: Session, asked: Asked) -> int:
    """Install every row of a file; a row that fails leaves nothing behind.

    Nothing is done where one row is wrong in itself: SpecError tells of all that are.
    """
    _refuse_others(asked)
    services = _services(session, asked.text("csv"))
    planned = _planned(session, services)
    if asked.flag("dry_run"):
        show_dry_run(session, planned, services, output=asked.text("output"))
        return exit_status(planned)
    text = asked.text("output") == "text"
    if text:
        _show_plan(session, planned["plan"])
    question = f"Install {len(services)} services?"
    if session.err.is_tty and not confirm(session, question, yes=asked.flag("yes")):
        return DECLINED
    result = _install_all(session, services, planned, now=asked.flag("now"))
    if text:
        show_done(session, result)
        _tell_sum(session, result)
    else:
        session.out.line(as_json(result))
    return exit_status(result)


def _refuse_others(asked: Asked) -> None:
    given = next((name for name in _ALONE if asked.options.get(name)), "")
    if given:
        shown = {"names": "a NAME", "files": "--file", "flags": "--set"}.get(given, f"--{given}")
        raise UsageError(
            f"--csv says what is installed, and so does {shown}",
            hint="make it a column of the file",
        )


def _services(session: Session, path: str) -> list[Service]:
    rows = read_rows(path, command=command)
    needed = any(each.path[0] in {"needs", "after"} for row in rows for each in row.overrides)
    loaded = load_unwritten(
        {row.name: _unwritten(path, row) for row in rows},
        folder=Path(path).absolute().parent,
        overrides=[each for row in rows for each in row.overrides],
        known=kept_names(session) if needed else (),
        windows=on_windows(),
    )
    order = {row.name: at for at, row in enumerate(rows)}
    return sorted(documents(loaded), key=lambda each: order[str(each["name"])])


def _unwritten(path: str, row: Row) -> Unwritten:
    values = {"cwd": folder_for(row.argv)} if row.argv else {}
    return Unwritten(values=values, shown=path, line=row.line)


def _planned(session: Session, services: Sequence[Service]) -> Result:
    """Plan all rows at once, or, where something refuses one of them, each by itself."""
    try:
        return _asked_for(session, services)
    except SvcctlError as error:
        found = [_planned_alone(session, each) for each in services]
        if all(each["outcomes"] for each in found):
            raise error from None
    return {
        "plan": [row for each in found for row in each["plan"]],
        "outcomes": [outcome for each in found for outcome in each["outcomes"]],
    }


def _planned_alone(session: Session, service: Service) -> Result:
    try:
        return _asked_for(session, [service])
    except SvcctlError as error:
        name = str(service["name"])
        row = {"service": name, "change": _REFUSED, "action": "none", "changes": [], "acts": []}
        return {"plan": [row], "outcomes": [failed_outcome(name, error)]}


def _asked_for(session: Session, services: Sequence[Service]) -> Result:
    found = session.ask(request(services, dry_run=True))
    assert isinstance(found, dict)
    rows = {each["service"]: each for each in found["plan"]}
    return {"plan": [rows[each["name"]] for each in services], "outcomes": []}


def _show_plan(session: Session, planned: Iterable[plan.Planned]) -> None:
    rows = [
        [
            Cell(each["service"]),
            Cell(each["change"], "bad" if each["change"] == _REFUSED else ""),
            Cell("" if each["change"] == _REFUSED else each.get("manager", "agent")),
        ]
        for each in planned
    ]
    session.out.table(("SERVICE", "PLAN", "KEPT BY"), rows)


def _install_all(
    session: Session, services: Sequence[Service], planned: Result, *, now: bool
) -> Result:
    found: list[dict[str, Any]] = list(planned["outcomes"])
    due = [
        (service, row)
        for service, row in zip(services, planned["plan"], strict=True)
        if row["change"] != _REFUSED
    ]
    with click.progressbar(
        due,
        label="installing",
        file=session.err.stream,
        hidden=not session.err.is_tty,
    ) as rows:
        for service, row in rows:
            found += _install_one(session, service, row, now=now)
    return {"plan": planned["plan"], "outcomes": found}


def _install_one(
    session: Session, service: Service, row: plan.Planned, *, now: bool
) -> list[dict[str, Any]]:
    name = str(service["name"])
    try:
        outcomes: list[dict[str, Any]] = put(session, [service], now=now)["outcomes"]
    except SvcctlError as error:
        outcomes = [failed_outcome(name, error)]
    if row["change"] == "created" and any(not each["ok"] for each in outcomes):
        outcomes += taken_back(session, name)
    return outcomes


def _tell_sum(session: Session, result: Result) -> None:
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    done = len(result["plan"]) - len(failed)
    more = f", {len(failed)} failed and left nothing behind" if failed else ""
    session.tell(f"{done} of {len(result['plan'])} installed{more}; next: svcctl status")
