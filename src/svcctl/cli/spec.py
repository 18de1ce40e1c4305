"""``svcctl spec``: definitions that are signed where they are written, and applied from afar."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import click

from svcctl.cli.applying import carry_through
from svcctl.cli.command import Command, Group
from svcctl.cli.output import as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import YES, read_duration, verb_command
from svcctl.errors import UsageError, quoted

_HOLDS = "1h"


@click.group(cls=Group)
def spec() -> None:
    """Sign definitions, and apply them on other machines.

    A machine takes them if [access] says signed_specs = true and names the key in spec_keys.
    """


spec.examples = (
    "svcctl spec keygen release.key               a key, once",
    "svcctl spec sign shop.toml --key release.key --as release --host web-1 > shop.signed",
    "svcctl spec apply shop.signed --dry-run      what it would do",
    "svcctl spec apply shop.signed",
)


@click.command(
    cls=Command,
    params=[click.Argument(["file"], type=click.Path())],
    help="Make a key to sign with; its public half is printed.",
)
@click.pass_obj
def keygen(session: Session, /, *, file: str) -> int:
    from svcctl.auth.signing_keys import public_text  # noqa: PLC0415 - an extra
    from svcctl.bootstrap.signing import make_key  # noqa: PLC0415

    session.out.line(public_text(make_key(file)))
    session.tell("whose definitions are taken is said in [access.spec_keys]: NAME = PUBLIC-KEY")
    session.tell("whose requests are taken, in [access.signers.NAME]: key = PUBLIC-KEY")
    return 0


keygen.examples = ("svcctl spec keygen release.key",)


@click.command(
    cls=Command,
    params=[
        click.Argument(
            ["files"], nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path(exists=True)
        ),
        click.Option(["--key"], required=True, metavar="FILE", help="private key to sign with"),
        click.Option(
            ["--as", "key_id"], required=True, metavar="NAME", help="what spec_keys calls the key"
        ),
        click.Option(
            ["--host", "hosts"],
            required=True,
            multiple=True,
            metavar="NAME",
            help="a machine it is for; others refuse it",
        ),
        click.Option(
            ["--for", "holds"],
            type=read_duration,
            default=_HOLDS,
            metavar="DURATION",
            help=f"how long it can be applied, at most 30d (default: {_HOLDS})",
        ),
        click.Option(
            ["--counter"],
            type=click.IntRange(min=1),
            metavar="NUMBER",
            help="must grow with each that this key signs (default: the seconds since 1970)",
        ),
        click.Option(["--prune"], is_flag=True, help="remove what the files no longer define"),
        click.Option(["--no-start"], is_flag=True, help="do not start what is new"),
        click.Option(
            ["--set", "flags"],
            multiple=True,
            metavar="PATH=VALUE",
            help="override an option, such as web.stop.timeout=20s",
        ),
    ],
    help="Sign what files define, for some machines and a while.",
)
@click.pass_obj
def sign(
    session: Session,
    /,
    *,
    files: tuple[str, ...],
    flags: tuple[str, ...],
    key: str,
    key_id: str,
    hosts: tuple[str, ...],
    holds: float,
    counter: int | None,
    prune: bool,
    no_start: bool,
) -> int:
    from svcctl.app.signed_statement import Statement  # noqa: PLC0415 - as below
    from svcctl.auth.envelope import SPEC, seal  # noqa: PLC0415 - an extra
    from svcctl.bootstrap.signing import read_key  # noqa: PLC0415
    from svcctl.cli.definitions import arguments, load  # noqa: PLC0415 - pydantic takes its time

    private, now = read_key(key), time.time()
    said = Statement(
        hosts=hosts,
        issued_at=now,
        expires_at=now + holds,
        counter=counter or int(now),
        apply={**arguments(load(files, flags=flags)), "prune": prune, "no_start": no_start},
    )
    said.insist_it_may_be_signed()
    session.out.line(as_json(seal(said.payload(), kind=SPEC, key_id=key_id, private=private)))
    session.tell(f"number {said.counter}, for {', '.join(hosts)}; next: svcctl spec apply FILE")
    return 0


sign.examples = (
    "svcctl spec sign shop.toml --key release.key --as release --host web-1 > shop.signed",
    "svcctl spec sign conf.d --prune --key k --as ci --host web-1 --host web-2 --for 10m",
)


def _apply(session: Session, asked: Asked) -> int:
    bundle = _bundle(asked.text("file"))
    return carry_through(session, replace(asked, args={**asked.args, "bundle": bundle}))


def _bundle(path: str) -> dict[str, object]:
    """Read what was signed; raises UsageError."""
    try:
        with click.open_file(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror}") from error
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("this is nothing that was signed", hint="svcctl spec sign")
    return found


spec.add_command(keygen)
spec.add_command(sign)
spec.add_command(
    verb_command(
        "apply-signed",
        _apply,
        OUTPUT,
        YES,
        more=[click.Argument(["file"], type=click.Path(), metavar="FILE|-")],
    ),
    "apply",
)
