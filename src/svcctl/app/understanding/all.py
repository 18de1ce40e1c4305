"""Has what services log understood without any rule: what is unusual is found and told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from svcctl.app.understanding.foreign_tap import ForeignTap
from svcctl.app.understanding.one import Understood
from svcctl.app.understanding.place import Place
from svcctl.app.understanding.tap import CaptureTap
from svcctl.engine.manager import AgentManager
from svcctl.events import Event, InstanceExited, InstanceSpawned, SpecApplied
from svcctl.ports import Cancel, Document
from svcctl.record import Portion
from svcctl.spec.detect_policy import DetectPolicy

if TYPE_CHECKING:  # few agents watch anything
    from svcctl.spec.watch import WatchSpec


class Understanding:
    """Listens to every service that wants it; loads nothing before one has said something."""

    def __init__(self, manager: AgentManager, *, place: Place) -> None:
        self._manager, self._place = manager, place
        self._understood: dict[str, Understood] = {}
        self._forget: Cancel | None = None

    def begin(self) -> None:
        """Listen from now on, to what is applied later too."""
        self._forget = self._manager.world.bus.subscribe(self._noticed)
        for name in self._manager.names():
            self._look_at(name)

    def close(self) -> None:
        """Listen no more; what was learnt is kept."""
        if self._forget:
            self._forget()
        for each in self._understood.values():
            each.close()
        self._understood.clear()

    def take(self, watch: WatchSpec, portion: Portion) -> None:
        """Listen to a log that others keep, as if the service whose log it is had written it."""
        owner = watch.owner
        if not watch.detect or (owner in self._manager.specs and owner not in self._understood):
            return
        if owner not in self._understood:
            self._understood[owner] = Understood(
                owner, DetectPolicy(), place=self._place, open_tap=ForeignTap
            )
        lines = [each.raw for each in portion.records]
        lines = lines or portion.content.removesuffix(b"\n").split(b"\n")
        self._understood[owner].hear(f"{watch.name}/{portion.stream}", lines)

    def known(self) -> list[Document]:
        """Say of each service that was heard of what has been learnt."""
        rows: list[Document] = []
        for name, each in sorted(self._understood.items()):
            known = each.known
            if known is None:
                continue
            share = each.share
            rows.append(
                {
                    "service": name,
                    "since": known.since,
                    "lines": known.lines,
                    "templates": known.templates,
                    "sessions": known.sessions,
                    "tells_of_lines": known.of_lines,
                    "tells_of_sessions": known.of_sessions and each.policy.sessions,
                    "learning_seconds": each.policy.learning,
                    "read": share.read / max(1.0, share.read + share.unread),
                }
            )
        return rows

    def _noticed(self, event: Event) -> None:
        match event:
            case SpecApplied(service=service):
                self._look_at(service)
            case InstanceSpawned(service=service) if service in self._understood:
                self._understood[service].began()
            case InstanceExited(service=service) if service in self._understood:
                self._understood[service].ended()
            case _:
                pass

    def _look_at(self, service: str) -> None:
        spec = self._manager.specs.get(service)
        old = self._understood.get(service)
        if old and spec and old.policy == spec.detect:
            return
        if old:
            self._understood.pop(service).close(forget=spec is None)
        if spec is None or not spec.detect.on:
            self._place.told.nothing_more(service)
            return
        understood = Understood(
            service,
            spec.detect,
            place=self._place,
            open_tap=partial(CaptureTap, service, self._manager),
        )
        self._understood[service] = understood
        understood.begin()
