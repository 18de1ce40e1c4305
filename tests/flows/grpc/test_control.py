"""gRPC as clients meet it: real calls to a real server before a real dispatch."""

from __future__ import annotations

import grpc
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict
from svcctl.server.grpc.interface import WATCH_STATUS, calls
from svcctl.wire import Selection
from tests.flows.grpc.stand import Stand, ask, failure, named, request_of, showing, told

pytestmark = pytest.mark.slow


def test_every_rpc_reaches_its_verb(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        for call in calls():
            if call.name != WATCH_STATUS:
                await ask(channel, call, showing(stand.token()))
                assert stand.came == [call.verb]
                stand.came.clear()

    told(stand, story)


def test_arguments_come_as_they_are_typed(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        stop = request_of(named("Stop"), reason="new disks")
        stop.timeout.FromMilliseconds(1500)
        await ask(channel, named("Stop"), showing(stand.token()), request=stop)
        assert stand.given == {
            "names": ["web"],
            "all": False,
            "timeout": 1.5,
            "no_wait": False,
            "reason": "new disks",
        }

        silence = request_of(named("SilenceAdd"))
        silence.match.list_value.values.add().string_value = "service=web"
        silence.duration.seconds = 7200
        await ask(channel, named("SilenceAdd"), showing(stand.token()), request=silence)
        assert stand.given["match"] == ["service=web"]
        assert stand.given["for"] == 7200.0

    told(stand, story)


def test_a_result_is_typed(stand: Stand) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        row = {"service": "web", "instance": "web", "phase": "running", "pid": 7, "ready": True}
        more = {"started_at": 1_700_000_000.25, "labels": {"tier": "front"}, "live": None}
        return [row | more]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        reply = await ask(channel, named("Status"), showing(stand.token()))

        (found,) = reply.instances
        assert (found.service, found.pid, found.ready) == ("web", 7, True)
        assert found.started_at.ToMilliseconds() == 1_700_000_000_250
        assert dict(found.labels) == {"tier": "front"}
        assert not found.HasField("live")

    stand.deeds["status"] = status
    told(stand, story)


def test_who_asks_in_the_same_words_is_told_how_it_is_now(stand: Stand) -> None:
    phases = iter(["starting", "running", "running"])
    asked: list[tuple[str, ...]] = []

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        asked.append(selection.names)
        return [{"service": "web", "phase": next(phases)}]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        replies = [await ask(channel, named("Status"), token) for _ in range(3)]

        seen = [each.phase for reply in replies for each in reply.instances]
        assert seen == ["starting", "running", "running"]
        assert asked == [("web",)] * 3

    stand.deeds["status"] = status
    told(stand, story)


@pytest.mark.parametrize(
    ("name", "raw", "word"),
    [
        ("Stop", b"\xff", "this is no StopRequest"),
        ("Stop", b"\xf8\x07\x01", "StopRequest has no field 127"),
        ("Stop", b"\x0a\x03\xf8\x07\x01", "Selection has no field 127"),
        ("Stop", b"", "needs to know which services"),
        ("Scale", b"", "takes exactly one service"),
        ("Logs", b"\x72\x01x", "is no place in the logs"),
    ],
    ids=["bytes", "a later field", "a later field within", "of nothing", "of none", "a cursor"],
)
def test_a_mistake_is_told_and_changes_nothing(
    stand: Stand, name: str, raw: bytes, word: str
) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        error = await failure(ask(channel, named(name), token, request=raw))

        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert word in str(error.details())
        assert stand.came == []

    told(stand, story)


def test_an_error_of_the_verb_keeps_its_code_and_its_hint(stand: Stand) -> None:
    from google.rpc.error_details_pb2 import ErrorInfo, RequestInfo
    from grpc_status import rpc_status

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        raise Conflict("it is being reloaded", hint="wait")

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        metadata = showing(stand.token(), x_request_id="r-7")
        error = await failure(ask(channel, named("Stop"), metadata))

        status = rpc_status.from_call(error)
        info, request = ErrorInfo(), RequestInfo()
        status.details[0].Unpack(info)
        status.details[1].Unpack(request)
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert (info.reason, info.domain) == ("SVC-1600", "svcctl")
        assert dict(info.metadata) == {"problem": "it is being reloaded", "hint": "wait"}
        assert request.request_id == "r-7"
        assert ("x-request-id", "r-7") in tuple(error.trailing_metadata())

    stand.deeds["stop"] = stop
    told(stand, story)


def test_items_are_streamed_and_can_be_taken_up_again(stand: Stand) -> None:
    asked: list[object] = []

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        after = args.integer("after") or 0
        asked.append(after)
        for number in range(after + 1, 4):
            emit({"number": number, "at": float(number), "kind": "PhaseChanged", "fields": {}})
        return {"events": 3 - after}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        whole = await ask(channel, named("Events"), token)
        rest = await ask(
            channel, named("Events"), token, request=request_of(named("Events"), cursor="2")
        )

        assert [each.number for reply in whole for each in reply.events] == [1, 2, 3]
        assert whole[-1].cursor == "3"
        assert [each.number for reply in rest for each in reply.events] == [3]
        assert asked == [0, 2]

    stand.deeds["events"] = events
    told(stand, story)
