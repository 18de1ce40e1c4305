"""``apply``, ``diff`` and ``remove``: the plan first, then the deed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from svcctl.app.verb import Arg, Kind
from svcctl.cli import outcomes, plan
from svcctl.cli.ask import confirm
from svcctl.cli.command import Command
from svcctl.cli.outcomes import carry_out
from svcctl.cli.output import as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import YES, parameter, verb_command
from svcctl.wire import Request

CHANGES_PENDING = 10
_DECLINED = 1

_OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json"),
)

Result = dict[str, Any]
"""``plan`` and ``outcomes``."""


def _files() -> list[click.Parameter]:
    return [
        click.Argument(
            ["files"], nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path(exists=True)
        ),
        click.Option(
            ["--set", "flags"],
            multiple=True,
            metavar="PATH=VALUE",
            help="override an option, such as web.stop.timeout=20s",
        ),
    ]


def _apply(session: Session, asked: Asked) -> int:
    return carry_through(session, replace(asked, args=asked.args | _defined(asked)))


def carry_through(session: Session, asked: Asked) -> int:
    """Show what would become of services, ask where it disturbs any, and do it."""
    planned = _dry_run(session, asked)
    if _is_dry(session, asked, planned):
        return 0
    names = plan.disturbing(planned["plan"])
    question = f"Restart or stop {', '.join(names)}?"
    asks = bool(names) and session.err.is_tty
    if asks and not confirm(session, question, yes=asked.flag("yes")):
        return _DECLINED
    return _do(session, asked)


def _remove(session: Session, asked: Asked) -> int:
    planned = _dry_run(session, asked)
    if _is_dry(session, asked, planned):
        return 0
    names = [each["service"] for each in planned["plan"]]
    question = f"Stop and forget {', '.join(names)}?"
    only = names[0] if len(names) == 1 else ""
    if not confirm(session, question, yes=asked.flag("yes"), or_type=only):
        return _DECLINED
    return _do(session, asked)


def _is_dry(session: Session, asked: Asked, planned: Result) -> bool:
    """Show the plan, and say whether that was all that was asked for."""
    dry = asked.args.get("dry_run") is True
    if asked.text("output") == "text":
        plan.show(session.out, planned["plan"])
    elif dry:
        session.out.line(as_json(planned))
    return dry


def _defined(asked: Asked) -> dict[str, object]:
    """Give what the files define, as arguments of apply."""
    from svcctl.cli.definitions import arguments, load  # noqa: PLC0415 - pydantic takes its time

    return arguments(load(_texts(asked, "files"), flags=_texts(asked, "flags")))


def _texts(asked: Asked, name: str) -> Sequence[str]:
    found = asked.options[name]
    assert isinstance(found, tuple)
    return found


def _dry_run(session: Session, asked: Asked) -> Result:
    request = replace(asked, args={**asked.args, "dry_run": True}).request()
    return _result(session.ask(request))


def _do(session: Session, asked: Asked) -> int:
    result = _result(carry_out(session, asked.request()))
    output = asked.text("output")
    if output == "json":
        session.out.line(as_json(result))
        return outcomes.exit_status(result["outcomes"])
    status = outcomes.show(session, result["outcomes"], verb=asked.verb, output=output)
    if status == 0:
        session.tell("done; next: svcctl status")
    return status


def _result(document: object) -> Result:
    assert isinstance(document, dict)
    return document


apply = verb_command("apply", _apply, _OUTPUT, YES, more=_files())
remove = verb_command("remove", _remove, _OUTPUT, YES)


@click.command(
    cls=Command,
    params=[
        *_files(),
        click.Option(
            ["--prune"], is_flag=True, help="count services that no file defines any more"
        ),
        parameter(_OUTPUT),
    ],
    help="Show what apply would do; exit status 10 if anything.",
)
@click.pass_obj
def diff(
    session: Session,
    /,
    *,
    files: tuple[str, ...],
    flags: tuple[str, ...],
    prune: bool,
    output: str,
) -> int:
    from svcctl.cli.definitions import arguments, load  # noqa: PLC0415 - pydantic takes its time

    args = arguments(load(files, flags=flags)) | {"prune": prune, "dry_run": True}
    planned = _result(session.ask(Request(verb="apply", args=args)))["plan"]
    if output == "json":
        session.out.line(as_json(planned))
    else:
        plan.show(session.out, planned)
    return CHANGES_PENDING if plan.pending(planned) else 0


diff.examples = ("svcctl diff", "svcctl diff conf.d --prune -o json")
