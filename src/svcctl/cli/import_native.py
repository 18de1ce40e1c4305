"""``svcctl import-native``: an existing service of the system as a definition of ours."""

from __future__ import annotations

from pathlib import Path

import click

from svcctl.cli.session import Session
from svcctl.cli.verb_command import Command
from svcctl.errors import Conflict


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "--file", "-f", type=click.Path(dir_okay=False), help="write it to this file, which must be new"
)
@click.pass_obj
def import_native(session: Session, name: str, *, file: str | None) -> None:
    """Print the definition that an existing native service would have.

    Reads a unit of systemd (with its drop-ins), a Windows service, or one that NSSM wraps.  What
    has no place in a definition is named in comments.  Nothing is changed.
    """
    from svcctl.bootstrap.foreign import foreign_draft  # noqa: PLC0415 - loads a native manager
    from svcctl.spec.draft import render  # noqa: PLC0415

    found = foreign_draft(name)
    text = render([found])
    if file is None:
        click.echo(text, nl=False)
    else:
        path = Path(file)
        if path.exists():
            raise Conflict(f"'{file}' is there already", hint="name another file")
        path.write_text(text, encoding="utf-8")
    notes = [each for each in found.note.splitlines()[1:] if each]
    if notes:
        session.tell(f"look at {len(notes)} notes in the comments on top")
    session.tell(
        f"next: remove the old service {name!r}, then: svcctl install {found.name}"
        + (f" -f {file}" if file else "")
    )


assert isinstance(import_native, Command)
import_native.examples = (
    "svcctl import-native nginx",
    "svcctl import-native MyNssmService -f svcctl.toml",
)
