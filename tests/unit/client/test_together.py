"""A crowd that looks asks once, gets what was looked up after it asked, and each their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.client.link import Link
from svcctl.client.together import Together
from svcctl.errors import AgentUnreachable, Denied
from svcctl.wire import Selection

ALL = Selection(all=True)


def far(name: str) -> Identity:
    return Identity(actor=f"token:{name}", way=Way.HTTP, proof=Proof.TOKEN)


class FakeLink:
    """Answers with the number of the round trip, once a test lets it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.may_answer = asyncio.Event()
        self.trouble: Exception | None = None

    async def look_for_all(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identities: Sequence[Identity],
    ) -> list[object]:
        del selection, args
        self.asked.append((name, [each.actor for each in identities]))
        number = len(self.asked)
        await self.may_answer.wait()
        if self.trouble:
            raise self.trouble
        return [
            Denied(f"{each.actor} may not") if each.actor == "token:bad" else number
            for each in identities
        ]


def _together(link: FakeLink) -> Together:
    return Together(cast("Link", link))


async def _until(link: FakeLink, trips: int) -> None:
    while len(link.asked) < trips:
        await asyncio.sleep(0)


async def _look(together: Together, who: str, **args: object) -> object:
    return await together.look("status", selection=ALL, args=args, identity=far(who))


async def test_those_who_come_at_once_ask_once_and_who_comes_later_is_in_the_next() -> None:
    link = FakeLink()
    together = _together(link)
    first = [asyncio.create_task(_look(together, who)) for who in "abc"]
    await _until(link, 1)
    late = asyncio.create_task(_look(together, "d"))

    await asyncio.sleep(0)
    link.may_answer.set()

    assert await asyncio.gather(*first, late) == [1, 1, 1, 2]
    assert [who for _, who in link.asked] == [["token:a", "token:b", "token:c"], ["token:d"]]


async def test_what_is_asked_for_otherwise_is_asked_for_alone() -> None:
    link = FakeLink()
    link.may_answer.set()
    together = _together(link)

    await asyncio.gather(_look(together, "a"), _look(together, "b", x=1))

    assert len(link.asked) == 2


async def test_who_may_not_is_told_so_and_nobody_else() -> None:
    link = FakeLink()
    link.may_answer.set()
    together = _together(link)

    good, bad = await asyncio.gather(
        _look(together, "a"), _look(together, "bad"), return_exceptions=True
    )

    assert good == 1
    assert isinstance(bad, Denied)


async def test_where_nobody_answers_each_has_an_error_of_their_own_and_the_next_try_is_new() -> (
    None
):
    link = FakeLink()
    link.may_answer.set()
    link.trouble = AgentUnreachable("gone")
    together = _together(link)

    one, other = await asyncio.gather(
        _look(together, "a"), _look(together, "b"), return_exceptions=True
    )
    link.trouble = None

    assert isinstance(one, AgentUnreachable)
    assert isinstance(other, AgentUnreachable)
    assert one is not other
    assert await _look(together, "a") == 2


async def test_who_gives_up_keeps_nobody_from_their_answer() -> None:
    link = FakeLink()
    together = _together(link)
    gone, stays = (asyncio.create_task(_look(together, who)) for who in "ab")
    await _until(link, 1)

    gone.cancel()
    link.may_answer.set()

    assert await stays == 1
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_at_the_end_nobody_is_left_waiting() -> None:
    link = FakeLink()
    together = _together(link)
    waiting = asyncio.create_task(_look(together, "a"))
    await _until(link, 1)
    later = asyncio.create_task(_look(together, "b"))
    await asyncio.sleep(0)

    await together.close()

    for each in (waiting, later):
        with pytest.raises(asyncio.CancelledError):
            await each


async def test_a_crowd_that_asks_again_is_one_crowd_again() -> None:
    link = FakeLink()
    link.may_answer.set()
    together = _together(link)

    async def ask_again(who: str) -> None:
        await _look(together, who)
        await asyncio.sleep(0)
        await _look(together, who)

    await asyncio.gather(*(ask_again(who) for who in "abcd"))

    assert [len(who) for _, who in link.asked] == [4, 4]
