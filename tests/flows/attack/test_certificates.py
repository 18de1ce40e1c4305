"""Lesson 3: a certificate says who somebody is and never what they may; and 6: revoked is now."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httpx
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from svcctl.app.arguments import Arguments
from svcctl.app.verb import Role
from svcctl.app.waiting import Emit
from svcctl.ports import Document
from svcctl.wire import Selection
from tests.flows.attack.realm import DOMAIN, Realm
from tests.flows.http.asking import Line
from tests.flows.http.matrix import (
    DENIED,
    UNKNOWN,
    but_sessions,
    insist_on_refusal,
    refused,
    verbs,
)
from tests.flows.http.matrix import ask as asked
from tests.flows.http.matrix import told as everything
from tests.flows.http.stand import Stand, told

pytestmark = pytest.mark.slow

CI = f"spiffe://{DOMAIN}/ci"


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    return Realm(tmp_path / "realm")


@pytest.fixture
def stand(whole: Stand, realm: Realm) -> Stand:
    """A server over TLS 1.3, where the certificate of ci is an operator's."""
    whole.domain = DOMAIN
    whole.server_tls, whole.client_tls = realm.server(), realm.client("ci")
    whole.access.keep(
        cast("Document", {"spec": {"bindings": [{"who": [CI], "roles": ["operator"]}]}})
    )
    return whole


def as_certified(client: httpx.AsyncClient) -> httpx.AsyncClient:
    client.headers.pop("authorization", None)
    return client


def test_a_certificate_may_what_it_is_bound_to(stand: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        for cell in verbs(stand):
            sent = cell.requests()[0]
            answer = await asked(line, sent)
            if cell.verb and cell.verb.role in {Role.VIEWER, Role.OPERATOR}:
                assert (sent, answer.status) == (sent, 200)
                assert stand.came == [cell.verb.name]
            else:
                insist_on_refusal(answer, sent, DENIED)
                assert stand.came == []
            stand.came.clear()
        assert {row.actor for row in stand.rows} == {CI}
        assert {row.outcome for row in stand.rows} == {"asked", "done", DENIED[1]}

    everything(stand, story)


def test_no_path_is_for_a_certificate_that_is_bound_to_nothing(stand: Stand, realm: Realm) -> None:
    stand.client_tls = realm.client("stranger")

    async def story(stand: Stand, line: Line) -> None:
        await refused(line, verbs(stand), lambda sent: sent, DENIED)
        assert stand.came == []
        assert {(row.actor, row.outcome) for row in stand.rows} == {
            (f"spiffe://{DOMAIN}/stranger", "asked"),
            (f"spiffe://{DOMAIN}/stranger", DENIED[1]),
        }

    everything(stand, story)


def test_no_path_changes_anything_for_a_page_elsewhere_that_has_a_browser_show_it(
    stand: Stand,
) -> None:
    async def story(stand: Stand, line: Line) -> None:
        changes = [each for each in but_sessions(stand) if each.method not in {"GET", "HEAD"}]
        evil = "https://evil.example"
        await refused(line, changes, lambda sent: sent.showing(origin=evil), DENIED)
        assert (stand.came, stand.rows) == ([], [])

    everything(stand, story)


def _none(realm: Realm) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=realm.authority.place("any")["trust"])


def _of_another_domain(realm: Realm) -> ssl.SSLContext:
    return realm.forged("spiffe://evil.org/ci")


def _of_two(realm: Realm) -> ssl.SSLContext:
    return realm.forged(CI, f"spiffe://{DOMAIN}/admin")


def _of_a_look_alike(realm: Realm) -> ssl.SSLContext:
    return realm.forged(f"spiffe://{DOMAIN}/../{DOMAIN}/ci")


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("shown", [_none, _of_another_domain, _of_two, _of_a_look_alike])
def test_no_path_takes_a_certificate_that_is_of_nobody_here(
    stand: Stand, realm: Realm, shown: Callable[[Realm], ssl.SSLContext]
) -> None:
    stand.client_tls = shown(realm)

    async def story(stand: Stand, line: Line) -> None:
        await refused(line, but_sessions(stand), lambda sent: sent, UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    everything(stand, story)


@pytest.mark.usefixtures("patience")
def test_no_path_takes_a_certificate_that_was_revoked_after_it_was_shown(
    stand: Stand, realm: Realm
) -> None:
    async def story(stand: Stand, line: Line) -> None:
        (serial,) = (each.serial for each in realm.authority.ledger().entries if each.name == "ci")
        assert (await line.ask("GET", "/v1/services")).status == 200
        stand.came.clear()
        stand.rows.clear()
        stand.revocations.revoke(serial, until=None, now=stand.clock.now())

        await refused(line, but_sessions(stand), lambda sent: sent, UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    everything(stand, story)


def _expired(realm: Realm) -> ssl.SSLContext:
    return realm.forged(CI, begins=-2.0, ends=-1.0)


def _not_yet_valid(realm: Realm) -> ssl.SSLContext:
    return realm.forged(CI, begins=1.0, ends=2.0)


def _of_a_server(realm: Realm) -> ssl.SSLContext:
    return realm.forged(CI, usage=ExtendedKeyUsageOID.SERVER_AUTH)


def _signed_by_itself(realm: Realm) -> ssl.SSLContext:
    return realm.forged(CI, by_itself=True)


def _of_another_authority(realm: Realm) -> ssl.SSLContext:
    place = realm.authority.place("any")["trust"]
    context = ssl.create_default_context(cafile=place)
    other = Realm(Path(place).parent / "other").material("ci")
    context.load_cert_chain(other.certificate, other.key)
    return context


def _revoked(realm: Realm) -> ssl.SSLContext:
    context = realm.client("gone")
    realm.authority.revoke("gone")
    return context


def _of_nobody(realm: Realm) -> ssl.SSLContext:
    return realm.forged()


def _older(realm: Realm) -> ssl.SSLContext:
    return realm.older("ci")


@pytest.mark.parametrize(
    "shown",
    [
        *(_expired, _not_yet_valid, _of_a_server, _signed_by_itself),
        *(_of_another_authority, _revoked, _of_nobody, _older),
    ],
)
def test_tls_does_not_even_answer(
    stand: Stand, realm: Realm, shown: Callable[[Realm], ssl.SSLContext]
) -> None:
    stand.client_tls = shown(realm)
    stand.server_tls = realm.server()  # which knows what was revoked

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        with pytest.raises(httpx.TransportError):
            await client.get("/health")
        assert stand.came == []

    told(stand, story)


def test_a_stream_ends_at_once_when_its_certificate_is_revoked(stand: Stand, realm: Realm) -> None:
    over = asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        try:
            emit({"at": 1.0, "text": "first"})
            await asyncio.Event().wait()
        finally:
            over.set()
        return None

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        as_certified(client)
        (serial,) = (each.serial for each in realm.authority.ledger().entries if each.name == "ci")
        said = ""
        headers = {"accept": "text/event-stream"}
        async with client.stream("GET", "/v1/logs?follow=1", headers=headers) as answer:
            async for text in answer.aiter_text():
                said += text
                if "first" in said and not stand.revocations.is_revoked(serial):
                    stand.revocations.revoke(serial, until=None, now=stand.clock.now())
        await over.wait()
        assert '"code":"SVC-1501"' in said
        assert (await client.get("/v1/services")).status_code == 401

    stand.deeds["logs"] = logs
    told(stand, story)


def test_a_token_counts_rather_than_the_certificate_it_came_over(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        client.headers["authorization"] = f"Bearer {stand.token('eve', role='viewer')}"

        assert (await client.post("/v1/services/web/restart")).status_code == 403
        client.headers["authorization"] = "Bearer a.b.c"
        assert (await client.post("/v1/services/web/restart")).status_code == 401
        assert stand.came == []

    told(stand, story)
