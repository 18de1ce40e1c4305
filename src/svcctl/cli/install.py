"""``svcctl install``: a service handed to the system's own manager, from a file or from flags."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from svcctl.app.verb import REASON
from svcctl.cli import plan
from svcctl.cli.ask import confirm
from svcctl.cli.command import Command
from svcctl.cli.installing import (
    DECLINED,
    Result,
    Service,
    about,
    as_result,
    exit_status,
    kept_names,
    put,
    request,
    show_done,
    show_dry_run,
)
from svcctl.cli.output import as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import complete_defined, parameter
from svcctl.errors import UnknownService, UsageError
from svcctl.spec.names import did_you_mean
from svcctl.wire import Selection

_RELATIONS = frozenset(("needs", "after"))


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
        parameter(REASON),
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

    session = replace(session, reason=given.pop("reason") or "")
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
    "svcctl install mailer --python shop.mail:Mailer",
    r'svcctl install myapp --exec "C:\apps\my app\app.exe" --start delayed --dry-run',
    "svcctl install --csv services.csv",
)


def _install(session: Session, asked: Asked) -> int:
    services = _services(session, asked)
    names = [str(each["name"]) for each in services]
    planned = about(names, as_result(session.ask(request(services, dry_run=True))))
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
    from svcctl.cli.definitions import FILE, FOLDER, documents, load, on_windows  # noqa: PLC0415
    from svcctl.cli.install_options import flags, overrides  # noqa: PLC0415
    from svcctl.spec.load import Unwritten, load_unwritten  # noqa: PLC0415

    names, files = _names(asked), asked.options["files"]
    said, more = overrides(names, asked), flags(names, asked)
    if unwritten := _unwritten(asked):
        needed = any(each.partition(".")[2].partition("=")[0] in _RELATIONS for each in more)
        loaded = load_unwritten(
            {names[0]: Unwritten(values=unwritten)},
            folder=Path.cwd(),
            flags=more,
            overrides=said,
            known=kept_names(session) if needed else (),
            windows=on_windows(),
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


def _unwritten(asked: Asked) -> dict[str, object]:
    """Give the first values of a service that is in no file; nothing where it is in one."""
    from svcctl.cli.install_options import command, folder_for  # noqa: PLC0415

    if asked.text("exec"):
        return {"cwd": folder_for(command(asked.text("exec")))}
    return {"cwd": str(Path.cwd())} if asked.text("python") else {}


def _names(asked: Asked) -> tuple[str, ...]:
    names = asked.selection.names
    if not names:
        raise UsageError(
            "'install' needs to know which service",
            hint="svcctl install NAME, or many at once: svcctl install --csv FILE",
        )
    what = next((each for each in ("exec", "python") if asked.text(each)), "")
    if what and len(names) > 1:
        raise UsageError(
            f"one command cannot be {len(names)} services", hint="install one after the other"
        )
    if what and asked.options["files"]:
        raise UsageError(f"--{what} says what it is, and so does --file", hint="leave one out")
    return names


def _tell_next(session: Session, result: Result, *, now: bool) -> None:
    created = [each["service"] for each in result["plan"] if each["change"] == "created"]
    if exit_status(result):
        return
    if created and not now:
        session.tell(f"next: svcctl start {' '.join(created)}")
    else:
        session.tell(f"next: svcctl status {' '.join(each['service'] for each in result['plan'])}")
