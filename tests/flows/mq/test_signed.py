"""What a host says is believed, and what anybody else says in its name is not."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.envelope import Sealed
from svcctl.app.statements import Reply, State, event_text
from svcctl.app.waiting import Emit
from svcctl.auth.signing_keys import public_text
from svcctl.client.host_keys import HostKeys
from svcctl.client.queue_events import queue_events
from svcctl.errors import Unauthenticated
from svcctl.server.mq.signed import signed
from svcctl.server.mq.transport import Subject, Topic, Transport
from svcctl.wire import Selection
from tests.flows.mq.stand import Stand, told

LARGE = "x" * 3_000_000


def _forged(stand: Stand, sealed: Sealed) -> str:
    """Give what somebody would like to be believed."""
    return Reply(
        id=sealed.command.id,
        host=stand.host,
        digest=sealed.digest,
        at=stand.clock.now(),
        state=State.DONE,
        result="nothing to worry about",
    ).text()


async def _say(stand: Stand, transport: Transport, sealed: Sealed, text: str) -> None:
    subject = Subject(topic=Topic.REPLY, host=stand.host, words=(sealed.command.reply,))
    await transport.publish(subject, text.encode(), message_id=sealed.command.id)


def test_a_reply_that_somebody_else_signs_is_not_believed(stand: Stand) -> None:
    hold = asyncio.Event()

    async def wait(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return await hold.wait()

    stand.deeds["restart"] = wait
    forger = signed(stand.connect(f"f{secrets.token_hex(6)}"), secrets.token_bytes(32))

    async def story() -> None:
        async with stand.open() as queue, forger() as transport:
            made = queue.command(stand.host, "restart", "web")
            asking = asyncio.create_task(queue.send_and_wait(made))
            while not asking.done():  # it waits for a reply from some moment on
                await _say(stand, transport, made, _forged(stand, made))
                await asyncio.wait({asking}, timeout=0.1)
            hold.set()
            with pytest.raises(Unauthenticated, match="is signed with the key") as caught:
                await asking

        assert "somebody forges it" in caught.value.hint

    told(story)


def test_an_earlier_reply_is_no_answer_to_another_command(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            first = await queue.send_and_wait(queue.command(stand.host, "status"))
            again = queue.command(stand.host, "restart", "web")
            stale = replace(first, id=again.command.id).text()
            seen = signed(stand.connect(f"f{secrets.token_hex(6)}"), stand.private)
            async with seen() as transport:  # as if it were signed for any command
                asking = asyncio.create_task(queue.send_and_wait(again))
                await _say(stand, transport, again, stale)
                assert (await asking).result == {"verb": "restart", "names": ["web"]}

    told(story)


def test_a_host_with_another_key_than_is_known_is_told_apart(stand: Stand) -> None:
    known = HostKeys({stand.host: public_text(secrets.token_bytes(32))})

    async def story() -> None:
        async with stand.open(), stand.queue(hosts=known) as queue:
            with pytest.raises(Unauthenticated, match="not with its own"):
                await queue.ask(stand.host, "status")

    told(story)


def test_the_first_key_is_learnt_where_that_is_wanted(stand: Stand) -> None:
    keys = HostKeys({}, learns=True)

    async def story() -> None:
        async with stand.open(), stand.queue(hosts=keys) as queue:
            await queue.ask(stand.host, "status")

        assert keys.known == {stand.host: public_text(stand.private)}

    told(story)


def test_a_large_reply_arrives(stand: Stand) -> None:
    async def much(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return LARGE

    stand.deeds["status"] = much

    async def story() -> None:
        async with stand.open() as queue:
            assert await queue.ask(stand.host, "status") == LARGE

    told(story)


def test_events_of_somebody_else_are_left_out(stand: Stand) -> None:
    subject = Subject(topic=Topic.EVENT, host=stand.host, words=("PhaseChanged", "web"))

    async def tell(number: int, private: bytes) -> None:
        async with signed(stand.connect(), private)() as transport:
            text = event_text(stand.host, {"number": number})
            await transport.publish(subject, text.encode(), message_id=str(number))

    async def story() -> None:
        async with stand.front_open():  # makes what is listened to
            pass
        async with queue_events(stand.broker, host=stand.host, hosts=stand.known) as events:
            await stand.site.say(stand.host, b"{}")  # no event at all
            await tell(1, secrets.token_bytes(32))
            await tell(2, stand.private)
            assert (await anext(events))["number"] == 2

    told(story)
