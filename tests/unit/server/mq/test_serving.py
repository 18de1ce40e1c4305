"""Commands over a broker: done once at most, whoever dies; refused where nothing proves them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.app.envelope import Sealed
from svcctl.app.statements import State
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import AgentUnreachable, Denied, SvcctlError
from svcctl.server.mq.ledger import Ledger
from svcctl.wire import Selection
from tests.unit.server.mq.stage import OTHER, Does, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def _failing(error: SvcctlError, *, times: int = 1_000) -> Does:
    left = times

    async def fail(
        name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
    ) -> object:
        nonlocal left
        del selection, args, identity, emit
        left -= 1
        if left >= 0:
            raise error
        return {"verb": name}

    return fail


async def test_a_command_is_carried_out_for_who_signed_it_and_answered(stage: Stage) -> None:
    async with stage.open():
        stage.broker.send(stage.sealed("restart", "web").encode())
        await stage.until(lambda: not stage.broker.waiting)

    (reply,) = stage.replies()
    assert (reply.state, reply.result) == (State.DONE, {"verb": "restart", "names": ["web"]})
    assert stage.broker.published[0][0] == "reply.web1.label"
    (identity,) = stage.agent.identities
    assert (identity.actor, identity.way, identity.proof) == (
        "key:ci",
        Way.QUEUE,
        Proof.SIGNATURE,
    )
    assert (identity.roles, identity.source) == (("operator",), "memory")
    assert stage.broker.dead == []


async def test_a_command_that_comes_again_is_answered_again_and_not_done_again(
    stage: Stage,
) -> None:
    sealed = stage.sealed("restart", "web")

    for _ in range(3):
        async with stage.open():
            stage.broker.send(sealed.encode())
            await stage.until(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["restart web"]
    assert len({each.text() for each in stage.replies()}) == 1
    assert len(stage.replies()) == 3


async def test_who_dies_between_asking_and_knowing_leaves_an_unknown_outcome(stage: Stage) -> None:
    sealed = stage.sealed("restart", "web")
    async with Ledger(stage.path, now=stage.clock.now) as ledger:
        await ledger.begin(
            sealed.command.id, digest=sealed.digest, label="label", until=stage.clock.now() + 90
        )

    async with stage.open():
        stage.broker.send(sealed.encode())
        await stage.until(lambda: not stage.broker.waiting)

    (reply,) = stage.replies()
    assert reply.state is State.UNKNOWN
    assert stage.agent.asked == []
    with pytest.raises(SvcctlError, match="not known whether"):
        reply.value()


async def test_a_mere_look_is_had_again_where_who_looked_has_died(stage: Stage) -> None:
    sealed = stage.sealed("status")
    async with Ledger(stage.path, now=stage.clock.now) as ledger:
        await ledger.begin(
            sealed.command.id, digest=sealed.digest, label="label", until=stage.clock.now() + 90
        )

    async with stage.open():
        stage.broker.send(sealed.encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert [each.state for each in stage.replies()] == [State.DONE]


async def test_a_change_whose_agent_went_away_meanwhile_is_unknown_and_not_tried_again(
    stage: Stage,
) -> None:
    stage.agent.does = _failing(AgentUnreachable("gone"))

    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web").encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["stop web"]
    assert [each.state for each in stage.replies()] == [State.UNKNOWN]


async def test_an_agent_that_is_away_is_waited_for(stage: Stage) -> None:
    stage.agent.does = _failing(AgentUnreachable("away", asked=False), times=4)

    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web").encode())
        await stage.passing(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["stop web"] * 5
    assert [each.state for each in stage.replies()] == [State.DONE]


async def test_what_expired_while_the_agent_was_away_is_not_begun(stage: Stage) -> None:
    stage.agent.does = _failing(AgentUnreachable("away", asked=False))

    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web", lasts=20).encode())
        await stage.passing(lambda: not stage.broker.waiting)

    (reply,) = stage.replies()
    assert (reply.state, reply.error and reply.error.code) == (State.FAILED, "SVC-1800")
    assert len(stage.broker.dead) == 1


async def test_nobody_is_believed_while_it_is_not_known_who_is_trusted(stage: Stage) -> None:
    tries = 0

    async def not_yet() -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise AgentUnreachable("not yet", asked=False)

    stage.in_touch = not_yet
    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web").encode())
        await stage.passing(lambda: not stage.broker.waiting)

    assert tries == 4
    assert stage.agent.asked == ["stop web"]


async def test_what_the_agent_refuses_is_told_with_its_code(stage: Stage) -> None:
    stage.agent.does = _failing(Denied("key:ci may not do 'stop' to 'web'"))

    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web").encode())
        await stage.until(lambda: not stage.broker.waiting)

    with pytest.raises(Denied, match="may not do"):
        stage.replies()[0].value()
    assert stage.broker.dead == []


def _later(stage: Stage) -> Sealed:
    stage.clock.jump(120)
    sealed = stage.sealed()
    stage.clock.jump(-120)
    return sealed


def _revoked(stage: Stage) -> Sealed:
    stage.revocations.revoke("key:ci", until=None, now=stage.clock.now())
    return stage.sealed()


BAD: Mapping[str, Callable[[Stage], Sealed]] = {
    "another host": lambda stage: stage.sealed(host="web2"),
    "another key": lambda stage: stage.sealed(private=OTHER),
    "an unknown key": lambda stage: stage.sealed(key="nobody"),
    "no proof": lambda stage: replace(stage.sealed(), key="", signature=""),
    "a token": lambda stage: replace(stage.sealed(), key="", signature="", token="a.b.c"),
    "both": lambda stage: replace(stage.sealed(), token="a.b.c"),
    "a broken signature": lambda stage: replace(stage.sealed(), signature="%%%"),
    "altered": lambda stage: replace(stage.sealed(), text=stage.sealed(args={"timeout": 5}).text),
    "expired": lambda stage: stage.sealed(lasts=0),
    "too long": lambda stage: stage.sealed(lasts=8 * 86_400),
    "of the future": _later,
    "revoked": _revoked,
}


@pytest.mark.parametrize("which", BAD)
async def test_what_does_not_hold_is_refused_told_and_set_aside(stage: Stage, which: str) -> None:
    sealed = BAD[which](stage)
    stage.clock.jump(1)
    body = sealed.encode()
    if which == "both":
        body = body.replace(b'{"command"', b'{"key":"ci","signature":"x","command"')

    async with stage.open():
        stage.broker.send(body)
        await stage.until(lambda: not stage.broker.waiting)

    assert stage.agent.asked == []
    assert [each.state for each in stage.replies()] == [State.FAILED]
    assert stage.broker.dead == [body]


async def test_an_id_is_used_for_one_command(stage: Stage) -> None:
    async with stage.open():
        stage.broker.send(stage.sealed("stop", "web").encode())
        await stage.until(lambda: not stage.broker.waiting)
        stage.broker.send(stage.sealed("start", "web").encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["stop web"]
    assert [each.state for each in stage.replies()] == [State.DONE, State.FAILED]


async def test_two_commands_of_one_id_at_once_are_not_both_done(stage: Stage) -> None:
    async with stage.open():
        stage.broker.send(stage.sealed("status").encode())
        stage.broker.send(stage.sealed("tree").encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert len(stage.agent.asked) == 1
    assert sorted(each.state for each in stage.replies()) == [State.DONE, State.FAILED]


async def test_what_is_no_command_is_set_aside_and_does_not_come_again(stage: Stage) -> None:
    async with stage.open():
        for body in (b"", b"{", b"[]", b'{"command": "{}"}', b"\xff" * 9, b"[" * 100_000):
            stage.broker.send(body)
        await stage.until(lambda: not stage.broker.waiting)

    assert len(stage.broker.dead) == 6
    assert stage.broker.published == []


async def test_changes_of_a_service_are_done_one_after_the_other_as_they_came(stage: Stage) -> None:
    under_way, most = 0, 0

    async def slowly(
        name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
    ) -> object:
        nonlocal under_way, most
        del name, selection, args, identity, emit
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        return None

    stage.agent.does = slowly
    async with stage.open():
        for number in range(10):
            id_ = f"{number:016}"
            stage.broker.send(stage.sealed("restart", "web", f"s{number}", id=id_).encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert most == 1
    assert stage.agent.asked == [f"restart web s{number}" for number in range(10)]


async def test_a_reply_no_broker_took_is_told_by_the_next_connection(stage: Stage) -> None:
    stage.broker.deaf = True
    async with stage.open():
        stage.broker.send(stage.sealed("restart", "web").encode())
        await stage.passing(lambda: stage.broker.connections > 1)
        stage.broker.waiting.clear()  # the broker has lost it
        stage.broker.deaf = False
        await stage.passing(stage.broker.replies)

    assert stage.agent.asked == ["restart web"]
    assert {each.state for each in stage.replies()} == {State.DONE}


async def test_a_broker_that_is_away_is_waited_for_and_that_is_told(stage: Stage) -> None:
    stage.broker.away = True
    async with stage.open():
        stage.broker.send(stage.sealed("restart", "web", lasts=3_600).encode())
        await stage.passing(lambda: len(stage.lost) == 9)
        stage.broker.away = False
        await stage.passing(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["restart web"]
    assert stage.lost == ["the broker is away"] * 9


async def test_a_command_under_way_when_the_connection_is_cut_is_not_done_twice(
    stage: Stage,
) -> None:
    go_on = asyncio.Event()

    async def wait(
        name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
    ) -> object:
        del selection, args, identity, emit
        await go_on.wait()
        return name

    stage.agent.does = wait
    async with stage.open():
        stage.broker.send(stage.sealed("restart", "web").encode())
        await stage.passing(lambda: stage.agent.asked)
        stage.broker.lose()
        await stage.passing(lambda: stage.broker.connections == 2)
        go_on.set()
        await stage.passing(lambda: not stage.broker.waiting)

    assert stage.agent.asked == ["restart web"]
    assert [each.result for each in stage.replies()] == ["restart"]


async def test_who_is_told_to_end_answers_what_is_under_way(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def wait(
        name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
    ) -> object:
        del selection, args, identity, emit
        await go_on.wait()
        return name

    async def by_and_by() -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        go_on.set()

    stage.agent.does = wait
    async with stage.open():
        stage.broker.send(stage.sealed("restart", "web").encode())
        await stage.passing(lambda: stage.agent.asked)
        releasing = asyncio.create_task(by_and_by())

    await releasing
    assert [each.result for each in stage.replies()] == ["restart"]
    assert stage.broker.waiting == []


async def test_who_waits_waits_no_longer_than_the_command_holds(stage: Stage) -> None:
    async with stage.open():
        asked: list[dict[str, object]] = [{}, {"timeout": 5}, {"timeout": 500}, {"no_wait": True}]
        for number, args in enumerate(asked):
            stage.broker.send(stage.sealed(id=f"{number:016}", args=args).encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert [each.get("timeout") for each in stage.agent.args] == [60.0, 5, 60.0, None]


async def test_what_has_no_end_is_not_begun(stage: Stage) -> None:
    async with stage.open():
        stage.broker.send(stage.sealed("logs", args={"follow": True}).encode())
        await stage.until(lambda: not stage.broker.waiting)

    assert stage.agent.asked == []
    assert [each.state for each in stage.replies()] == [State.FAILED]


async def test_items_are_in_the_reply_and_too_many_are_not(stage: Stage) -> None:
    count = 3

    async def items(
        name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
    ) -> object:
        del name, selection, args, identity
        for number in range(count):
            emit(number)
        return None

    stage.agent.does = items
    async with stage.open():
        stage.broker.send(stage.sealed("logs", id="0" * 16).encode())
        await stage.until(lambda: not stage.broker.waiting)
        count = 10_001
        stage.broker.send(stage.sealed("logs", id="1" * 16).encode())
        await stage.until(lambda: not stage.broker.waiting)

    few, many = stage.replies()
    assert few.items == (0, 1, 2)
    assert (many.items, many.error and many.error.code) == ((), "SVC-1702")
