"""What strangers send over a network before, and after, it is known who they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from svcctl.app.arguments import check
from svcctl.app.signed_statement import statement
from svcctl.auth.envelope import SPEC, opened
from svcctl.auth.identity import Way
from svcctl.auth.keys import KeyRing, SigningKey
from svcctl.auth.signature import Message, SignerKey, verify
from svcctl.auth.tokens import verify as verify_token
from svcctl.errors import Denied, UsageError
from svcctl.server.http.arguments import from_body, from_query
from svcctl.server.http.names import host_of
from svcctl.server.http.routes import Route, routes
from svcctl.wire import Selection

Read = Callable[[], tuple[Selection, dict[str, object]]]

NOW = 1_790_000_000.0
_SOME = 12  # one in so many routes: they are read alike
_PUBLIC = bytes.fromhex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
_RING = KeyRing(
    host="0123456789abcdef",
    keys=(
        SigningKey(
            id="k1",
            begins=0.0,
            ends=None,
            private={
                "kty": "OKP",
                "crv": "Ed25519",
                "kid": "k1",
                "alg": "Ed25519",
                "use": "sig",
                "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
            },
        ),
    ),
)


class _Forgetful:
    def take(self, key_id: str, nonce: str, *, until: float, now: float) -> bool:
        assert until > now
        assert key_id
        assert nonce
        return True


def token(content: bytes) -> None:
    """What stands after ``Bearer``: nobody without our key can write one."""
    try:
        verify_token(content.decode("latin-1"), _RING, way=Way.HTTP, source="", now=NOW)
    except Denied:
        return
    raise AssertionError("a token that nobody signed")


def signed(content: bytes) -> None:
    """A request with a signature: first line, headers, an empty line and a body."""
    head, _, body = content.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, url = first.partition(" ")
    pairs = (line.partition(": ") for line in lines)
    message = Message(
        method=method, url=url, headers={name: value for name, _, value in pairs}, body=body
    )
    keys = {"ci": SignerKey(actor="key:ci", public=_PUBLIC)}
    with suppress(Denied):
        verify(message, keys, nonces=_Forgetful(), way=Way.HTTP, source="", now=NOW)


def asked(content: bytes) -> None:
    """A body, and a query, for some routes: arguments of their verbs, or a UsageError."""
    text = content.decode("latin-1")
    host_of(text)
    query = [(name, value) for name, _, value in (each.partition("=") for each in text.split("&"))]
    for route in routes()[::_SOME]:
        for read in (_of_body(route, content), _of_query(route, query)):
            with suppress(UsageError):
                selection, args = read()
                assert all(isinstance(each, str) for each in selection.names)
                check(route.verb, args)


def _of_body(route: Route, content: bytes) -> Read:
    return lambda: from_body(route, "web", content)


def _of_query(route: Route, query: list[tuple[str, str]]) -> Read:
    return lambda: from_query(route, "web", query)


def bundle(content: bytes) -> None:
    """Definitions that say they are signed, and what is inside of them."""
    with suppress(UsageError):
        statement(content)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return
    with suppress(UsageError, Denied):
        opened(document, {"release": _PUBLIC}, kind=SPEC)
