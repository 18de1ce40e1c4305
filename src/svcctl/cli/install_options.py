"""What the options of ``svcctl install`` say of a service, as overrides of its definition."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from svcctl.bootstrap.local import native_manager
from svcctl.cli.session import Asked
from svcctl.errors import UsageError
from svcctl.spec.layers import Layer
from svcctl.spec.locate import KeyPath
from svcctl.spec.native import PASSWORD_AT_HAND
from svcctl.spec.notation import parse_command
from svcctl.spec.overrides import Override
from svcctl.spec.service import Manager, Scope, Start
from svcctl.spec.toml import toml_value
from svcctl.spec.windows_words import command_words

_PASSWORD_VARIABLE = PASSWORD_AT_HAND.removeprefix("env:")

_PATHS: Mapping[str, KeyPath] = {
    "python": ("python",),
    "cwd": ("cwd",),
    "user": ("user",),
    "start": ("start",),
    "description": ("description",),
    "display_name": ("display_name",),
    "manager": ("manager",),
    "scope": ("scope",),
}


def parameters() -> list[click.Parameter]:
    """Give the options that define a service, or override what a file says of it."""
    return [
        click.Option(["--exec"], metavar="COMMAND", help="program and arguments, in one text"),
        click.Option(
            ["--python"], metavar="MODULE:NAME", help="a service written in Python, in this folder"
        ),
        click.Option(["--cwd"], metavar="DIR", help="working directory"),
        click.Option(["--env"], multiple=True, metavar="NAME=VALUE", help="environment variable"),
        click.Option(["--user"], metavar="ACCOUNT", help="account it runs as"),
        click.Option(
            ["--password-file"],
            type=click.Path(exists=True, dir_okay=False),
            help="file that holds the account's password (Windows)",
        ),
        click.Option(
            ["--password-stdin"], is_flag=True, help="read that password from standard input"
        ),
        click.Option(["--start"], type=_choice(Start), help="when it starts by itself"),
        click.Option(["--description"], metavar="TEXT", help="what it is, for people"),
        click.Option(["--display-name"], metavar="TEXT", help="name in the system's own tools"),
        click.Option(["--manager"], type=_choice(Manager), help="who keeps it (default: auto)"),
        click.Option(["--scope"], type=_choice(Scope), help="the machine's or your own service"),
        click.Option(
            ["--set", "flags"],
            multiple=True,
            metavar="OPTION=VALUE",
            help="any other option, such as stop.timeout=20s",
        ),
    ]


def _choice(kind: Iterable[object]) -> click.Choice[str]:
    return click.Choice([str(each) for each in kind])


def overrides(names: Sequence[str], asked: Asked) -> list[Override]:
    """Give what the options in *asked* say of each of *names*."""
    found: list[Override] = []
    for name in names:
        said = [*_plain(asked), *_environment(asked), *_password(asked)]
        found += [
            Override(service=name, path=path, text=text, layer=Layer.FLAG, said=f"--{flag}")
            for flag, path, text in said
        ]
    return found


def flags(names: Sequence[str], asked: Asked) -> list[str]:
    """Give the ``--set`` flags, each for all of *names* unless it names one itself."""
    found: list[str] = []
    for flag in texts(asked, "flags"):
        if any(flag.startswith(f"{name}.") for name in names):
            found.append(flag)
        else:
            found += [f"{name}.{flag}" for name in names]
    return found


def texts(asked: Asked, name: str) -> tuple[str, ...]:
    """Give an option that may be given many times."""
    found = asked.options.get(name) or ()
    assert isinstance(found, tuple)
    return found


def command(text: str) -> tuple[str, ...]:
    """Give the program and its arguments, split as this system's own programs do it."""
    if native_manager() == "scm":
        return tuple(command_words(text, is_file=lambda path: Path(path).is_file()))
    return parse_command(text)


def folder_for(argv: Sequence[str]) -> str:
    """Give the working directory of a program nobody gave one: not where the installer stands.

    Only a program without a folder, or with a relative one, is at home here.
    """
    program = Path(argv[0])
    if not program.is_absolute():
        return str(Path.cwd())
    return str(program.parent) if native_manager() == "scm" else program.anchor


@contextmanager
def password_read(asked: Asked) -> Iterator[None]:
    """Read a password from stdin, where that was asked for, and keep it while the block lasts."""
    if not asked.flag("password_stdin"):
        yield
        return
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("there is no password on standard input", hint="write it on one line")
    os.environ[_PASSWORD_VARIABLE] = password
    try:
        yield
    finally:
        del os.environ[_PASSWORD_VARIABLE]


def _plain(asked: Asked) -> Iterator[tuple[str, KeyPath, str]]:
    if asked.text("exec"):
        yield "exec", ("exec",), toml_value(command(asked.text("exec")))
    for name, path in _PATHS.items():
        said = asked.text(name)
        if said:
            yield (
                name.replace("_", "-"),
                path,
                str(Path(said).absolute()) if name == "cwd" else said,
            )


def _environment(asked: Asked) -> Iterator[tuple[str, KeyPath, str]]:
    for pair in texts(asked, "env"):
        name, sign, value = pair.partition("=")
        if not name or not sign:
            raise UsageError(f"{name!r} sets no variable", hint="write it as --env NAME=VALUE")
        yield f"env {name}", ("env", name), value


def _password(asked: Asked) -> Iterator[tuple[str, KeyPath, str]]:
    path: KeyPath = ("windows", "password")
    if asked.text("password_file") and asked.flag("password_stdin"):
        raise UsageError("there can be one password", hint="--password-file or --password-stdin")
    if asked.text("password_file"):
        file = Path(asked.text("password_file")).absolute()
        yield "password-file", path, f"file:{file}"
    if asked.flag("password_stdin"):
        yield "password-stdin", path, PASSWORD_AT_HAND
