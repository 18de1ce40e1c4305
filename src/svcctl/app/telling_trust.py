"""Tells those who serve others what shows who somebody is: no secret, and each change at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.tokens import Tokens
from svcctl.app.waiting import Emit
from svcctl.ports import Document
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.auth.signature import SignerKey


class TellingTrust:
    """Carries out the verb ``trust``.

    *certificates* gives the trust ``domain`` of this machine's own authority and, as PEM, its
    certificates with what they revoked; empty where there is none.
    """

    def __init__(
        self, tokens: Tokens, access: Access, *, certificates: Callable[[], Document]
    ) -> None:
        self._tokens, self._access, self._certificates = tokens, access, certificates

    async def trust(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Emit all of it now and after each change, until the asker hangs up."""
        del selection, args
        changed = asyncio.Event()
        sources = (self._tokens.revocations, self._tokens, self._access)
        with ExitStack() as stack:
            for each in sources:
                stack.callback(each.listeners.add(changed.set))
            while True:
                changed.clear()
                emit(self.document())
                await emit.room()
                await changed.wait()

    def document(self) -> Document:
        """Give what is told: public keys, what was revoked, issuers, signers, certificates."""
        issuers, signers = self._access.trusted()
        return {
            "tokens": self._tokens.public_ring().document(),
            "revoked": self._tokens.revocations.known(),
            "issuers": [asdict(each) for each in issuers],
            "signers": _public(signers),
            "certificates": self._certificates(),
        }


def _public(signers: Mapping[str, SignerKey]) -> Document:
    from base64 import b64encode  # noqa: PLC0415 - where there are any

    return {
        name: {
            "actor": each.actor,
            "public": b64encode(each.public).decode(),
            "roles": list(each.roles),
        }
        for name, each in signers.items()
    }
