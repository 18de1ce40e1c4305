"""``svcctl uninstall``: a service stopped, and every trace of it removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from svcctl.app.verb import REASON
from svcctl.cli import acts, outcomes
from svcctl.cli.ask import confirm
from svcctl.cli.command import Command
from svcctl.cli.installing import DECLINED
from svcctl.cli.outcomes import carry_out
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.cli.verb_command import names_argument, parameter
from svcctl.errors import UsageError
from svcctl.wire import Request, Selection

Result = dict[str, Any]
"""``plan`` and ``outcomes``, as the verb ``remove`` gives them."""


@click.command(
    cls=Command,
    params=[
        names_argument(),
        click.Option(["--logs"], is_flag=True, help="delete what it wrote, too"),
        click.Option(["--dry-run"], is_flag=True, help="only say what would be done"),
        click.Option(["--yes", "-y"], is_flag=True, help="do not ask"),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="the same as -o json"),
        parameter(REASON),
    ],
    help="Stop services and remove every trace of them; says what it removed.",
)
@click.pass_obj
def uninstall(
    session: Session,
    /,
    *,
    names: tuple[str, ...],
    logs: bool,
    dry_run: bool,
    yes: bool,
    output: str,
    as_json: bool,
    reason: str | None,
) -> int:
    session = replace(session, reason=reason or "")
    if not names:
        raise UsageError("'uninstall' needs to know which services", hint="svcctl uninstall NAME")
    output = "json" if as_json else output
    args: dict[str, object] = {"logs": logs, "dry_run": True}
    request = Request(verb="remove", select=Selection(names=names), args=args)
    planned = session.ask(request)
    assert isinstance(planned, dict)
    if dry_run:
        _show_dry_run(session, planned, output=output)
        return 0
    doomed = [each["service"] for each in planned["plan"]]
    only = doomed[0] if len(doomed) == 1 else ""
    question = f"Stop and remove {', '.join(doomed)}?"
    if not confirm(session, question, yes=yes, or_type=only):
        return DECLINED
    done = carry_out(session, replace(request, args={**args, "dry_run": False}))
    assert isinstance(done, dict)
    return _show_done(session, done, output=output, logs=logs)


uninstall.examples = (
    "svcctl uninstall web",
    "svcctl uninstall web --dry-run",
    "svcctl uninstall 'job-*' --logs --yes",
)


def _show_dry_run(session: Session, planned: Result, *, output: str) -> None:
    if output == "json":
        session.out.line(as_json(planned))
        return
    for each in planned["plan"]:
        session.out.line(f"{each['service']}: would be stopped and removed")
        acts.show(session.out, each.get("acts", ()))
    session.tell("nothing was done")


def _show_done(session: Session, done: Result, *, output: str, logs: bool) -> int:
    if output == "json":
        session.out.line(as_json(done))
        return outcomes.exit_status(done["outcomes"])
    failed = [each for each in done["outcomes"] if not each["ok"]]
    kept = {each["service"] for each in failed}
    for each in done["plan"]:
        if each["service"] not in kept:
            session.out.line(f"{each['service']}: removed")
            acts.tell_done(session.out, each.get("acts", ()))
    status = outcomes.show(session, failed, verb="uninstall", output=output)
    if not status and not logs:
        session.tell("what they wrote is still there; --logs would have deleted it")
    return outcomes.PARTLY_FAILED if status and len(failed) < len(done["plan"]) else status
