"""Follows the logs that others keep, has rules judge them, and hands them on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from svcctl.app.watching import Watching, running_instance
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, InstanceSpawned, SpecApplied, WatchFailed, WatchRecovered
from svcctl.ports import Cancel, Document, Store
from svcctl.record import Portion

if TYPE_CHECKING:  # none of it is loaded where nothing is watched
    from svcctl.app.judging import Judge
    from svcctl.app.log_source import Follower, LogSources
    from svcctl.observe.records.multiline import Multiline
    from svcctl.observe.records.reader import Reader
    from svcctl.spec.watch import WatchSpec

log = logging.getLogger(__name__)

KIND = "watch"
"""Under which the store has what is watched, by name."""

_SETTLING = 10.0  # seconds a new log gets to be opened
_PATIENCE = 5.0  # seconds in which all threads have ended, once they were told to

Listener = Callable[["WatchSpec", Portion], None]
"""Hears what came of a watch."""


class ForeignLogs:
    """Everything that is watched; loads and costs nothing where nothing is.

    *open_sources* is called once something is.
    """

    def __init__(
        self,
        manager: AgentManager,
        *,
        watching: Watching,
        open_sources: Callable[[], LogSources],
    ) -> None:
        self._manager, self._watching, self._open_sources = manager, watching, open_sources
        self._store: Store = manager.world.store
        self._sources: LogSources | None = None
        self._watched: dict[str, Watched] = {}
        self._listeners: list[Listener] = []
        self._forget: Cancel | None = None

    def begin(self) -> None:
        """Follow what is kept from where it was left; needs a running event loop."""
        self._forget = self._manager.world.bus.subscribe(self._noticed)
        for name, document in self.kept.items():
            self._open(name, document)

    def close(self) -> None:
        """Follow no more, and save where each log was left."""
        if self._forget:
            self._forget()
        for each in self._watched.values():
            each.stop()
        deadline = time.monotonic() + _PATIENCE
        for each in self._watched.values():
            each.follower.join(max(0.0, deadline - time.monotonic()))
        self._watched.clear()

    @property
    def kept(self) -> dict[str, Document]:
        """What was applied, by name: ``spec``, ``revision``, ``origins`` and ``sources``."""
        return dict(self._store.items(KIND))

    @property
    def specs(self) -> dict[str, WatchSpec]:
        """What is followed, by name."""
        return {name: each.spec for name, each in self._watched.items()}

    @property
    def sources(self) -> LogSources:
        """What opens logs."""
        if self._sources is None:
            self._sources = self._open_sources()
        return self._sources

    def standing(self) -> Iterable[Watched]:
        """Give everything that is followed."""
        return self._watched.values()

    def keep(self, name: str, document: Document | None) -> None:
        """Go on by *document*, as applied; None: it is watched no more."""
        before = self.kept.get(name)
        if document is None:
            self._store.delete(KIND, name)
            self._shut(name)
            self.sources.forget(name)
            self._state("removed", name, str(before["revision"]) if before else "")
            return
        self._store.put(KIND, name, document)
        if before is None or before["spec"] != document["spec"]:
            self._shut(name)
            self._open(name, document)
        if before is None:
            self._state("created", name, str(document.get("revision", "")))

    async def settle(self) -> None:
        """Come back when nothing that is written from now on is missed, after 10 s at the latest.

        What cannot be followed is not waited for.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLING):
                for each in tuple(self._watched.values()):
                    await each.follower.settled.wait()

    def listen(self, listener: Listener) -> Cancel:
        """Have *listener* hear all that comes from now on."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def _open(self, name: str, document: Document) -> None:
        from svcctl.spec.canonical import parse_table  # noqa: PLC0415 - where there is something
        from svcctl.spec.watch import WatchSpec  # noqa: PLC0415

        try:
            spec = parse_table(document["spec"], WatchSpec)
            self._watched[name] = Watched(
                replace(spec, name=name),
                self._manager,
                watching=self._watching,
                sources=self.sources,
                hand_on=self._hand_on,
            )
        except SvcctlError as error:  # a definition that another version took
            log.error("watch.refused", extra={"watch": name, "problem": error.problem})

    def _shut(self, name: str) -> None:
        if old := self._watched.pop(name, None):
            old.stop()
            old.follower.join(_PATIENCE)

    def _state(self, change: str, name: str, revision: str) -> None:
        world = self._manager.world
        event = SpecApplied(at=world.clock.now(), service=name, change=change, revision=revision)
        world.bus.publish(event)

    def _hand_on(self, spec: WatchSpec, portion: Portion) -> None:
        for listener in tuple(self._listeners):
            listener(spec, portion)

    def _noticed(self, event: Event) -> None:
        if isinstance(event, InstanceSpawned):
            for each in self._watched.values():
                if each.spec.service == event.service and each.judge:
                    each.judge.resume()


class Watched:
    """One watch: its thread, its rules, and how its lines are read."""

    def __init__(
        self,
        spec: WatchSpec,
        manager: AgentManager,
        *,
        watching: Watching,
        sources: LogSources,
        hand_on: Listener,
    ) -> None:
        from svcctl.app.log_source import Follower  # noqa: PLC0415 - where something is watched
        from svcctl.observe.records.multiline import multiline  # noqa: PLC0415

        self.spec, self._manager, self._watching = spec, manager, watching
        self._hand_on = hand_on
        self._way: Multiline = multiline(spec.multiline)
        self._readers: dict[str, Reader] = {}
        self.judge = self._own_judge()
        self.follower: Follower = Follower(
            spec.name, partial(sources.open, spec), take=self._take, told=self._told
        )

    def stop(self) -> None:
        """Follow and judge no more."""
        self.follower.stop()
        if self.judge:
            self.judge.close()

    def running(self) -> str | None:
        """Name an instance of the service whose log it is; empty where it is of none kept here."""
        if self.spec.service not in self._manager.specs:
            return ""
        return running_instance(self._manager, self.spec.service)

    def _own_judge(self) -> Judge | None:
        if not self.spec.rules:
            return None
        from svcctl.app.judging import Judge, Subject  # noqa: PLC0415 - where there are rules only

        said = f"watch '{self.spec.name}'"
        rules = self.spec.rules
        if self.spec.service:  # whose own rules may be called the same
            rules = tuple(replace(each, name=f"{self.spec.name}: {each.title}") for each in rules)
        subject = Subject(service=self.spec.owner, said=said, running=self.running)
        world = self._manager.world
        return Judge(rules, subject, clock=world.clock, bus=world.bus)

    def _take(self, found: list[Portion]) -> None:
        judges = [each for each in (self.judge, self._watching.judge(self.spec.service)) if each]
        if found:
            self.follower.standing.last_at = self._manager.world.clock.now()
        for portion in found:
            count = len(portion.records) or portion.content.count(b"\n")
            self.follower.standing.lines += count
            for judge in judges:
                self._judge(judge, portion)
            self._hand_on(self.spec, portion)
        if not found:
            for judge in judges:
                judge.pass_time()

    def _judge(self, judge: Judge, portion: Portion) -> None:
        seen_in = self.running()
        if portion.records:
            judge.take_records(portion.records, seen_in=seen_in)
            return
        judge.take_lines(
            portion.content.removesuffix(b"\n"),
            reader=self._reader(portion.stream),
            gather=self._way.gather,
            seen_in=seen_in,
            timed=True,
        )

    def _reader(self, stream: str) -> Reader:
        if stream not in self._readers:
            self._readers[stream] = reader_of(self.spec)
        return self._readers[stream]

    def _told(self, problem: str) -> None:
        world = self._manager.world
        at, service, watch = world.clock.now(), self.spec.owner, self.spec.name
        if problem:
            world.bus.publish(WatchFailed(at=at, service=service, watch=watch, problem=problem))
        else:
            world.bus.publish(WatchRecovered(at=at, service=service, watch=watch))


def reader_of(spec: WatchSpec) -> Reader:
    """Give what reads lines as *spec* says they are written."""
    from svcctl.observe.records.reader import Reader  # noqa: PLC0415 - where something is watched
    from svcctl.spec.watch import LogFormat  # noqa: PLC0415

    form = "" if spec.format is LogFormat.AUTO else str(spec.format)
    return Reader(spec.pattern or form)
