"""Has verbs that the agent is asked for from elsewhere reach the services of native managers too.

Who asks on the machine asks those managers without the agent, see :mod:`svcctl.client.everywhere`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.natives import Natives
from svcctl.app.verb import Effect, Verb
from svcctl.app.verbs import find
from svcctl.app.waiting import Emit
from svcctl.client.everywhere import Split, is_of_the_agent
from svcctl.client.merged import combined
from svcctl.client.native import NativeClient
from svcctl.client.native_lines import Converse, NativeLines
from svcctl.errors import TimedOut, UnknownService
from svcctl.ports import Clock
from svcctl.sdk.waiting import in_thread
from svcctl.wire import Request, Selection

_AT_ONCE = 4  # looks, and as many changes: each takes a thread
_SLICE = 2.0  # seconds that one thread waits for a condition, until it is seen who still asks

T = TypeVar("T")


class NativesToo:
    """Carries out verbs on native services, beside what the agent does with its own.

    *native* gives who asks the managers; it blocks, and one at a time uses it.  *converse* begins a
    conversation with the host of a service.
    """

    def __init__(
        self,
        natives: Natives,
        *,
        native: Callable[[], NativeClient],
        converse: Converse,
        clock: Clock,
    ) -> None:
        self._looks, self._changes = _Clients(native), _Clients(native)
        self._lines = NativeLines(natives, converse=converse, use=self._looks.use, clock=clock)

    def deeds(self, own: Mapping[str, Deed]) -> dict[str, Deed]:
        """Give *own*, reaching further where a verb is about services."""
        return {name: self._further(name, deed) for name, deed in own.items()}

    def _further(self, name: str, own: Deed) -> Deed:
        verb = find(name)
        if verb is None or verb.name == "events" or is_of_the_agent(verb):
            return own  # the agent hears what happens to native services, and writes it down

        async def deed(selection: Selection, args: Arguments, emit: Emit) -> object:
            return await self._carry_out(verb, own, selection, args, emit)

        return deed

    async def _carry_out(
        self, verb: Verb, own: Deed, selection: Selection, args: Arguments, emit: Emit
    ) -> object:
        given = {name: value for name, value in args.values.items() if value is not None}
        request = Request(verb=verb.name, select=selection, args=given)
        if verb.name == "logs":
            split = await self._looks.use(lambda native: native.split(request))
            return await self._logs(split, own, args, emit)
        split, results = await self._natively(verb, request)
        if split.agent is not None:
            theirs = replace(args, values={**args.values, **split.agent.args})
            with suppress(*_passed_over(split)):
                results.append(await own(split.agent.select, theirs, emit))
        return combined(results)

    async def _natively(self, verb: Verb, request: Request) -> tuple[Split, list[object]]:
        """Do what is to be done natively, if anything is; say what is left for the agent."""
        clients = self._looks if verb.effect is Effect.READ else self._changes
        split = await clients.use(lambda native: native.split(request))
        if split.native is None:
            return split, []
        if verb.name == "wait":
            return split, [await self._wait(split.native)]
        return split, [await clients.use(_asked(split.native))]

    async def _wait(self, request: Request) -> object:
        """Wait in slices, so that no thread waits for somebody who has gone."""
        within = request.args.get("timeout")
        until = time.monotonic() + within if isinstance(within, int | float) else None
        while True:
            left = _SLICE if until is None else max(0.0, until - time.monotonic())
            sliced = replace(request, args=request.args | {"timeout": min(left, _SLICE)})
            try:
                return await self._looks.use(_asked(sliced))
            except TimedOut:
                if until is not None and time.monotonic() >= until:
                    raise

    async def _logs(self, split: Split, own: Deed, args: Arguments, emit: Emit) -> object:
        """Give lines of both, in the order of their time until they are followed."""
        if split.native is None:
            assert split.agent is not None
            return await own(split.agent.select, args, emit)
        if split.agent is None:
            return await self._lines.logs(split.native, None, emit)
        select, passed_over = split.agent.select, _passed_over(split)

        async def theirs(each: Emit) -> object:
            with suppress(*passed_over):
                return await own(select, _unplaced(args), each)
            if args.flag("follow"):  # the others are followed all the same
                await asyncio.Event().wait()
            return None

        return await self._lines.logs(split.native, theirs, emit)


class _Clients:
    """Who ask the native managers, each in a thread; few at a time, and used again."""

    def __init__(self, make: Callable[[], NativeClient]) -> None:
        self._make, self._idle = make, list[NativeClient]()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def use(self, work: Callable[[NativeClient], T]) -> T:
        """Give what *work* gives; a client with which it failed is not used again."""
        async with self._turns:
            known = self._idle.pop() if self._idle else None

            def call() -> tuple[NativeClient, T]:
                client = known or self._make()
                return client, work(client)

            client, result = await in_thread("native services", call)
            self._idle.append(client)
            return result


def _asked(request: Request) -> Callable[[NativeClient], object]:
    """Give what asks for *request*, and gives its result."""

    def ask(native: NativeClient) -> object:
        *_, (_, result) = native.carried_out(request)
        return result

    return ask


def _unplaced(args: Arguments) -> Arguments:
    """Give *args* of ``logs`` for lines that do not tell where they stand."""
    return replace(args, values={**args.values, "places": False, "after": None})


def _passed_over(split: Split) -> tuple[type[Exception], ...]:
    """Give what is no error of the agent's part."""
    return (UnknownService,) if split.doubtful else ()
