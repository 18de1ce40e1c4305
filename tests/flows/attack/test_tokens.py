"""Lesson 2: tokens that say how they are to be read, and issuers that vouch for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flows.attack.forging import FORGED
from tests.flows.attack.realm import Issuers, Realm, new_key
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("what", FORGED)
def test_a_token_with_something_wrong_shows_nobody(stand: Stand, what: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/services", headers=bearer_of(FORGED[what](stand)))

        assert answer.status_code == 401
        assert stand.came == []
        assert (await client.get("/v1/services")).status_code == 200

    told(stand, story)


@pytest.fixture
def issuers(tmp_path: Path) -> Iterator[Issuers]:
    found = Issuers(Realm(tmp_path / "realm"))
    with found.open():
        yield found


# issuers


def test_who_an_issuer_vouches_for_may_what_their_group_gives(
    stand: Stand, issuers: Issuers
) -> None:
    stand.trusts[issuers.url] = issuers.trust(stand.clock.now)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        mei = bearer_of(issuers.token(now=stand.clock.now()))

        assert (await client.post("/v1/services/web/restart", headers=mei)).status_code == 200
        assert (await client.post("/v1/services/web/scale", headers=mei)).status_code == 403
        assert {row.actor for row in stand.rows} == {"oidc:corp:mei"}

    told(stand, story)


@pytest.mark.usefixtures("patience")
def test_keys_that_are_not_known_do_not_have_an_issuer_asked_again_and_again(
    stand: Stand, issuers: Issuers
) -> None:
    stand.trusts[issuers.url] = issuers.trust(stand.clock.now)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        now = stand.clock.now()
        good = bearer_of(issuers.token(now=now))
        assert (await client.get("/v1/services", headers=good)).status_code == 200
        asked = len(issuers.asked)

        for number in range(40):
            forged = issuers.token(new_key(f"x{number}"), now=now)
            assert (await client.get("/v1/services", headers=bearer_of(forged))).status_code == 401

        assert len(issuers.asked) <= asked + 2

    told(stand, story)


def test_while_an_issuer_is_down_known_keys_hold_and_strangers_do_not(
    stand: Stand, issuers: Issuers
) -> None:
    stand.trusts[issuers.url] = issuers.trust(stand.clock.now)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        now = stand.clock.now()
        good = bearer_of(issuers.token(now=now))
        assert (await client.get("/v1/services", headers=good)).status_code == 200

        issuers.is_down = True

        other = bearer_of(issuers.token(now=now, sub="bob"))
        assert (await client.get("/v1/services", headers=other)).status_code == 200
        forged = bearer_of(issuers.token(new_key("x"), now=now))
        assert (await client.get("/v1/services", headers=forged)).status_code == 401

    told(stand, story)


def test_an_issuer_that_never_answered_vouches_for_nobody_and_that_is_said(
    stand: Stand, issuers: Issuers
) -> None:
    stand.trusts[issuers.url] = issuers.trust(stand.clock.now)
    issuers.is_down = True

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        shown = bearer_of(issuers.token(now=stand.clock.now()))

        answer = await client.get("/v1/services", headers=shown)

        assert answer.status_code == 502
        assert stand.came == []

    told(stand, story)


def test_the_next_key_of_an_issuer_is_taken_beside_the_one_before(
    stand: Stand, issuers: Issuers
) -> None:
    issuers.keys.append(new_key("k2"))
    stand.trusts[issuers.url] = issuers.trust(stand.clock.now)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        now = stand.clock.now()
        for key in issuers.keys:
            shown = bearer_of(issuers.token(key, now=now))
            assert (await client.get("/v1/services", headers=shown)).status_code == 200

    told(stand, story)
