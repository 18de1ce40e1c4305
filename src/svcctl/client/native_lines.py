"""Lines of native services for those who ask the agent: from their hosts, or where there is none.

A host gives its own lines, past and coming, as an agent does.  What has no host, or one that does
not run, is read by who asks the native managers, and so is what stands in the journal of systemd.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from svcctl.app.arguments import check
from svcctl.app.logs import asked_for, needs_records
from svcctl.app.native_view import Spoken
from svcctl.app.natives import KeptNatively, Natives
from svcctl.app.selection import service_of
from svcctl.app.verbs import find
from svcctl.app.waiting import Emit
from svcctl.client.everywhere import part
from svcctl.client.in_order import AsyncAnswers, answers_of, in_order, last_in_order
from svcctl.client.native import NativeClient
from svcctl.client.native_journal import JournalLog, JournalTail
from svcctl.errors import AgentUnreachable
from svcctl.ports import Clock, Document
from svcctl.sdk.waiting import first, sleep
from svcctl.wire import Request

T = TypeVar("T")

_AGAIN = 1.0  # seconds between two looks at who does not speak, or is not there
_NEXT = 1e-6  # seconds; no two lines of the journal are nearer
_BATCH = 100  # items between two looks at whether the asker keeps up
_BEGINNING = frozenset(("lines", "since", "after"))
"""What says where the past begins."""

Converse = Callable[[str], AbstractAsyncContextManager[Spoken]]
"""Begins a conversation with the host of a service; raises AgentUnreachable."""

Theirs = Callable[[Emit], Awaitable[object]]
"""Has the agent give lines of its own services."""


class Use(Protocol):
    """Has something asked of the native managers, in a thread."""

    async def __call__(self, work: Callable[[NativeClient], T]) -> T: ...


class NativeLines:
    """Gives lines of native services, each from whoever has them."""

    def __init__(self, natives: Natives, *, converse: Converse, use: Use, clock: Clock) -> None:
        self._natives, self._converse, self._use = natives, converse, use
        self._clock = clock

    async def logs(self, request: Request, theirs: Theirs | None, emit: Emit) -> object:
        """Hand over the lines that *request* is about, and those of *theirs*; give how many.

        Where lines stand is told of one service alone: who goes on after a line of one would
        otherwise go on after an older one of another.
        """
        names = request.select.names
        alone = theirs is None and len(names) == 1
        taker: Emit = emit if alone else _Unplaced(emit)
        if not alone:
            request = replace(request, args=request.args | {"places": False, "after": None})
        if request.args.get("follow"):
            await taker.room()  # it has begun: it is known who is meant
            waits = [each for name in names for each in self._waits(part(request, name), taker)]
            await first(*waits, *([theirs(taker)] if theirs else []))
            return None
        sources = [self._lines(part(request, name)) for name in names]
        if theirs is not None:
            sources.append(answers_of(theirs))
        last = _last(request)
        if last is None or alone:
            return await in_order(sources, taker)
        return {"lines": await last_in_order(sources, taker, last=last)}

    async def _lines(self, request: Request) -> AsyncAnswers:
        """Give the lines of one service: those its host gives, or those that can be read."""
        begun = False
        try:
            if not self._kept(request).in_journal:
                async with self._host_of(request) as host, aclosing(host.answers(request)) as found:
                    async for each in found:
                        begun = True
                        yield each
                return
        except AgentUnreachable:
            if begun:
                raise
        for each in await self._read(request):
            yield each

    async def _read(self, request: Request) -> list[tuple[bool, object]]:
        """Give the lines of one service that stand written."""
        asked = replace(request, args=request.args | {"follow": False})
        return await self._use(lambda native: list(native.carried_out(asked)))

    def _waits(self, request: Request, emit: Emit) -> list[Coroutine[object, object, None]]:
        """Give what hands over lines of one service for ever, to be waited for at once.

        Of what stands in the journal a host says only when it was written by another process.
        """
        kept = self._kept(request)
        if not kept.in_journal:
            return [self._follow(request, emit)]
        hosts = [self._follow(request, _Unplaced(emit))] if kept.hosted else []
        return [self._follow_journal(request, emit), *hosts]

    async def _follow(self, request: Request, emit: Emit) -> None:
        """Hand over lines for ever; a host that is not there is waited for."""
        reader = _Reader(request, emit, since=self._clock.now())
        kept = self._kept(request)
        while True:
            try:
                async with self._host_of(request) as host:
                    await reader.take_all(host.answers(reader.asked))
            except AgentUnreachable:
                if not (kept.in_journal or (kept.hosted and reader.has_begun)):
                    await reader.take_some(await self._read(reader.asked))
            await sleep(self._clock, _AGAIN)

    async def _follow_journal(self, request: Request, emit: Emit) -> None:
        """Hand over what stands in the journal, and then what comes."""

        def begin(native: NativeClient) -> tuple[JournalLog, list[Document]]:
            log = native.journal_log(request)
            return log, list(log.past())

        log, items = await self._use(begin)
        with closing(log.follow()) as tail:
            while True:
                for each in items:
                    emit(each)
                await emit.room()
                await _readable(tail)
                items = tail.take()

    def _kept(self, request: Request) -> KeptNatively:
        (name,) = request.select.names
        return self._natives.kept[service_of(name, self._natives.specs)]

    def _host_of(self, request: Request) -> AbstractAsyncContextManager[Spoken]:
        (name,) = request.select.names
        return self._converse(service_of(name, self._natives.specs))


def _last(request: Request) -> int | None:
    """Give how many lines of all services are wanted at most; None: all, or no lines at all."""
    verb = find(request.verb)
    assert verb is not None
    args = check(verb, request.args)
    _, last = asked_for(args, now=0.0)
    return None if args.flag("stats") else last


async def _readable(tail: JournalTail) -> None:
    """Wait until there may be more."""
    loop, may_be_more = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(tail.fileno(), may_be_more.set)
    try:
        await may_be_more.wait()
    finally:
        loop.remove_reader(tail.fileno())


class _Reader:
    """Hands over lines of one service, and knows what is to be asked for next."""

    def __init__(self, request: Request, emit: Emit, *, since: float) -> None:
        self._request, self._emit = request, emit
        self._is_placed = not needs_records(request.args)
        self._wants_places = bool(request.args.get("places") or request.args.get("after"))
        self._place, self._at, self._past_it = "", since, 0.0
        self.has_begun = False

    @property
    def asked(self) -> Request:
        """Give what asks for all that was not handed over yet."""
        args: dict[str, object] = {"places": True} if self._is_placed else {}
        if not self.has_begun:
            return replace(self._request, args=self._request.args | args)
        if self._place:
            args["after"] = self._place
        else:
            args["since"] = datetime.fromtimestamp(self._at + self._past_it, UTC).isoformat()
        kept = {name: given for name, given in self._request.args.items() if name not in _BEGINNING}
        return replace(self._request, args=kept | args)

    async def take_all(self, answers: AsyncGenerator[tuple[bool, object]]) -> None:
        """Hand over each line as it comes, no faster than it is taken."""
        self.has_begun, self._past_it = True, 0.0
        count = 0
        async with aclosing(answers):
            async for is_result, item in answers:
                if not is_result:
                    self._take(item)
                    count += 1
                    if count % _BATCH == 0:
                        await self._emit.room()

    async def take_some(self, found: list[tuple[bool, object]]) -> None:
        """Hand over what was read; what comes after it is still to come."""
        self.has_begun, self._past_it = True, _NEXT
        for is_result, item in found:
            if not is_result:
                self._take(item)
        await self._emit.room()

    def _take(self, item: object) -> None:
        if isinstance(item, dict):
            self._place = str(item.get("place", ""))
            self._at = max(self._at, float(item.get("at", 0.0)))
            if not self._wants_places:
                item = {name: value for name, value in item.items() if name != "place"}
        self._emit(item)


class _Unplaced:
    """Takes lines that do not tell where they stand."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def __call__(self, item: object) -> None:
        """Hand over *item* without its place."""
        if isinstance(item, dict) and "place" in item:
            item = {name: value for name, value in item.items() if name != "place"}
        self._emit(item)

    async def room(self) -> None:
        """See :class:`svcctl.app.waiting.Emit`."""
        await self._emit.room()
