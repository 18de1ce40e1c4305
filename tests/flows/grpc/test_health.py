"""Health checks as load balancers make them, and for services as svcctl knows them."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import UnknownService
from svcctl.wire import Selection
from tests.flows.grpc.stand import Stand, failure, showing, told

pytestmark = pytest.mark.slow

Reply = health_pb2.HealthCheckResponse


def _stub(channel: grpc.aio.Channel) -> Any:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return stub


def _request(name: str) -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=name)


@pytest.mark.parametrize("name", ["", "svcctl.v1.Control"])
def test_anybody_may_ask_whether_somebody_answers(stand: Stand, name: str) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        reply = await _stub(channel).Check(_request(name))
        assert reply.status == Reply.SERVING
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    ("ready", "wanted"),
    [
        ((True, True), Reply.SERVING),
        ((True, False), Reply.NOT_SERVING),
        ((), Reply.NOT_SERVING),
    ],
)
def test_a_service_serves_while_each_of_its_instances_is_ready(
    stand: Stand, ready: tuple[bool, ...], wanted: int
) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        assert selection.names == ("web",)
        return [{"service": "web", "ready": each} for each in ready]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token(role="viewer"))
        assert (await _stub(channel).Check(_request("web"), metadata=token)).status == wanted

    stand.deeds["status"] = status
    told(stand, story)


def test_an_unknown_service_is_not_found(stand: Stand) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        raise UnknownService(f"no service {selection.names[0]!r}")

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token, stub = showing(stand.token()), _stub(channel)
        error = await failure(stub.Check(_request("wbe"), metadata=token))

        assert error.code() is grpc.StatusCode.NOT_FOUND

    stand.deeds["status"] = status
    told(stand, story)


def test_a_service_is_watched_before_it_is_there_and_after_it_is_gone(stand: Stand) -> None:
    rows: list[dict[str, object]] = []
    happened = asyncio.Event()

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        if not rows:
            raise UnknownService(f"no service {selection.names[0]!r}")
        return list(rows)

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        if not selection.all and not rows:
            raise UnknownService(f"no service {selection.names[0]!r}")
        while args.flag("follow"):
            await happened.wait()
            happened.clear()
            emit({"number": 1})
        return {}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        watching = _stub(channel).Watch(_request("web"), metadata=showing(stand.token()))
        found = [(await watching.read()).status]
        for now in ([{"service": "web", "ready": True}], []):
            rows[:] = now
            happened.set()
            found.append((await watching.read()).status)
        watching.cancel()

        assert found == [Reply.SERVICE_UNKNOWN, Reply.SERVING, Reply.SERVICE_UNKNOWN]

    stand.deeds |= {"status": status, "events": events}
    told(stand, story)


def test_a_change_of_health_is_told_to_who_watches(stand: Stand) -> None:
    ready = [True]
    happened = asyncio.Event()

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [{"service": "web", "ready": ready[0]}]

    async def events(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection
        if args.flag("follow"):
            await happened.wait()
            emit({"number": 1})
            await asyncio.Event().wait()
        return {}

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        token = showing(stand.token())
        watching = _stub(channel).Watch(_request("web"), metadata=token)
        before = await watching.read()
        ready[0] = False
        happened.set()
        after = await watching.read()
        watching.cancel()

        assert (before.status, after.status) == (Reply.SERVING, Reply.NOT_SERVING)

    stand.deeds |= {"status": status, "events": events}
    told(stand, story)


def test_the_interface_can_be_watched_until_it_is_over(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        watching = _stub(channel).Watch(_request(""), metadata=showing(stand.token()))
        assert (await watching.read()).status == Reply.SERVING
        watching.cancel()

    told(stand, story)


@pytest.mark.parametrize("method", ["Check", "Watch"])
def test_what_is_no_request_is_a_mistake(stand: Stand, method: str) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        look: Any = channel.unary_stream(f"/grpc.health.v1.Health/{method}")
        error = await failure(look(b"\xff", metadata=showing(stand.token())).read())
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT

    told(stand, story)
