"""``svcctl install``: a service handed to the system's own manager, from a file or from flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from svcctl.app.selection import Selection
from svcctl.cli import acts, outcomes, plan
from svcctl.cli.ask import confirm
from svcctl.cli.outcomes import carry_out
from svcctl.cli.output import as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.show import values
from svcctl.cli.verb_command import Command, complete_defined
from svcctl.client.wire import Request
from svcctl.errors import AgentUnreachable, UnknownService, UsageError
from svcctl.spec.names import did_you_mean

DECLINED = 1
_RELATIONS = frozenset(("needs", "after"))

Result = dict[str, Any]
"""``plan`` and ``outcomes``, as the verb ``apply`` gives them."""

Service = dict[str, Any]
"""A definition as the verb ``apply`` takes it."""


def _parameters() -> list[click.Parameter]:
    from svcctl.cli.install_options import parameters  # noqa: PLC0415 - only with this command

    return [
        click.Argument(["names"], nargs=-1, metavar="NAME...", shell_complete=complete_defined),
        click.Option(
            ["--file", "-f", "files"],
            multiple=True,
            type=click.Path(exists=True),
            help="file or folder that defines it (default: svcctl.toml, svcctl.d)",
        ),
        *parameters(),
        click.Option(
            ["--csv"],
            type=click.Path(exists=True, dir_okay=False),
            help="install every row of a CSV file: name, exec, start and any other option",
        ),
        click.Option(["--now"], is_flag=True, help="start it too"),
        click.Option(
            ["--dry-run"], is_flag=True, help="print exactly what would be done, do nothing"
        ),
        click.Option(["--yes", "-y"], is_flag=True, help="do not ask"),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="the same as -o json"),
    ]


@click.command(
    cls=Command,
    params=_parameters(),
    help="Have the system's own manager keep services: systemd, the Windows service manager, "
    "launchd. Run again, it changes what differs and nothing else.",
)
@click.pass_obj
def install(session: Session, /, **given: Any) -> int:  # noqa: ANN401 - one of each of the options
    from svcctl.cli.install_options import password_read  # noqa: PLC0415

    output = "json" if given["as_json"] else given["output"]
    asked = Asked(
        verb="apply",
        selection=Selection(names=given["names"]),
        options={**given, "output": output},
    )
    with password_read(asked):
        if asked.text("csv"):
            from svcctl.cli.csv_install import install_rows  # noqa: PLC0415

            return install_rows(session, asked)
        return _install(session, asked)


install.examples = (
    "svcctl install web                       # [services.web] of svcctl.toml",
    'svcctl install web --exec "/usr/bin/app --port 8080" --user app --now',
    r'svcctl install myapp --exec "C:\apps\my app\app.exe" --start delayed --dry-run',
    "svcctl install --csv services.csv",
)


def _install(session: Session, asked: Asked) -> int:
    services = _services(session, asked)
    names = [str(each["name"]) for each in services]
    planned = _about(names, _result(session.ask(request(services, dry_run=True))))
    if asked.flag("dry_run"):
        show_dry_run(session, planned, services, output=asked.text("output"))
        return 0
    disturbed = plan.disturbing(planned["plan"])
    question = f"Restart {', '.join(disturbed)}?"
    asks = bool(disturbed) and session.err.is_tty
    if asks and not confirm(session, question, yes=asked.flag("yes")):
        return DECLINED
    result = put(session, services, now=asked.flag("now"))
    if asked.text("output") == "json":
        session.out.line(as_json(result))
    else:
        show_done(session, result)
        _tell_next(session, result, now=asked.flag("now"))
    return exit_status(result)


# what is asked for


def _services(session: Session, asked: Asked) -> list[Service]:
    """Give the definitions as the verb ``apply`` takes them."""
    from svcctl.cli.definitions import FILE, FOLDER, documents, load  # noqa: PLC0415 - pydantic
    from svcctl.cli.install_options import command, flags, folder_for, overrides  # noqa: PLC0415
    from svcctl.spec.load import Unwritten, load_unwritten  # noqa: PLC0415

    names, files = _names(asked), asked.options["files"]
    said, more = overrides(names, asked), flags(names, asked)
    if asked.text("exec"):
        needed = any(each.partition(".")[2].partition("=")[0] in _RELATIONS for each in more)
        loaded = load_unwritten(
            {names[0]: Unwritten(values={"cwd": folder_for(command(asked.text("exec")))})},
            folder=Path.cwd(),
            flags=more,
            overrides=said,
            known=kept_names(session) if needed else (),
        )
        return documents(loaded)
    if not files and not Path(FILE).exists() and not Path(FOLDER).exists():
        raise UsageError(
            f"nothing says what {names[0]!r} is: there is no {FILE} here",
            hint=f'for example: svcctl install {names[0]} --exec "/usr/bin/app --serve"',
        )
    assert isinstance(files, tuple)
    loaded = load(files, flags=more, overrides=said)
    for name in names:
        if name not in loaded.services:
            shown = ", ".join(files) or FILE
            hint = did_you_mean(name, loaded.services) or f"add [services.{name}] to it"
            raise UnknownService(f"no service {name!r} in {shown}", hint=hint)
    return documents(loaded, names=names)


def _names(asked: Asked) -> tuple[str, ...]:
    names = asked.selection.names
    if not names:
        raise UsageError(
            "'install' needs to know which service",
            hint="svcctl install NAME, or many at once: svcctl install --csv FILE",
        )
    if asked.text("exec") and len(names) > 1:
        raise UsageError(
            f"one command cannot be {len(names)} services", hint="install one after the other"
        )
    if asked.text("exec") and asked.options["files"]:
        raise UsageError("--exec says what it is, and so does --file", hint="leave one out")
    return names


def kept_names(session: Session) -> set[str]:
    """Name the services there are; none where nobody answers."""
    try:
        found = session.ask(Request(verb="status", select=Selection(all=True)))
    except AgentUnreachable:
        return set()
    return {each["service"] for each in found} if isinstance(found, list) else set()


def request(services: Sequence[Service], *, dry_run: bool) -> Request:
    """Give the request that takes over *services* and starts none, or only says what it would."""
    args: dict[str, object] = {"services": list(services), "dry_run": dry_run, "no_start": True}
    return Request(verb="apply", args=args)


# what is done


def put(session: Session, services: Sequence[Service], *, now: bool) -> Result:
    """Install *services*, and with *now* start those that were."""
    names = [str(each["name"]) for each in services]
    result = _about(names, _result(carry_out(session, request(services, dry_run=False))))
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    due = tuple(name for name in names if name not in failed)
    if now and due:
        started = carry_out(session, Request(verb="start", select=Selection(names=due)))
        assert isinstance(started, list)
        settled = {each["instance"] for each in started}
        kept = [each for each in result["outcomes"] if each["instance"] not in settled]
        result["outcomes"] = [*kept, *started]
    return result


def _result(document: object) -> Result:
    assert isinstance(document, dict)
    return document


def _about(names: Iterable[str], result: Result) -> Result:
    """Give what *result* says of *names*; an agent speaks of other services of the file too."""
    wanted = set(names)
    return {
        "plan": [each for each in result["plan"] if each["service"] in wanted],
        "outcomes": result["outcomes"],
    }


def exit_status(result: Result) -> int:
    """Give 0 if all is well, 1 if nothing is, 8 in between."""
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    if not failed:
        return 0
    return outcomes.FAILED if len(failed) == len(result["plan"]) else outcomes.PARTLY_FAILED


# what is told


def show_dry_run(
    session: Session, planned: Result, services: Iterable[Service], *, output: str
) -> None:
    """Tell what would be done, each file with its whole text; the agent is handed *services*."""
    if output == "json":
        session.out.line(as_json(planned))
        return
    specs = {each["name"]: each["spec"] for each in services}
    failed = {each["service"] for each in planned["outcomes"]}
    for each in planned["plan"]:
        if each["service"] in failed:
            continue
        session.out.line(_sentence(each, would=True))
        if "acts" in each:
            acts.show(session.out, each["acts"])
        elif each["change"] == "created":
            for path, value, _ in values(specs[each["service"]], {}):
                session.out.line(f"  set {path} = {value}")
    outcomes.show(session, planned["outcomes"], verb="install", output=output)
    session.tell("nothing was done")


def show_done(session: Session, result: Result) -> None:
    """Tell what was done, and of what failed why."""
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    for each in result["plan"]:
        if each["service"] not in failed:
            session.out.line(_sentence(each, would=False))
    outcomes.show(session, result["outcomes"], verb="start", output="text")


def _sentence(planned: plan.Planned, *, would: bool) -> str:
    name, keeper = planned["service"], planned.get("manager", "agent")
    match planned["change"]:
        case "created":
            return f"{name}: {'would be ' if would else ''}created, kept by {keeper}"
        case "changed":
            verb = "would change" if would else "changed"
            restart = "; restart" if planned["action"] == "restart" else ""
            return f"{name}: {verb}: {_changes(planned)}{restart}"
        case _:
            return f"{name}: unchanged"


def _changes(planned: plan.Planned) -> str:
    said = [f"{path} {plan.text(old)} -> {plan.text(new)}" for path, old, new in planned["changes"]]
    targets = [each["target"] for each in planned.get("acts", ())]
    return ", ".join(said or targets) or "its definition"


def _tell_next(session: Session, result: Result, *, now: bool) -> None:
    created = [each["service"] for each in result["plan"] if each["change"] == "created"]
    if exit_status(result):
        return
    if created and not now:
        session.tell(f"next: svcctl start {' '.join(created)}")
    else:
        session.tell(f"next: svcctl status {' '.join(each['service'] for each in result['plan'])}")
