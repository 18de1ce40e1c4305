"""Work for who came in from elsewhere ends the moment what they showed holds no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import LimitReached, Unauthenticated
from svcctl.ports import Cancel
from svcctl.server.holding import while_it_holds

ANN = Identity(actor="token:ann", way=Way.HTTP, proof=Proof.TOKEN)


class Watch:
    """Has who watches put out when a test says so; *out*: at once."""

    def __init__(self, *, out: bool = False, full: bool = False) -> None:
        self._out, self._full = out, full
        self.calls: list[Callable[[], None]] = []
        self.done = 0

    def watch(self, identity: Identity, call: Callable[[], None]) -> Cancel:
        assert identity is ANN
        if self._full:
            raise LimitReached("too much")
        self.calls.append(call)
        if self._out:
            call()
        return self._cancel

    def _cancel(self) -> None:
        self.done += 1


class Work:
    """Says how far it came."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.may_end = asyncio.Event()

    async def go(self) -> str:
        self.steps.append("begun")
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.steps.append("given up")
            raise
        self.steps.append("done")
        return "result"


async def test_who_stays_in_is_given_the_result_and_is_watched_no_more() -> None:
    watch, work = Watch(), Work()
    work.may_end.set()

    assert await while_it_holds(watch, ANN, work.go()) == "result"

    assert watch.done == 1


async def test_who_is_put_out_for_two_reasons_at_once_is_told_so_once() -> None:
    watch, work = Watch(), Work()
    asked = asyncio.create_task(while_it_holds(watch, ANN, work.go()))
    await asyncio.sleep(0)

    for call in watch.calls * 2:
        call()

    with pytest.raises(Unauthenticated):
        await asked


async def test_who_is_put_out_is_told_so_and_the_work_is_given_up() -> None:
    watch, work = Watch(), Work()
    asked = asyncio.create_task(while_it_holds(watch, ANN, work.go()))
    await asyncio.sleep(0)

    watch.calls[0]()

    with pytest.raises(Unauthenticated, match="revoked meanwhile"):
        await asked
    assert (work.steps, watch.done) == (["begun", "given up"], 1)


async def test_for_who_is_out_already_nothing_is_begun() -> None:
    watch, work = Watch(out=True), Work()

    with pytest.raises(Unauthenticated):
        await while_it_holds(watch, ANN, work.go())

    assert (work.steps, watch.done) == ([], 1)


async def test_for_who_has_too_much_under_way_nothing_is_begun() -> None:
    work = Work()

    with pytest.raises(LimitReached):
        await while_it_holds(Watch(full=True), ANN, work.go())

    assert work.steps == []


async def test_who_is_put_out_by_their_own_work_gets_no_result_of_it() -> None:
    watch = Watch()

    async def own_end() -> str:
        watch.calls[0]()
        return "result"

    with pytest.raises(Unauthenticated):
        await while_it_holds(watch, ANN, own_end())

    task = asyncio.current_task()
    assert task
    assert not task.cancelling()


async def test_who_hangs_up_is_not_told_that_they_were_put_out() -> None:
    watch, work = Watch(), Work()
    asked = asyncio.create_task(while_it_holds(watch, ANN, work.go()))
    await asyncio.sleep(0)

    asked.cancel()
    watch.calls[0]()

    with pytest.raises(asyncio.CancelledError):
        await asked
    assert work.steps == ["begun", "given up"]
