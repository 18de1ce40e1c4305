"""What is signed of definitions: for which hosts, from when until when, and how far it counts.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from svcctl.errors import Denied, UsageError

LONGEST = 30 * 86_400.0
"""Seconds that what is signed holds at most."""

SLACK = 30.0
"""Seconds that clocks may differ."""

MAY_BE_SIGNED = frozenset(
    ("services", "watches", "alerting", "shipping", "healing", "prune", "no_start")
)
"""Arguments of apply that may come signed; who may do what is said on the machine itself."""

_VERSION = 1
_MOST = 2**53  # whole numbers that every program reads alike
_HINT = "sign it anew: svcctl spec sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: for which *hosts*, from when until when (seconds since 1970), and *apply*.

    *counter* is greater than that of whatever the same key signed for these hosts before.
    """

    hosts: tuple[str, ...]
    issued_at: float
    expires_at: float
    counter: int
    apply: Mapping[str, object] = field(default_factory=dict)

    def insist_it_may_be_signed(self) -> None:
        """Raise UsageError for what is never taken from elsewhere, whoever signs it."""
        for name in self.apply:
            if name not in MAY_BE_SIGNED:
                raise UsageError(
                    f"{name!r:.80} cannot come signed", hint="apply it on the machine itself"
                )

    def payload(self) -> bytes:
        """Give it as it is signed."""
        document = {
            "version": _VERSION,
            "hosts": list(self.hosts),
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "counter": self.counter,
            "apply": dict(self.apply),
        }
        return json.dumps(document, separators=(",", ":")).encode()


def statement(payload: bytes) -> Statement:
    """Read what :meth:`Statement.payload` gave; raises UsageError."""
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise UsageError("what is signed is no JSON", hint=_HINT) from error
    match document:
        case {
            "version": 1,
            "hosts": [*hosts],
            "issued_at": int() | float() as issued_at,
            "expires_at": int() | float() as expires_at,
            "counter": int(counter),
            "apply": dict(apply),
        } if all(isinstance(each, str) for each in hosts) and 0 < counter < _MOST:
            found = Statement(
                hosts=tuple(map(str, hosts)),
                issued_at=float(issued_at),
                expires_at=float(expires_at),
                counter=counter,
                apply=apply,
            )
        case _:
            raise UsageError("what is signed is no statement of definitions", hint=_HINT)
    found.insist_it_may_be_signed()
    return found


def check(said: Statement, *, host: str, now: float) -> None:
    """Raise Denied unless *said* is for *host* and holds *now*."""
    if host not in said.hosts:
        named = ", ".join(said.hosts[:5]) or "nobody"
        raise Denied(
            f"it is signed for {named!r:.200}, and this is {host!r}",
            hint=f"svcctl spec sign --host {host}",
        )
    if not said.issued_at - now <= SLACK:
        raise Denied(
            f"it was signed {said.issued_at - now:.0f}s from now",
            hint=f"set both clocks: they may differ by {SLACK:g}s",
        )
    if not now - said.expires_at <= SLACK:
        raise Denied(f"it has expired {now - said.expires_at:.0f}s ago", hint=_HINT)
    if not said.expires_at - said.issued_at <= LONGEST:
        raise Denied(f"it holds longer than {LONGEST / 86_400:g}d", hint=_HINT)


def unproven(bundle: object) -> dict[str, Any]:
    """Give the arguments of apply that *bundle* carries, before it is known who signed it.

    For who decides whether the asker may, and for the audit log.  Raises UsageError.
    """
    from svcctl.auth.envelope import SPEC, contents  # noqa: PLC0415 - where there are any

    return dict(statement(contents(bundle, kind=SPEC)).apply)
