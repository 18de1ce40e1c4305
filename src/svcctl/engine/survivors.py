"""Programs that run though the journal does not know of them: a damaged one must double nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from svcctl.engine.journal import Entry
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Instance, Phase
from svcctl.engine.world import World
from svcctl.events import ProgramFound
from svcctl.ports import Identity, Survivor


class Survivors:
    """What earlier agents started and nobody took over yet, by the name of its instance."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_name: dict[str, list[Survivor]] = {}
        for each in world.spawner.survivors():
            self._by_name.setdefault(each.tag, []).append(each)

    def claim(self, keeper: Keeper, entry: Entry | None) -> Entry | None:
        """Give the page to take over: *entry*, or one of a program that it does not know of.

        None where there is neither, and what *entry* tells of ended with an earlier boot.
        """
        if entry and entry.boot_id != self._world.boot_id:
            entry = None
        found = self._by_name.pop(keeper.name, [])
        if not found or not keeper.sweeps or (entry and self._knows(entry, found)):
            return entry  # what is not swept may leave others behind, as it likes
        chosen = found[-1]
        self._say(chosen, service=keeper.spec.name)
        now = self._world.clock.monotonic()
        return replace(
            keeper.entry,
            state=Instance(
                phase=Phase.RUNNING, wanted=True, child=True, ready=True, spawned_at=now
            ),
            token=chosen.token,
            identity=chosen.identity,
            started_at=self._world.clock.now(),
        )

    def end(self, services: Iterable[str]) -> None:
        """Tell of what is left; end instances past the last one of *services*.

        The others wait until their service is defined again.
        """
        known = frozenset(services)
        for name, found in tuple(self._by_name.items()):
            service = name.rpartition(".")[0]
            for each in found:
                self._say(each, service=service if service in known else name)
                if service in known:
                    self._world.spawner.strays(name, each.token, lambda _: None)
            if service in known:
                del self._by_name[name]

    def _knows(self, entry: Entry, found: list[Survivor]) -> bool:
        """Say whether a page is about what was found, or about another program that runs."""
        return any(each.token == entry.token for each in found) or self._runs(entry.identity)

    def _runs(self, identity: Identity | None) -> bool:
        return identity is not None and self._world.spawner.identify(identity.pid) == identity

    def _say(self, found: Survivor, *, service: str) -> None:
        self._world.bus.publish(
            ProgramFound(
                at=self._world.clock.now(),
                service=service,
                instance=found.tag,
                pid=found.identity.pid,
            )
        )
