"""A front before a real agent, which restarts, revokes, and says who may serve others."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

import pytest

from svcctl.app.waiting import Nobody
from svcctl.auth.doorkeeper import Shown
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.bootstrap.local import paths
from svcctl.errors import AgentUnreachable, Denied, Unauthenticated
from svcctl.server.fronting import Front, connecting, fronting
from svcctl.system.clock import SystemClock
from svcctl.wire import Request, Selection
from tests.flows.conftest import PATIENCE, Box

ANN = Identity(actor="oidc:corp:ann", way=Way.HTTP, proof=Proof.OIDC)

pytestmark = [pytest.mark.slow, pytest.mark.posix]


@asynccontextmanager
async def _front(box: Box) -> AsyncIterator[Front]:
    connect = connecting(paths(str(box.home)))
    async with asyncio.timeout(4 * PATIENCE), fronting(connect, clock=SystemClock()) as front:
        yield front


def _told(box: Box, story: Callable[[Front], Awaitable[None]]) -> None:
    async def tell() -> None:
        async with _front(box) as front:
            await story(front)

    asyncio.run(tell())


def _issued(box: Box, role: str = "viewer") -> dict[str, str]:
    issued: dict[str, str] = box.ok(
        "auth", "token", "issue", "ci", "--roles", role, "-o", "json"
    ).json()
    return issued


async def _in_touch(front: Front) -> None:
    """Wait for the agent longer than whoever asks would."""
    while True:
        with contextlib.suppress(AgentUnreachable):
            return await front.trust.insist_on_contact()


async def _let_in(front: Front, token: str) -> Identity:
    await _in_touch(front)
    return await front.doorkeeper.identify(Shown(bearer=token), way=Way.HTTP, source="192.0.2.1")


async def _status(front: Front, identity: Identity) -> object:
    return await front.link.carry_out(
        "status", selection=Selection(all=True), args={}, identity=identity, emit=Nobody()
    )


def test_who_is_let_in_by_a_token_asks_and_is_put_out_the_moment_it_is_revoked(
    agent: Box,
) -> None:
    issued = _issued(agent)

    async def story(front: Front) -> None:
        identity = await _let_in(front, issued["token"])
        assert await _status(front, identity) == []
        put_out = asyncio.Event()
        front.doorkeeper.watch(identity, put_out.set)

        await asyncio.to_thread(agent.ok, "auth", "token", "revoke", issued["id"])
        await put_out.wait()

        with pytest.raises(Unauthenticated, match="was revoked"):
            await _let_in(front, issued["token"])
        with pytest.raises(Unauthenticated, match="was revoked"):
            await _status(front, identity)

    _told(agent, story)


def test_a_token_issued_after_the_front_began_is_taken_and_so_is_that_of_a_new_key(
    agent: Box,
) -> None:
    async def story(front: Front) -> None:
        for _ in range(2):
            issued = await asyncio.to_thread(_issued, agent)
            await front.link.carry_out(
                "status",
                selection=Selection(all=True),
                args={},
                identity=await _let_in(front, issued["token"]),
                emit=Nobody(),
            )
            await asyncio.to_thread(agent.ok, "auth", "token", "rotate")

    _told(agent, story)


def test_while_the_agent_is_gone_nobody_is_answered_and_what_it_revokes_bites_once_it_is_back(
    agent: Box,
) -> None:
    issued, kept = _issued(agent), _issued(agent)

    async def story(front: Front) -> None:
        identity = await _let_in(front, issued["token"])
        other = await _let_in(front, kept["token"])
        agent.kill_agent()
        with pytest.raises(AgentUnreachable):
            await _status(front, identity)

        await asyncio.to_thread(agent.start_agent)
        await asyncio.to_thread(agent.ok, "auth", "token", "revoke", issued["id"])

        await _in_touch(front)
        assert await _status(front, other) == []
        with pytest.raises(Unauthenticated, match="was revoked"):
            await _status(front, identity)

    _told(agent, story)


def test_a_front_that_begins_before_the_agent_serves_once_it_is_there(box: Box) -> None:
    async def story(front: Front) -> None:
        with pytest.raises(AgentUnreachable, match="no agent answers"):
            _ = front.trust.trusted
        with pytest.raises(AgentUnreachable, match="no agent answers"):
            await _status(front, ANN)
        await asyncio.to_thread(box.start_agent)
        issued = await asyncio.to_thread(_issued, box)

        assert await _status(front, await _let_in(front, issued["token"])) == []

    _told(box, story)


def test_the_agent_itself_denies_what_was_revoked_whatever_a_front_believes(agent: Box) -> None:
    issued = _issued(agent)

    async def story(front: Front) -> None:
        identity = await _let_in(front, issued["token"])
        await asyncio.to_thread(agent.ok, "auth", "token", "revoke", issued["id"])
        conversation = await connecting(paths(str(agent.home)))()
        request = Request(verb="status", on_behalf=json.loads(json.dumps(asdict(identity))))
        with pytest.raises(Denied, match="was revoked"):
            await conversation.ask(request)
        await conversation.close()

    _told(agent, story)
    rows = agent.ok("audit", "-o", "json").json()
    assert ("token:ci", "connect", "SVC-1500") in {
        (row["actor"], row["verb"], row["outcome"]) for row in rows
    }


def test_an_issuer_that_is_trusted_no_more_has_its_people_put_out(agent: Box) -> None:
    corp = '[access.issuers.corp]\nurl = "https://id.example.org"\n'
    agent.apply(corp)

    async def story(front: Front) -> None:
        await _in_touch(front)
        assert [each.name for each in front.trust.trusted.issuers] == ["corp"]
        put_out = asyncio.Event()
        front.doorkeeper.watch(ANN, put_out.set)

        await asyncio.to_thread(agent.apply, '[access]\nlocal = "viewer"\n')

        await put_out.wait()
        assert front.trust.trusted.issuers == ()

    _told(agent, story)
