"""What is known of one RPC before its request is read: who asks, what they call it, how it ends."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import unquote

import grpc

from svcctl.auth.doorkeeper import Shown
from svcctl.auth.identity import Identity, Way
from svcctl.errors import SvcctlError, Unauthenticated
from svcctl.server.grpc.problem import DETAILS, LONGEST, code_of, details_of
from svcctl.server.holding import Watches

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[bytes, bytes]

log = logging.getLogger(__name__)

T = TypeVar("T")

REQUEST_ID = "x-request-id"
"""The metadata that names a request; it is told back with what came of it."""
_LONGEST_ID = 128
_LAST_WORDS = 2.0  # seconds a caller may take to read how it ended


class Door(Watches, Protocol):
    """Says who asks; see :class:`svcctl.auth.doorkeeper.Doorkeeper`."""

    async def identify(self, shown: Shown, *, way: Way, source: str) -> Identity:
        """Give who shows *shown* from *source* (an address); raises Unauthenticated and others."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One RPC and what came with it."""

    context: Context
    request_id: str

    @classmethod
    def of(cls, context: Context) -> Caller:
        """Give the caller of an RPC, with an id of ours where it has none that can be told."""
        given = next(iter(_values(context, REQUEST_ID)), "")
        is_good = 0 < len(given) <= _LONGEST_ID and given.isascii() and given.isprintable()
        found = cls(context, given if is_good else secrets.token_urlsafe(12))
        context.set_trailing_metadata(((REQUEST_ID, found.request_id),))
        return found

    async def identify(self, doorkeeper: Door) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries, and see the doorkeeper."""
        shown = Shown(bearer=_bearer(self.context), certificate=_certificate(self.context))
        source = source_of(self.context.peer())
        return await doorkeeper.identify(shown, way=Way.GRPC, source=source)

    def said(self, name: str) -> list[str]:
        """Give what came as metadata of that name."""
        return _values(self.context, name)

    def tell(self, name: str, value: str) -> None:
        """Have that metadata go with the reply."""
        self.context.set_trailing_metadata(((REQUEST_ID, self.request_id), (name, value)))

    async def answer(self, work: Awaitable[T]) -> T:
        """Give what *work* gives; every error of ours ends the RPC with a status that tells it."""
        try:
            return await work
        except SvcctlError as error:
            problem = error
        except grpc.aio.BaseError:  # the RPC is over already
            raise
        except Exception:
            log.exception("grpc.failed", extra={"id": self.request_id})
            problem = SvcctlError("it failed inside svcctl", hint="see the log of the agent")
        await self._end(problem)
        raise asyncio.CancelledError  # who reads nothing cannot be told either: they are cut off

    async def _end(self, problem: SvcctlError) -> None:
        """End the RPC, which raises, unless the caller does not even read that."""
        details = details_of(problem, request_id=self.request_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self.context.abort(
                    code_of(problem),
                    problem.problem[:LONGEST],
                    ((REQUEST_ID, self.request_id), (DETAILS, details)),
                )


def source_of(peer: str) -> str:
    """Give the address in what gRPC calls a peer, such as ``ipv6:%5B::1%5D:50123``."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return kind
    return rest.rpartition(":")[0].strip("[]")


def _bearer(context: Context) -> str:
    found = _values(context, "authorization")
    if len(found) > 1:
        raise Unauthenticated("there are two tokens", hint="send one")
    scheme, _, text = (found[0] if found else "").partition(" ")
    if scheme and (scheme.lower() != "bearer" or not text.strip()):
        raise Unauthenticated("only bearer tokens are taken", hint="authorization: Bearer TOKEN")
    return text.strip()


def _certificate(context: Context) -> bytes:
    found = next(iter(context.auth_context().get("x509_pem_cert", ())), b"")
    return ssl.PEM_cert_to_DER_cert(found.decode()) if found else b""


def _values(context: Context, name: str) -> list[str]:
    metadata = context.invocation_metadata() or ()
    return [value for key, value in metadata if key == name and isinstance(value, str)]
