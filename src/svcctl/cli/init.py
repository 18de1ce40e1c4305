"""``svcctl init`` and ``svcctl add``: definitions somebody has not written yet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from svcctl.cli.command import Command
from svcctl.cli.session import Session
from svcctl.errors import Conflict, SystemFault, UsageError, quoted

_FILE = "svcctl.toml"


@click.command(
    cls=Command,
    params=[
        click.Argument(
            ["folder"],
            default=".",
            type=click.Path(exists=True, file_okay=False),
            metavar="[FOLDER]",
        ),
        click.Option(["--force"], is_flag=True, help=f"overwrite {_FILE}"),
        click.Option(["--dry-run"], is_flag=True, help="print it, write nothing"),
    ],
    help=f"Write {_FILE} from what a folder holds: Procfile, compose file, package.json, "
    "pyproject.toml, services in Python, programs.",
)
@click.pass_obj
def init(session: Session, /, *, folder: str, force: bool, dry_run: bool) -> int:
    from svcctl.spec.convert.folder import look  # noqa: PLC0415 - only needed here
    from svcctl.spec.draft import render  # noqa: PLC0415

    path = Path(folder) / _FILE
    if path.exists() and not (force or dry_run):
        raise Conflict(
            f"there is {quoted(path)} already",
            hint="svcctl init --force, or look first: --dry-run",
        )
    found = look(Path(folder))
    for problem in found.problems:
        session.tell(f"left out: {problem.problem}")
    text = render(found.drafts)
    if dry_run:
        session.out.line(text.rstrip())
        return 0
    _write(path, text)
    names = ", ".join(each.name for each in found.drafts)
    session.out.line(f"wrote {path}: {names}" if names else f"wrote {path}, with an example")
    session.tell("next: svcctl check, then svcctl up")
    return 0


@click.command(
    cls=Command,
    params=[
        click.Argument(["name"]),
        click.Argument(["argv"], nargs=-1, type=click.UNPROCESSED, metavar="-- CMD [ARG]..."),
        click.Option(
            ["--python"],
            metavar="MODULE:NAME",
            default="",
            help="a service written in Python, instead of a command",
        ),
        click.Option(["--cwd"], metavar="DIR", default="", help="working directory"),
        click.Option(["--env"], multiple=True, metavar="NAME=VALUE", help="environment variable"),
        click.Option(
            ["--file"],
            default=_FILE,
            metavar="FILE",
            help=f"what it is added to (default: {_FILE})",
        ),
    ],
    help=f"Add a service to {_FILE}.",
)
@click.pass_obj
def add(
    session: Session,
    /,
    *,
    name: str,
    argv: tuple[str, ...],
    python: str,
    cwd: str,
    env: tuple[str, ...],
    file: str,
) -> int:
    from svcctl.spec.draft import Draft, add_service  # noqa: PLC0415 - pydantic takes its time

    if argv and python:
        raise UsageError("a service takes one of a command and --python", hint="leave one out")
    if not argv and not python:
        raise UsageError("there is no command", hint=f"for example: svcctl add {name} -- ./{name}")
    draft = Draft(name=name, exec=argv, python=python, cwd=cwd, env=_pairs(env))
    add_service(Path(file), draft, environ=os.environ)
    session.out.line(f"added {name} to {file}")
    session.tell(f"next: svcctl up {file}, or svcctl apply {file}")
    return 0


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise UsageError(f"{text!r} sets no variable", hint="write it as --env NAME=VALUE")
        found[name] = value
    return found


def _write(path: Path, text: str) -> None:
    """Put *text* at *path* in one step: a reader sees the old file or the new one."""
    trial = path.with_name(f".{path.name}.new")
    try:
        trial.write_text(text, encoding="utf-8")
        trial.replace(path)
    except OSError as error:
        trial.unlink(missing_ok=True)
        raise SystemFault(f"{quoted(path)} cannot be written: {error.strerror}") from error


init.examples = ("svcctl init", "svcctl init shop --dry-run")
add.examples = (
    "svcctl add web -- python3 -m http.server 8000",
    "svcctl add job --cwd jobs -- ./run",
    "svcctl add mailer --python shop.mail:Mailer",
)
