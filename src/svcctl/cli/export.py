"""``svcctl export``: a unit of the system's own manager, without svcctl in the path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from svcctl.bootstrap.export import FORMATS, plain
from svcctl.cli.command import Command
from svcctl.cli.session import Session
from svcctl.cli.verb_command import complete_defined
from svcctl.errors import SystemFault, UnknownService, quoted
from svcctl.spec.names import did_you_mean
from svcctl.wire import Request, Selection

if TYPE_CHECKING:
    from svcctl.spec.service import ServiceSpec


@click.command(
    cls=Command,
    params=[
        click.Argument(["kind"], type=click.Choice(FORMATS)),
        click.Argument(["name"], shell_complete=complete_defined),
        click.Option(
            ["--file", "-f", "files"],
            multiple=True,
            type=click.Path(exists=True),
            help="file or folder that defines it (default: svcctl.toml, svcctl.d, "
            "else what is installed)",
        ),
        click.Option(
            ["--output", "-o"], type=click.Path(dir_okay=False), help="write it to this file"
        ),
    ],
    help="Write a systemd unit or a launchd property list that runs a service without svcctl. "
    "What those cannot do stands in comments on top.",
)
@click.pass_obj
def export(
    session: Session, /, *, kind: str, name: str, files: tuple[str, ...], output: str | None
) -> int:
    text = plain(kind, _spec(session, name, files))
    if output is None:
        session.out.line(text.rstrip())
        return 0
    try:
        Path(output).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SystemFault(f"{quoted(output)} cannot be written: {error.strerror}") from error
    session.out.line(f"wrote {output}")
    return 0


export.examples = (
    "svcctl export systemd web -o web.service",
    "svcctl export launchd web -f shop.toml > local.web.plist",
)


def _spec(session: Session, name: str, files: tuple[str, ...]) -> ServiceSpec:
    """Give the definition in *files*, in those of this folder, or of what is installed."""
    from svcctl.cli.definitions import FILE, FOLDER, load  # noqa: PLC0415 - pydantic takes its time
    from svcctl.spec import canonical  # noqa: PLC0415

    if files or Path(FILE).exists() or Path(FOLDER).exists():
        services = load(files).services
        if name in services:
            return services[name]
        if files:
            hint = did_you_mean(name, services) or f"add [services.{name}] to it"
            raise UnknownService(f"no service {name!r} in {', '.join(files)}", hint=hint)
    found = session.ask(Request(verb="show", select=Selection(names=(name,))))
    assert isinstance(found, list)
    return canonical.parse(found[0]["spec"])
