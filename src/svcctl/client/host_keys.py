"""Which key each host signs with: neither a broker nor whom it lets in is believed for a host."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping

from svcctl.app.statements import Statement
from svcctl.auth.sealing import insist_sealed
from svcctl.errors import Denied, Unauthenticated, UsageError

_SHOWN = "on that machine: svcctl serve rabbitmq --show-key, or serve redis"


class HostKeys:
    """Public keys by the names of their hosts, as ``svcctl serve KIND --show-key`` prints them.

    With *learns* the first key that a host shows is taken for its own from then on: whoever comes
    before the host is taken for it.  Raises UsageError for what is no key.
    """

    def __init__(self, known: Mapping[str, str], *, learns: bool = False) -> None:
        self._known = {host: _insist_on_key(host, key) for host, key in known.items()}
        self._learns = learns

    @property
    def known(self) -> dict[str, str]:
        """Give the keys, and those that were learnt: keep them for the next time."""
        return dict(self._known)

    def insist(self, statement: Statement, host: str) -> None:
        """Raise Unauthenticated unless *host* made *statement*."""
        what = f"the {statement.purpose} of {host!r}"
        if not statement.key:
            raise Unauthenticated(f"{what} is not signed", hint="is it of this version there?")
        known = self._known.get(host)
        if known is None and not self._learns:
            raise Unauthenticated(f"the key of {host!r} is not known here", hint=_SHOWN)
        if known is not None and known != statement.key:
            raise Unauthenticated(
                f"{what} is signed with the key {statement.key!r:.60}, not with its own",
                hint=f"somebody forges it, or the host has a new key; {_SHOWN}",
            )
        try:
            public = b64decode(_insist_on_key(host, statement.key))
            insist_sealed(statement.text, statement.signature, public, purpose=statement.purpose)
        except (Denied, UsageError) as error:
            raise Unauthenticated(
                f"the signature of {what} does not hold", hint="somebody altered or forged it"
            ) from error
        self._known[host] = statement.key


def _insist_on_key(host: str, text: str) -> str:
    try:
        is_one = len(b64decode(text, validate=True)) == 32
    except ValueError:
        is_one = False
    if not is_one:
        raise UsageError(f"{text!r:.60} is no key of {host!r}", hint=_SHOWN)
    return text
