"""What becomes of those who are let in, and of those who fail too often to be looked at."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.tokens import issue
from svcctl.server.grpc.interface import calls
from svcctl.wire import Selection
from tests.flows.grpc.stand import (
    Stand,
    ask,
    begin,
    failure,
    named,
    request_of,
    showing,
    told,
)

pytestmark = pytest.mark.slow


def test_what_is_answered_on_this_machine_alone_is_no_rpc(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        names = {call.verb for call in calls()}
        assert names == {verb.name for verb in VERBS if not verb.local_only}
        for name in ("TokenIssue", "Environment", "__init__", "service", "_answer"):
            rpc: Any = channel.unary_unary(f"/svcctl.v1.Control/{name}")
            error = await failure(rpc(b"", metadata=showing(stand.token())))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert stand.came == []

    told(stand, story)


def test_who_fails_too_often_is_not_looked_at_for_a_while(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        bad = [showing(f"{number}.b.c") for number in range(25)]
        codes = [(await failure(ask(channel, named("Status"), each))).code() for each in bad]
        good = await failure(ask(channel, named("Status"), showing(stand.token())))

        refused = [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED]
        assert codes == [refused[0]] * 20 + [refused[1]] * 5
        assert good.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    told(stand, story)


@pytest.mark.parametrize("name", ["Logs", "Restart"])
def test_who_is_revoked_is_put_out_at_once(stand: Stand, name: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        emit({"at": 1.0, "text": "first"})
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        now = stand.clock.now()
        token = issue(stand.ring, "ci", roles=["operator"], lifetime=600, now=now)
        asking = asyncio.ensure_future(ask(channel, named(name), showing(token.text)))
        await begun.wait()
        stand.revocations.revoke(token.id, until=None, now=now)

        assert (await failure(asking)).code() is grpc.StatusCode.UNAUTHENTICATED
        if name == "Logs":  # a change is carried through
            await ended.wait()

    stand.deeds |= {"logs": work, "restart": work}
    told(stand, story)


def test_who_is_revoked_while_they_read_nothing_is_put_out_too(stand: Stand) -> None:
    ended = asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        try:
            while True:
                emit({"at": 1.0, "text": "x" * 10_000})
                await emit.room()
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        now = stand.clock.now()
        token = issue(stand.ring, "ci", roles=["viewer"], lifetime=600, now=now)
        raw = request_of(named("Logs"), follow=True).SerializeToString()
        stream = begin(channel, named("Logs"), showing(token.text), raw)
        await stream.read()
        stand.revocations.revoke(token.id, until=None, now=now)
        await ended.wait()

    stand.deeds["logs"] = logs
    told(stand, story)


def test_what_is_asked_is_written_down_with_who_and_from_where(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await ask(channel, named("Status"), showing(stand.token()))
        await failure(ask(channel, named("Stop"), showing(stand.token("ci", role="viewer"))))

        rows = {(row.actor, row.way, row.source, row.outcome) for row in stand.rows}
        assert ("token:ann", "grpc", "127.0.0.1", "done") in rows
        assert ("token:ci", "grpc", "127.0.0.1", "SVC-1500") in rows

    told(stand, story)
