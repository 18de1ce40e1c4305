"""``logs``: what services wrote, with their restarts told inline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from svcctl.app.arguments import Arguments
from svcctl.app.following import Following
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.grep import grep
from svcctl.app.log_lines import batch, line_document
from svcctl.app.reading import moment
from svcctl.app.selection import choose, service_of
from svcctl.app.turns import Turns
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity
from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.errors import UnknownService, UsageError
from svcctl.observe.logs.files import STREAMS, instance_folder
from svcctl.observe.logs.query import Line, Source, Wanted, read
from svcctl.ports import Bus, Clock
from svcctl.wire import Selection

if TYPE_CHECKING:  # 1 MB, rare
    from svcctl.app.foreign_reading import ForeignPast
    from svcctl.observe.records.search import Found, Sought

_LINES = 100  # lines of the past shown where nobody says how many

MayRead = Callable[[Identity, str], bool]
"""Says whether somebody may read the logs of a service, or of a watch that is of none."""


class Logs:
    """Reads captured files in a thread, and follows captures in the loop."""

    def __init__(
        self,
        manager: AgentManager,
        *,
        folder: str,
        bus: Bus,
        clock: Clock,
        foreign: ForeignLogs,
        may_read: MayRead,
    ) -> None:
        """*may_read* is asked of watches alone: what else is meant was looked at before."""
        self._manager, self._folder, self._bus, self._clock = manager, folder, bus, clock
        self._foreign, self._may_read = foreign, may_read
        self._turns = Turns(clock)

    async def logs(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give lines as items; with ``follow`` go on until the asker hangs up."""
        names, watches = self._chosen(selection, args)
        keepers = [keeper for name in names for keeper in self._manager.keepers(name)]
        sources = [self._source(keeper) for keeper in keepers]
        if args.flag("stats"):
            return await self._stats(sources, watches, args, emit)
        if _tells_places(args) and not watches and not understands(args):
            return {"lines": await self._placed(names, keepers, args, emit)}
        following = None
        if args.flag("follow"):
            following = self._following(names, args)
            following.begin(keepers, self._manager, self._bus)
            if watches:
                following.listen_to(watches, self._foreign)
        try:
            count = await self._past(sources, watches, args, emit)
            if following:
                await emit.room()
                await following.pass_on(emit)
        finally:
            if following:
                following.end()
        return {"lines": count}

    async def _placed(
        self, names: list[str], keepers: list[Keeper], args: Arguments, emit: Emit
    ) -> int:
        """Give lines with where they stand; give how many of the past."""
        from svcctl.app.placed_logs import Placed, read_place  # noqa: PLC0415 - for ways in

        wanted, last = asked_for(args, now=self._clock.now())
        placed = Placed(names, keepers, source=self._source, wanted=wanted, turns=self._turns)
        after = args.text("after")
        try:
            if args.flag("follow"):
                placed.begin(self._manager, self._bus)
            spots = read_place(after) if after else None
            count = await placed.past(emit, after=spots, last=last)
            if args.flag("follow"):
                await emit.room()
                await placed.pass_on(emit)
        finally:
            placed.end()
        return count

    def _chosen(self, selection: Selection, args: Arguments) -> tuple[list[str], list[str]]:
        """Give the services or instances that are meant, and the watches."""
        specs, foreign = self._manager.specs, self._foreign
        readable = [each for each in foreign.specs if self._is_for(args.asker, each)]
        named = args.text("watch")
        if named and named not in readable:
            raise UnknownService(f"nothing is watched as {named!r}", hint="see: svcctl watch list")
        if not foreign.specs:
            return choose(selection, specs), []
        from svcctl.app import foreign_reading  # noqa: PLC0415 - where something is watched

        left, watches = foreign_reading.chosen_watches(selection, foreign, specs, named=named)
        try:
            names = choose(left, specs) if left is not None else []
        except UnknownService as error:
            hint = f"{error.hint}; watched: {', '.join(readable)}"
            raise UnknownService(error.problem, hint=hint) from error
        services = {service_of(name, specs) for name in names}
        watches += [
            each for each in foreign_reading.watches_of(services, foreign) if each not in watches
        ]
        return names, [each for each in watches if each in readable]

    def _is_for(self, asker: Identity | None, watch: str) -> bool:
        return asker is not None and self._may_read(asker, self._foreign.specs[watch].owner)

    async def _past(
        self, sources: list[Source], watches: list[str], args: Arguments, emit: Emit
    ) -> int:
        wanted, last = asked_for(args, now=self._clock.now())
        if not understands(args) and not watches:
            return await _emit_all(read(sources, wanted, last=last), emit)
        from svcctl.app.searching import emit_records, sought  # noqa: PLC0415 - 1 MB, rare
        from svcctl.observe.records.search import search  # noqa: PLC0415

        which = sought(args)
        found = search(sources, wanted, which, last=last)  # now: who follows gets the rest
        if watches:
            from svcctl.app.foreign_reading import merged  # noqa: PLC0415 - as above

            theirs = self._foreign_past(wanted, which).found(watches, last=last)
            found = merged(found, theirs, last=last)
        return await emit_records(found, emit=emit)

    async def _stats(
        self, sources: list[Source], watches: list[str], args: Arguments, emit: Emit
    ) -> object:
        from svcctl.app.searching import emit_stats, sought  # noqa: PLC0415 - 1 MB, rare
        from svcctl.observe.records.search import search  # noqa: PLC0415

        if args.flag("follow"):
            raise UsageError("--stats does not follow", hint="leave out one of --stats and -f")
        wanted, _ = asked_for(args, now=self._clock.now())
        which = sought(args)
        found: dict[str, list[Iterator[Found]]] = {}
        for service in {source.service for source in sources}:
            own = [each for each in sources if each.service == service]
            found.setdefault(service, []).append(search(own, wanted, which, last=None))
        for name in watches:
            theirs = self._foreign_past(wanted, which).found([name], last=None)
            found.setdefault(self._foreign.specs[name].owner, []).append(theirs)
        return {"services": await emit_stats(found, emit=emit)}

    def _foreign_past(self, wanted: Wanted, which: Sought) -> ForeignPast:
        from svcctl.app.foreign_reading import ForeignPast  # noqa: PLC0415 - as above

        foreign, clock = self._foreign, self._clock
        return ForeignPast(foreign=foreign, wanted=wanted, which=which, clock=clock)

    def _following(self, names: list[str], args: Arguments) -> Following:
        take = which = None
        if understands(args):
            from svcctl.app.searching import live, sought  # noqa: PLC0415 - 1 MB, rare

            which = sought(args)
            take = live(which)
        return Following(
            names,
            grep=grep(args.text("grep")),
            stream=args.text("stream"),
            clock=self._clock,
            take=take,
            which=which,
        )

    def _source(self, keeper: Keeper) -> Source:
        service = keeper.spec.name
        folder = instance_folder(self._folder, service, keeper.name)
        return Source(service=service, instance=keeper.name, folder=folder)


def asked_for(args: Arguments, *, now: float) -> tuple[Wanted, int | None]:
    """Give which lines of the past were asked for, and how many of the last (None: all)."""
    stream = args.text("stream")
    since, until = moment(args.text("since"), now=now), moment(args.text("until"), now=now)
    last = args.integer("lines")
    wanted = Wanted(
        since=since,
        until=until or None,
        grep=grep(args.text("grep")),
        streams=frozenset({stream} if stream else STREAMS),
        unfinished=not args.flag("follow"),
    )
    return wanted, _LINES if last is None and not since else last


def understands(args: Arguments) -> bool:
    """Say whether lines have to be read as records."""
    return needs_records(args.values)


def needs_records(args: Mapping[str, object]) -> bool:
    """Say whether *args* of ``logs`` ask for records."""
    return args.get("records") is True or any(
        isinstance(args.get(name), str) for name in ("level", "where", "trace")
    )


def _tells_places(args: Arguments) -> bool:
    return args.flag("places") or bool(args.text("after"))


async def _emit_all(lines: Iterator[Line], emit: Emit) -> int:
    """Hand over all of *lines*, reading in a thread, no faster than they are taken."""
    count = 0
    while found := await asyncio.to_thread(batch, lines):
        for line in found:
            emit(line_document(line))
        count += len(found)
        await emit.room()
    return count
