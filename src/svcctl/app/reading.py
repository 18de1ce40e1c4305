"""Every verb that only looks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime

from svcctl.app.arguments import Arguments
from svcctl.app.goals import Goal
from svcctl.app.natives import Natives
from svcctl.app.selection import choose, service_of
from svcctl.app.waiting import Emit, Waiting
from svcctl.engine.manager import AgentManager
from svcctl.errors import SpecError, UsageError
from svcctl.ports import Bus, Clock, Document, EventTrail, InstanceStatus, Recorded
from svcctl.spec import canonical
from svcctl.wire import Selection

GOALS = {
    "started": Goal.STARTED,
    "ready": Goal.READY,
    "healthy": Goal.HEALTHY,
    "done": Goal.DONE,
    "stopped": Goal.DOWN,
    "failed": Goal.FAILED,
}
"""What ``wait`` can wait for, by the name of the condition."""

_EVENTS = 50  # of the past shown where nobody says how many
_MOST_EVENTS = 10_000
_BATCH = 200  # events told between two looks at whether the asker keeps up
_STATUS_FIELDS = tuple(each.name for each in fields(InstanceStatus))


class Reading:
    """Says how things are, from the manager, the event log and the definitions."""

    def __init__(
        self,
        manager: AgentManager,
        *,
        waiting: Waiting,
        events: EventTrail,
        bus: Bus,
        clock: Clock,
        natives: Natives,
    ) -> None:
        self._manager, self._waiting, self._natives = manager, waiting, natives
        self._events, self._bus, self._clock = events, bus, clock

    async def status(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Say how each instance is."""
        del args, emit
        names = choose(selection, self._manager.specs)
        return [document(each) for each in self._manager.status(names)]

    async def show(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give effective definitions, with the origin of each value."""
        del args, emit
        names = choose(selection, self._manager.specs)
        return [self._show(service_of(name, self._manager.specs)) for name in names]

    def _show(self, name: str) -> Document:
        applied = self._manager.query(name)
        return {
            "name": name,
            "spec": canonical.effective(self._manager.specs[name]),
            "origins": applied.origins,
            "revision": applied.revision,
            "sources": dict(applied.sources),
            "enabled": self._manager.is_enabled(name),
        }

    async def tree(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Say what needs what."""
        del args, emit
        names = choose(selection, self._manager.specs)
        services = sorted({service_of(name, self._manager.specs) for name in names})
        return {"services": {name: self._branch(name) for name in services}}

    def _branch(self, name: str) -> Document:
        keepers = self._manager.keepers(name)
        spec = keepers[0].spec
        return {
            "needs": {needed: str(need) for needed, need in spec.needs.items()},
            "after": list(spec.after),
            "phase": keepers[0].state.phase,
        }

    async def wait(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Wait until each instance fulfils a condition."""
        goal = GOALS[args.text("condition") or "ready"]
        names = choose(selection, self._manager.specs)
        goals = {keeper.name: goal for name in names for keeper in self._manager.keepers(name)}
        outcomes = await self._waiting.until(goals, emit=emit, within=args.seconds("timeout"))
        return [each.document() for each in outcomes]

    async def events(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Tell what happened, and with ``follow`` what happens.

        Who follows after an event is told of all that came since, however much it is.
        """
        specs = {**self._natives.specs, **self._manager.specs}
        chosen = [] if selection.all else choose(selection, specs)
        names = tuple({service_of(name, specs) for name in chosen})
        after, follow = args.integer("after") or 0, args.flag("follow")
        if follow and args.integer("first") is not None:
            raise UsageError("who follows is told of all that comes", hint="leave out 'first'")
        came = asyncio.Event()
        buses = (self._bus, self._natives.trail)
        cancels = [bus.subscribe(lambda _: came.set()) for bus in buses]
        try:
            if follow and after:
                last, count = after, 0
            else:
                past = self._past(names, args, after=after)
                latest = self._events.read(limit=1)
                await _emit_all(past, emit)
                last, count = max([after, *(each.number for each in latest)]), len(past)
            await emit.room()
            while follow:
                last = await self._go_on(names, last, emit)
                await came.wait()
                came.clear()
        finally:
            for cancel in cancels:
                cancel()
        return {"events": count}

    def _past(self, names: tuple[str, ...], args: Arguments, *, after: int) -> list[Recorded]:
        """Give the first events after one, or the last there are."""
        since = moment(args.text("since"), now=self._clock.now())
        first, lines = args.integer("first"), args.integer("lines")
        limit = next((each for each in (first, lines) if each is not None), _EVENTS)
        if limit > _MOST_EVENTS:
            raise UsageError(
                f"{limit} events are too many at once, {_MOST_EVENTS} are the most",
                hint="name services, or follow them: svcctl events -f",
            )
        read = self._events.read if first is None else self._events.read_on
        return read(services=names, after=after, since=since, limit=limit) if limit else []

    async def _go_on(self, names: tuple[str, ...], last: int, emit: Emit) -> int:
        """Tell of all that came after *last*; give the number of the latest."""
        while new := self._events.read_on(services=names, after=last, limit=_BATCH):
            await _emit_all(new, emit)
            last = new[-1].number
        return last

    async def environment(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give what a command needs to run as the service does."""
        del args, emit
        (name,) = choose(selection, self._manager.specs)
        return self._manager.keepers(name)[0].program.surroundings()


async def _emit_all(recorded: Iterable[Recorded], emit: Emit) -> None:
    for at, each in enumerate(recorded, start=1):
        emit(asdict(each))
        if at % _BATCH == 0:
            await emit.room()


def document(status: InstanceStatus) -> Document:
    """Give *status* in a form JSON can hold; it is flat, so nothing has to be copied deep."""
    return {name: getattr(status, name) for name in _STATUS_FIELDS}


def moment(text: str | None, *, now: float) -> float:
    """Give a point in time (seconds since 1970): *text* is an age (10m) or an ISO time; 0 for None.

    Raises UsageError for anything else.
    """
    if not text:
        return 0.0
    from svcctl.spec.notation import parse_duration  # noqa: PLC0415 - 1 MB, rare

    try:
        return now - parse_duration(text)
    except SpecError:
        pass  # then it is a time, or nothing
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise UsageError(
            f"{text!r} is neither an age nor a time",
            hint="write it as 10m, 2h, 1d or 2026-11-21T08:00",
        ) from None
