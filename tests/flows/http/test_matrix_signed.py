"""Every path and method, by signed requests that do not suffice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from svcctl.auth.signature import Message, sign
from tests.flows.attack.forging import PRIVATE
from tests.flows.http.asking import Line
from tests.flows.http.cells import Sent
from tests.flows.http.matrix import (
    DENIED,
    UNKNOWN,
    ask,
    but_sessions,
    insist_on_refusal,
    refused,
    told,
    verbs,
)
from tests.flows.http.stand import Stand, bearer_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("patience")]


def _signed(
    stand: Stand, sent: Sent, *, key: str = "ci", private: bytes = PRIVATE, later: float = 0.0
) -> Sent:
    host = sent.headers.get("host", "127.0.0.1")
    message = Message(
        method=sent.method,
        url=f"http://{host}{sent.target}",
        headers=dict(sent.headers),
        body=sent.body or b"",
    )
    now = stand.clock.now() + later
    return sent.showing(**sign(message, key_id=key, private=private, now=now))


def _expired(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent, later=-900)


def _of_tomorrow(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent, later=86_400)


def _by_a_foreign_key(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent, private=hashlib.sha256(b"mine").digest())


def _by_nobody_known(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent, key="eve")


def _for_another_host(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent.showing(host="other.example"))


def _with_another_body(stand: Stand, sent: Sent) -> Sent:
    return replace(_signed(stand, sent), body=b'{"reason":"mine","service":"web"}')


def _with_another_path(stand: Stand, sent: Sent) -> Sent:
    other = replace(sent, target=sent.target.replace("/v1/", "/v2/") + "?x=1")
    return replace(_signed(stand, other), target=sent.target)


def _with_another_method(stand: Stand, sent: Sent) -> Sent:
    return replace(_signed(stand, replace(sent, method="DELETE")), method=sent.method)


def _beside_a_token(stand: Stand, sent: Sent) -> Sent:
    return _signed(stand, sent).showing(**bearer_of(stand.token()))


@pytest.mark.parametrize(
    "bad",
    [
        *(_expired, _of_tomorrow, _by_a_foreign_key, _by_nobody_known, _for_another_host),
        *(_with_another_body, _with_another_path, _with_another_method, _beside_a_token),
    ],
)
def test_no_path_takes_a_signature_that_does_not_hold(
    whole: Stand, bad: Callable[[Stand, Sent], Sent]
) -> None:
    async def story(stand: Stand, line: Line) -> None:
        await refused(line, but_sessions(stand), lambda sent: bad(stand, sent), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


def test_no_path_takes_what_a_key_signs_that_was_revoked(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        stand.revocations.revoke("key:ci", until=None, now=stand.clock.now())
        await refused(line, but_sessions(stand), lambda sent: _signed(stand, sent), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


def test_no_path_takes_the_same_signature_twice(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        for cell in but_sessions(stand):
            sent = _signed(stand, cell.requests()[0])
            first = await ask(line, sent)
            again = await ask(line, sent)

            assert (sent, first.status) == (sent, 404 if "{id}" in cell.path else 200)
            insist_on_refusal(again, sent, UNKNOWN)
            assert stand.came == ([cell.verb.name] if cell.verb else [])
            stand.came.clear()

    told(whole, story)


def test_no_path_is_for_a_key_without_its_role(whole: Stand) -> None:
    whole.signers["ci"] = replace(whole.signers["ci"], roles=())

    async def story(stand: Stand, line: Line) -> None:
        await refused(line, verbs(stand), lambda sent: _signed(stand, sent), DENIED)
        assert stand.came == []
        assert {(row.actor, row.outcome) for row in stand.rows} == {
            ("key:ci", "asked"),
            ("key:ci", DENIED[1]),
        }

    told(whole, story)
