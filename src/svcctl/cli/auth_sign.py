"""``svcctl auth sign``: the headers that sign one request, for curl and its like."""

from __future__ import annotations

import time

import click

from svcctl.cli.command import Command
from svcctl.cli.session import Session
from svcctl.cli.verb_command import read_duration
from svcctl.errors import UsageError, quoted

_HOLDS = "1m"


@click.command(
    cls=Command,
    params=[
        click.Argument(["method"]),
        click.Argument(["url"]),
        click.Option(["--key"], required=True, metavar="FILE", help="private key to sign with"),
        click.Option(
            ["--as", "key_id"], required=True, metavar="NAME", help="what [access.signers] calls it"
        ),
        click.Option(["--body"], metavar="FILE", help="what is sent, byte for byte"),
        click.Option(
            ["--header", "-H", "headers"],
            multiple=True,
            metavar="NAME: VALUE",
            help="a header that is sent, such as Idempotency-Key",
        ),
        click.Option(
            ["--for", "holds"],
            type=read_duration,
            default=_HOLDS,
            metavar="DURATION",
            help=f"how long it can be sent, at most 5m (default: {_HOLDS})",
        ),
    ],
    help="Print the headers that sign one request, and those given: for curl -H @-.",
)
@click.pass_obj
def sign(
    session: Session,
    /,
    *,
    method: str,
    url: str,
    key: str,
    key_id: str,
    body: str | None,
    headers: tuple[str, ...],
    holds: float,
) -> int:
    from svcctl.auth import signature  # noqa: PLC0415 - an extra
    from svcctl.bootstrap.signing import read_key  # noqa: PLC0415

    if not 0 < holds <= signature.LONGEST:
        raise UsageError(f"a signature holds {signature.LONGEST:g}s at most")
    given = dict(_header(each) for each in headers)
    message = signature.Message(
        method=method.upper(), url=url, headers=given, body=_content(body) if body else b""
    )
    made = signature.sign(
        message, key_id=key_id, private=read_key(key), now=time.time(), holds=holds
    )
    for name, value in {**given, **made}.items():
        session.out.line(f"{name}: {value}")
    return 0


sign.examples = (
    "svcctl auth sign GET $URL/v1/services --key ci.key --as ci | curl -H @- $URL/v1/services",
    "svcctl auth sign POST $URL --key ci.key --as ci --body b.json -H 'Idempotency-Key: 7f3a'",
)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or "\n" in text or "\r" in text:
        raise UsageError(f"{text!r} is no header", hint="write it as 'NAME: VALUE'")
    return name.strip(), value.strip()


def _content(path: str) -> bytes:
    try:
        with click.open_file(path, "rb") as file:
            found: bytes = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {quoted(path)}: {error.strerror}") from error
    return found
