"""Long answers: readers that are slow, go away or come back, and deadlines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, Denied, SvcctlError, TimedOut, UnknownService
from svcctl.server.grpc.asking import Limits
from svcctl.server.grpc.serving import Bounds
from svcctl.wire import Selection
from tests.flows.grpc.stand import Stand, ask, begin, failure, named, request_of, showing, told

pytestmark = pytest.mark.slow


def _following(
    stand: Stand, channel: grpc.aio.Channel, name: str = "Logs", who: str = "ann"
) -> Any:
    raw = request_of(named(name)).SerializeToString()
    return begin(channel, named(name), showing(stand.token(who)), raw)


async def _drain(stream: Any) -> None:
    while await stream.read() is not grpc.aio.EOF:
        pass


async def _endless(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args
    while True:
        emit({"at": 1.0, "text": "x" * 1_000})
        await emit.room()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Denied("ann may not"), grpc.StatusCode.PERMISSION_DENIED),
        (UnknownService("no service 'web'"), grpc.StatusCode.NOT_FOUND),
        (Conflict("it is being removed"), grpc.StatusCode.FAILED_PRECONDITION),
    ],
    ids=["denied", "unknown", "conflict"],
)
@pytest.mark.parametrize("name", ["Logs", "Events", "WatchStatus"])
def test_a_stream_that_is_refused_ends_with_its_status_and_without_a_reply(
    stand: Stand, name: str, error: SvcctlError, code: grpc.StatusCode
) -> None:
    async def fail(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise error

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stream = _following(stand, channel, name)
        refused = await failure(stream.read())
        assert (refused.code(), refused.details()) == (code, error.problem)

    stand.deeds |= {"logs": fail, "events": fail}
    told(stand, story)


def test_that_a_stream_has_begun_is_no_reply(stand: Stand) -> None:
    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        await emit.room()
        emit({"at": 1.0, "text": "first"})
        return None

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        replies = await ask(channel, named("Logs"), showing(stand.token()))
        assert [[each.text for each in reply.lines] for reply in replies] == [["first"]]

    stand.deeds["logs"] = logs
    told(stand, story)


def test_a_reader_that_goes_away_ends_the_verb(stand: Stand) -> None:
    ended = asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        try:
            return await _endless(selection, args, emit)
        finally:
            ended.set()

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stream = _following(stand, channel)
        await stream.read()
        stream.cancel()
        await ended.wait()

    stand.deeds["logs"] = logs
    told(stand, story)


def test_a_reader_that_is_stuck_is_told_so_and_can_go_on_after_its_cursor(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(of_asking=Limits(stuck=0.2)))
    ended = asyncio.Event()

    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        try:
            return await _endless(selection, args, emit)
        finally:
            ended.set()

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stream = _following(stand, channel)
        first = await stream.read()
        await ended.wait()
        error = await failure(_drain(stream))

        assert first.cursor == "@1.000"
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "nothing was read" in error.details()

    stand.deeds["logs"] = logs
    told(stand, story)


def test_a_slow_reader_holds_up_nobody_else(stand: Stand) -> None:
    stand.deeds["logs"] = _endless

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        slow = [_following(stand, channel) for _ in range(5)]
        for each in slow:
            await each.read()
        for _ in range(20):
            await ask(channel, named("Status"), showing(stand.token()))
        for each in slow:
            each.cancel()

    told(stand, story)


def test_one_actor_has_so_many_streams_and_others_have_theirs(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Bounds(of_asking=Limits(streams=4, per_actor=2)))
    stand.deeds["logs"] = _endless

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        kept = [_following(stand, channel) for _ in range(2)]
        kept += [_following(stand, channel, who="ben") for _ in range(2)]
        for each in kept:
            await each.read()
        for who in ("ann", "cid"):
            error = await failure(_following(stand, channel, who=who).read())
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        for each in kept:
            each.cancel()
        while True:
            stream = _following(stand, channel)
            try:
                await stream.read()
            except grpc.aio.AioRpcError:  # its place is not free yet
                continue
            stream.cancel()
            break

    told(stand, story)


def test_a_deadline_is_how_long_is_waited_for_the_outcome(stand: Stand) -> None:
    asked: list[float | None] = []

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        asked.append(args.seconds("timeout"))
        raise TimedOut("not within 9s: web (stopped)")

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        error = await failure(ask(channel, named("Stop"), token, within=30.0))
        own = request_of(named("Stop"))
        own.timeout.seconds = 5
        await failure(ask(channel, named("Stop"), token, request=own, within=30.0))

        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "web (stopped)" in error.details()
        assert asked[0] is not None
        assert 0 < asked[0] < 30
        assert asked[1] == 5.0

    stand.deeds["stop"] = stop
    told(stand, story)


def test_a_look_that_nobody_waits_for_any_more_is_given_up(stand: Stand) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        asking = asyncio.ensure_future(ask(channel, named("Status"), showing(stand.token())))
        await begun.wait()
        asking.cancel()
        await ended.wait()

    stand.deeds["status"] = status
    told(stand, story)


def test_status_is_told_again_once_something_has_changed(stand: Stand) -> None:
    happened = asyncio.Event()
    phases = ["running", "running", "failed"]
    followed: list[int | None] = []

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [{"service": "web", "instance": "web", "phase": phases[0]}]

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        emit({"number": 7, "at": 1.0, "kind": "PhaseChanged"})
        if args.flag("follow"):
            followed.append(args.integer("after"))
            while True:
                await happened.wait()
                happened.clear()
                phases.pop(0)
                emit({"number": 8, "at": 1.0, "kind": "PhaseChanged"})
        return {}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stream = _following(stand, channel, "WatchStatus")
        first = await stream.read()
        happened.set()  # nothing of the status is another
        while happened.is_set() or len(phases) > 2:
            await asyncio.sleep(0)
        happened.set()
        second = await stream.read()
        stream.cancel()

        assert [each.phase for each in first.instances] == ["running"]
        assert [each.phase for each in second.instances] == ["failed"]
        assert followed == [7]

    stand.deeds |= {"status": status, "events": events}
    told(stand, story)


def test_what_ends_the_following_ends_the_watching(stand: Stand) -> None:
    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        if args.flag("follow"):
            raise TimedOut("enough")
        return {}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        error = await failure(ask(channel, named("WatchStatus"), showing(stand.token())))
        assert error.details() == "enough"

    stand.deeds["events"] = events
    told(stand, story)
