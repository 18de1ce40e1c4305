"""The HTTP side of the doorkeeper: finds in a request what shows who asks."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from svcctl.auth.doorkeeper import Doorkeeper, Shown
from svcctl.auth.identity import Identity, Way, unknown
from svcctl.errors import Denied, SvcctlError, Unauthenticated
from svcctl.ports import Cancel
from svcctl.server.http.behind import address_of, source_of
from svcctl.server.http.body import body_of
from svcctl.server.http.names import host_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from svcctl.auth.signature import Message

_SIGNED = "signature-input"


class Gate:
    """Says who is behind a request, as *keeper* finds.

    *names* are the hosts a signed request may be for, see :mod:`svcctl.server.http.names`: what
    was signed for another server does not hold here, whoever sends it on.
    """

    def __init__(self, keeper: Doorkeeper, *, names: Collection[str] = ()) -> None:
        self._keeper, self._names = keeper, frozenset(names)

    async def identify(self, request: Request) -> Identity:
        """Give who asks; raises Unauthenticated, TooManyTries, and see the doorkeeper.

        Of a signed request the body is read, once its head is known to be signed: raises UsageError
        for one that breaks off, HttpError for one that is too long.
        """
        signed = self._signed(request)
        shown = Shown(bearer=_bearer(request), signed=signed, certificate=_certificate(request))
        identity = await self._known(shown, request)
        if signed and signed.body is None:
            await _insist_on_content(signed, request)
        return identity

    async def suspect(self, request: Request) -> Identity:
        """Give who seems to have asked, where that was refused: by certificate, or nobody known."""
        certificate = _certificate(request)
        if certificate:
            with suppress(SvcctlError):
                return await self._known(Shown(certificate=certificate), request)
        return unknown(Way.HTTP, source=source_of(request))

    def watch(
        self, identity: Identity, call: Callable[[], None], *, lasting: bool = False
    ) -> Cancel:
        """See :meth:`svcctl.auth.doorkeeper.Doorkeeper.watch`."""
        return self._keeper.watch(identity, call, lasting=lasting)

    async def _known(self, shown: Shown, request: Request) -> Identity:
        """Give who shows *shown*; failures count for their address, whoever hands them on."""
        address, source = address_of(request), source_of(request)
        identity = await self._keeper.identify(shown, way=Way.HTTP, source=address)
        return identity if source == address else replace(identity, source=source)

    def _signed(self, request: Request) -> Message | None:
        """Give the request as its signature covers it, None where it has none.

        A body that is announced is still to come.
        """
        if _SIGNED not in request.headers:
            return None
        from svcctl.auth.signature import Message  # noqa: PLC0415 - where there are any

        host = _only(request, "host")
        if host_of(host) not in self._names:
            raise Unauthenticated(
                f"what is signed is for host {host!r:.100}, which this server is not",
                hint="sign it for the name in the server's certificate",
            )
        headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
        url = f"{request.url.scheme}://{host}{_target(request)}"
        has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        body = None if has_body else b""
        return Message(method=request.method, url=url, headers=headers, body=body)


async def _insist_on_content(signed: Message, request: Request) -> None:
    from svcctl.auth.signature import insist_on_content  # noqa: PLC0415 - where there are any

    try:
        insist_on_content(signed, await body_of(request))
    except Denied as error:
        raise Unauthenticated(error.problem, hint=error.hint) from error


def _bearer(request: Request) -> str:
    scheme, _, text = _only(request, "authorization").partition(" ")
    if scheme and (scheme.lower() != "bearer" or not text.strip()):
        raise Unauthenticated("only bearer tokens are taken", hint="Authorization: Bearer TOKEN")
    return text.strip()


def _only(request: Request, name: str) -> str:
    """Give a header that may stand there once; empty where it does not."""
    found = request.headers.getlist(name)
    if len(found) > 1:
        raise Unauthenticated(f"there are {len(found)} headers {name!r}", hint="send one")
    return found[0] if found else ""


def _target(request: Request) -> str:
    """Give path and query as they came: what is signed is that, and not what it is decoded to."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _certificate(request: Request) -> bytes:
    tls = request.scope.get("extensions", {}).get("tls", {})
    chain = tls.get("client_cert_chain") or [""]
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain[0] else b""
