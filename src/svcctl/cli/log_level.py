"""``svcctl log-level``: which records a running service writes, shown and changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from svcctl.app.verbs import find
from svcctl.cli.command import Command
from svcctl.cli.human import length
from svcctl.cli.output import Cell
from svcctl.cli.replies import OUTPUT, ask, show, tell_whose
from svcctl.cli.session import Session
from svcctl.cli.verb_command import names_argument, parameter
from svcctl.cli.wellbeing import Reply
from svcctl.errors import UsageError
from svcctl.wire import Request, Selection

_CHANGE = find("set-log-level")
_SHOW = find("log-level")
assert _CHANGE is not None
assert _SHOW is not None


def _log_level(session: Session, /, names: str, output: str, **given: Any) -> int:  # noqa: ANN401
    select = Selection(names=(names,))
    if given["level"] and given["reset"]:
        raise UsageError("a level is set or taken back, not both", hint="leave one out")
    if given["for"] is not None and not given["level"]:
        raise UsageError("--for needs a level", hint=f"svcctl log-level {names} debug --for 10m")
    if given["level"] or given["reset"]:
        args = {name: value for name, value in given.items() if value is not None}
        found = ask(session, Request(verb="set-log-level", select=select, args=args))
    else:
        found = ask(session, Request(verb="log-level", select=select))
        logger = given["logger"]
        if logger is not None:
            _keep_only(found, logger)

    def say(each: Reply) -> None:
        tell_whose(session, each, among=found)
        session.out.table(("LOGGER", "LEVEL", "FOR"), _rows(each["answer"], now=time.time()))

    return show(session, found, output=output, say=say)


def _keep_only(found: Sequence[Reply], logger: str) -> None:
    for each in found:
        if each["ok"]:
            each["answer"] = [row for row in each["answer"] if row["logger"] == logger]


def _rows(levels: Sequence[dict[str, Any]], *, now: float) -> list[list[Cell]]:
    return [
        [
            Cell(each["logger"] or "(all)"),
            Cell(each["level"]),
            Cell("-" if each["until"] is None else length(max(0.0, each["until"] - now)), "dim"),
        ]
        for each in levels
    ]


log_level = Command(
    "log-level",
    callback=click.pass_obj(_log_level),
    help="Show which records a service writes, or have it write more, or fewer.\n\n"
    "With --for the change is taken back by itself. Only services written with the SDK can.",
    params=[
        names_argument(many=False),
        click.Argument(
            ["level"], type=click.Choice(_CHANGE.args[0].choices), required=False, default=None
        ),
        *(parameter(arg) for arg in _CHANGE.args if arg.name != "level"),
        parameter(OUTPUT),
    ],
)
log_level.examples = (*_SHOW.examples, *_CHANGE.examples)
