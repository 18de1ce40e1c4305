"""``svcctl import-native``: an existing service of the system as a definition of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from svcctl.cli.command import Command
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.errors import Conflict, SystemFault, UsageError, quoted

if TYPE_CHECKING:
    from svcctl.spec.draft import Draft


@click.command(
    cls=Command,
    params=[
        click.Argument(["name"]),
        click.Option(
            ["--output", "-o", "--file", "-f", "file"],
            type=click.Path(dir_okay=False),
            help="write it to this file, which must be new",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="print it as JSON"),
        click.Option(
            ["--take-over"],
            is_flag=True,
            help="stop and disable the old service, and install and start ours; "
            "where that fails, all is as before",
        ),
        click.Option(
            ["--as", "new_name"],
            metavar="NAME",
            default="",
            help="with --take-over: what ours is called (default: NAME-svcctl)",
        ),
        click.Option(["--dry-run"], is_flag=True, help="only say what would be done"),
        click.Option(["--yes", "-y"], is_flag=True, help="do not ask"),
    ],
    help="Print the definition that an existing native service would have.\n\n"
    "Reads a unit of systemd (with its drop-ins), a Windows service, or one that NSSM wraps. What "
    "has no place in a definition is named in comments. Nothing is changed but with --take-over.",
)
@click.pass_obj
def import_native(
    session: Session,
    /,
    *,
    name: str,
    file: str | None,
    as_json: bool,
    take_over: bool,
    new_name: str,
    dry_run: bool,
    yes: bool,
) -> int:
    from svcctl.bootstrap.foreign import foreign_draft, old_service  # noqa: PLC0415
    from svcctl.spec.draft import render  # noqa: PLC0415

    if new_name and not take_over:
        raise UsageError("--as names what takes over", hint="add --take-over")
    found = foreign_draft(name)
    if not take_over:
        text = render([found])
        _give(session, found, text, None if dry_run else file, in_json=as_json)
        session.tell(
            f"next: svcctl import-native {name} --take-over, or remove the old service {name!r}, "
            f"then: svcctl install {found.name}" + (f" -f {file}" if file else "")
        )
        return 0
    from svcctl.cli.taking_over import Takeover, run, successor  # noqa: PLC0415 - pydantic

    draft = successor(found, new_name)
    _tell_notes(session, draft)
    asked = Takeover(
        name=name,
        old=old_service(name),
        draft=draft,
        dry_run=dry_run,
        yes=yes,
        output="json" if as_json else "text",
    )
    if file and not dry_run:
        _refuse_existing(file)
    status = run(session, asked)
    if file and not dry_run and not status:
        _write(file, render([draft]))
    return status


import_native.examples = (
    "svcctl import-native nginx",
    "svcctl import-native MyNssmService -o svcctl.toml",
    "svcctl import-native nginx --take-over --dry-run",
)


def _give(session: Session, found: Draft, text: str, file: str | None, *, in_json: bool) -> None:
    if file is not None:
        _refuse_existing(file)
        _write(file, text)
    if in_json:
        notes = _notes(found)
        session.out.line(as_json({"name": found.name, "definition": text, "notes": notes}))
    elif file is None:
        session.out.line(text.rstrip())
    else:
        session.out.line(f"wrote {file}")
    _tell_notes(session, found)


def _tell_notes(session: Session, found: Draft) -> None:
    if notes := _notes(found):
        session.tell(f"look at {len(notes)} notes in the comments on top")


def _notes(found: Draft) -> list[str]:
    """Give what has no place in a definition; the first line says where it came from."""
    return [each for each in found.note.splitlines()[1:] if each]


def _refuse_existing(file: str) -> None:
    if Path(file).exists():
        raise Conflict(f"{quoted(file)} is there already", hint="name another file")


def _write(file: str, text: str) -> None:
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SystemFault(f"{quoted(file)} cannot be written: {error.strerror}") from error
