"""A change that is sent again with its key is made once."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, UnknownService
from svcctl.wire import Selection
from tests.flows.grpc.stand import Stand, ask, failure, named, request_of, showing, told

pytestmark = pytest.mark.slow


def _shown(stand: Stand, key: str = "k-1", who: str = "ann") -> Any:
    return showing(stand.token(who), idempotency_key=key)


def test_who_asks_again_with_the_same_key_is_told_the_same(stand: Stand) -> None:
    async def restart(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        stand.came.append("restart")
        return [{"instance": "web", "pid": len(stand.came)}]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        first = await ask(channel, named("Restart"), _shown(stand))
        again = await ask(channel, named("Restart"), _shown(stand))
        other = await ask(channel, named("Restart"), _shown(stand, "k-2"))
        hers = await ask(channel, named("Restart"), _shown(stand, who="ben"))

        pids = [reply.outcomes[0].pid for reply in (first, again, other, hers)]
        assert pids == [1, 1, 2, 3]

    stand.deeds["restart"] = restart
    told(stand, story)


def test_a_key_is_of_one_request_and_has_a_shape(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await ask(channel, named("Restart"), _shown(stand))
        other = request_of(named("Restart"), reason="another")
        for call, key, request in (
            (named("Restart"), "k-1", other),
            (named("Stop"), "k-1", None),
            (named("Stop"), "a,b", None),
        ):
            error = await failure(ask(channel, call, _shown(stand, key), request=request))
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert stand.came == ["restart"]

    told(stand, story)


def test_a_failure_is_told_again_unless_nothing_was_done(stand: Stand) -> None:
    came: list[str] = []

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        came.append("stop")
        raise Conflict("it is being reloaded", hint="wait")

    async def start(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        came.append("start")
        raise UnknownService("no service 'web'")

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stops = [await failure(ask(channel, named("Stop"), _shown(stand))) for _ in range(2)]
        for _ in range(2):
            await failure(ask(channel, named("Start"), _shown(stand, "k-2")))

        assert [each.details() for each in stops] == ["it is being reloaded"] * 2
        assert came == ["stop", "start", "start"]

    stand.deeds |= {"stop": stop, "start": start}
    told(stand, story)


def test_a_change_whose_caller_has_gone_is_made_and_told_to_who_asks_again(stand: Stand) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()
    came: list[str] = []

    async def restart(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        came.append("restart")
        begun.set()
        await goes_on.wait()
        return [{"instance": "web"}]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        gone = asyncio.ensure_future(ask(channel, named("Restart"), _shown(stand)))
        await begun.wait()
        gone.cancel()
        under_way = await failure(ask(channel, named("Restart"), _shown(stand)))
        goes_on.set()
        while True:
            try:
                reply = await ask(channel, named("Restart"), _shown(stand))
            except grpc.aio.AioRpcError:  # it is not over yet
                continue
            break

        assert under_way.code() is grpc.StatusCode.ABORTED
        assert reply.outcomes[0].instance == "web"
        assert came == ["restart"]

    stand.deeds["restart"] = restart
    told(stand, story)


def test_a_look_is_taken_anew_whatever_its_key(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        for _ in range(2):
            await ask(channel, named("Status"), _shown(stand))
        assert stand.came == ["status", "status"]

    told(stand, story)
