"""Heals while an agent runs: looks when something happens or is due, and acts at once or waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from svcctl.app.healing.acting import CarryOut, heal
from svcctl.app.healing.deciding import ECHOES, Held, decide
from svcctl.app.healing.deed import Deed, State
from svcctl.app.healing.ledger import Ledger
from svcctl.app.healing.lives import Lives
from svcctl.app.healing.quiet import QuietHours
from svcctl.app.healing.scene import Scene, Standing
from svcctl.app.healing.unhealed import Unhealed
from svcctl.app.healing.wanted import Requests, Wanted
from svcctl.engine import graph
from svcctl.engine.manager import AgentManager
from svcctl.engine.schedule import LocalTime
from svcctl.errors import SvcctlError
from svcctl.events import Event, HealingBegun, HealingDone, HealingHeld
from svcctl.ports import Store, Timer
from svcctl.spec.heal import HealingSpec
from svcctl.spec.heal_notation import parse_budget
from svcctl.spec.service import Start

log = logging.getLogger(__name__)

_SILENT = ECHOES | {"unsure", "young", "nothing"}
"""Reasons that are not worth an event; they are shown to whoever asks."""

_FINAL = frozenset(("off", "stopped", "dry_run", "nothing"))
"""Reasons for which what a rule asked for is not done later either."""

_LONGEST = 3600.0  # seconds slept at once, so that a clock that was set is noticed
_SLACK = 0.05  # seconds after which a time is surely over


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it heals: *attended* says who is at work on a service, *healing* what holds for all."""

    manager: AgentManager
    store: Store
    carry_out: CarryOut
    attended: Callable[[str], str]
    healing: Callable[[], HealingSpec]


class Care:
    """All healing of one agent, from :meth:`begin` to :meth:`close`."""

    def __init__(self, place: Place) -> None:
        self._place, self._manager = place, place.manager
        self._clock, self._bus = place.manager.world.clock, place.manager.world.bus
        self.requests = Requests()
        self.ledger = Ledger(place.store, now=self._clock.now())
        self._lives = Lives()
        self._unhealed = Unhealed(self._bus, self._clock)
        self._quiet = QuietHours(place.carry_out, self._clock, then=self.look_soon)
        self._told: set[tuple[object, str]] = set()
        self._acting: dict[int, asyncio.Task[Deed]] = {}
        self._timer: Timer | None = None
        self._looking = False

    def begin(self, past: Iterable[Event]) -> None:
        """Take in what happened before now, oldest first; needs a running event loop.

        What an earlier agent had begun to do is told to be unknown.
        """
        troubles = self.requests.troubles
        for event in past:
            troubles.take(event)
            self._lives.take(event)
        now = self._clock.now()
        keepers = [each for name in self._manager.names() for each in self._manager.keepers(name)]
        for keeper in keepers:
            if keeper.entry.identity and keeper.entry.started_at:
                self._lives.came_up(keeper.spec.name, keeper.name, at=keeper.entry.started_at)
        troubles.settle(map(self._manager.glance, keepers), now=now)
        troubles.expire(now)
        troubles.forget_rules()
        self._unhealed.recall(troubles)
        for deed in self.ledger.interrupted:
            problem = "the agent ended before it was over"
            self._conclude(deed, State.UNKNOWN, problem)
        self.look_soon()

    def close(self) -> None:
        """Heal no more; what is being done is left as it is, and unknown to the next agent."""
        if self._timer:
            self._timer.cancel()
        for task in (*self._acting.values(), *self._quiet.fetching):
            task.cancel()
        self._acting.clear()

    def notice(self, event: Event) -> None:
        """Take in what happened."""
        if isinstance(event, HealingHeld | HealingBegun):
            return
        self.requests.take(event)
        self._lives.take(event)
        if self._told or not self.requests.is_empty:
            self.look_soon()

    def look_soon(self) -> None:
        """Decide anew, once all that happens now has happened."""
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    # deciding

    def scene(self) -> Scene:
        """Say how everything stands."""
        specs = self._manager.specs
        edges = {name: tuple(each for each in spec.needs) for name, spec in specs.items()}
        return Scene(
            now=self._clock.now(),
            zone=LocalTime(),
            healing=self._place.healing(),
            specs=specs,
            troubles=self.requests.troubles,
            deeds=self.ledger.deeds,
            standing=self._standing,
            needs=lambda name: sorted(graph.closure([name], edges) - {name}),
            busy=self._busy,
            quiet=self._quiet.of,
        )

    def wanted(self) -> list[Wanted]:
        """Give all that is to be done, now or later."""
        return list(self.requests.wanted(self._manager.specs))

    def _standing(self, service: str) -> Standing | None:
        spec = self._manager.specs.get(service)
        if spec is None:
            return None
        keepers = self._manager.keepers(service)
        by_itself = spec.start in {Start.AUTO, Start.DELAYED}
        switched_off = by_itself and not self._manager.is_enabled(service)
        return Standing(
            phases={each.name: each.state.phase for each in keepers},
            enabled=not switched_off and spec.start is not Start.DISABLED,
            attended=self._place.attended(service),
            reloads=any(each.program.is_reloading for each in keepers),
            up=self._lives.up.get(service, {}),
        )

    def _busy(self, service: str) -> float | None:
        used = [each.cpu for each in self._manager.status([service]) if each.cpu is not None]
        return sum(used) if used else None

    def _look(self) -> None:
        self._looking = False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.requests.troubles.expire(self._clock.now())
        self.requests.forget_what_is_over()
        self.requests.forget_others(self._manager.specs)
        found = self.wanted()
        dues = [each for each in (self._consider(wanted) for wanted in found) if each is not None]
        keys = {each.key for each in found}
        self._told = {each for each in self._told if each[0] in keys}
        self._unhealed.keep_only({each.key for each in self.requests.troubles.now})
        if (ends := self.requests.troubles.next_end) is not None:
            dues.append(ends)
        if dues and found:
            wait = max(min(dues) - self._clock.now(), 0.0) + _SLACK
            self._timer = self._clock.later(min(wait, _LONGEST), self._look)

    def _consider(self, wanted: Wanted) -> float | None:
        """Begin, or say once why not; give when it is to be decided anew."""
        held = decide(wanted, self.scene())
        if held is None:
            self.act(wanted)
            return None
        if held.reason not in _SILENT and (wanted.key, held.reason) not in self._told:
            self._told.add((wanted.key, held.reason))
            self._hold(wanted, held)
        if wanted.policy.at:
            self._quiet.want(wanted)
        if wanted.once:
            self.requests.hold(wanted.trouble.key)
        if wanted.once and held.reason in _FINAL:
            self.requests.answer(wanted.trouble.key)
        return held.until

    def _hold(self, wanted: Wanted, held: Held) -> None:
        self._bus.publish(
            HealingHeld(
                at=self._clock.now(),
                service=wanted.service,
                instance=wanted.trouble.instance,
                deed=wanted.policy.do,
                why=wanted.trouble.summary,
                by=wanted.by,
                reason=held.reason,
                problem=held.problem,
                until=held.until,
            )
        )
        if held.reason == "budget":
            self._unhealed.tell(wanted, held.problem)

    # acting

    def act(self, wanted: Wanted) -> asyncio.Task[Deed]:
        """Begin to do what is wanted, written down before anything else; give what became of it."""
        if wanted.once:
            self.requests.answer(wanted.trouble.key)
        self._prune()
        deed = self.ledger.begin(wanted, at=self._clock.now())
        self._told = {each for each in self._told if each[0] != wanted.key}
        task = asyncio.get_running_loop().create_task(self._act(wanted, deed))
        self._acting[deed.number] = task
        task.add_done_callback(lambda _: self._acting.pop(deed.number, None))
        return task

    async def _act(self, wanted: Wanted, deed: Deed) -> Deed:
        try:
            await self._place.store.settle()
            self._bus.publish(
                HealingBegun(
                    at=self._clock.now(),
                    service=wanted.service,
                    instance=wanted.targets[0] if len(wanted.targets) == 1 else "",
                    number=deed.number,
                    deed=deed.what,
                    why=deed.why,
                    by=deed.by,
                )
            )
            problem = await heal(
                wanted,
                carry_out=self._place.carry_out,
                look=self.scene,
                addresses=self._addresses(wanted.service),
            )
        except SvcctlError as error:
            problem = error.problem
        done = self._conclude(deed, State.FAILED if problem else State.DONE, problem)
        if problem and not wanted.only_looks:
            self._unhealed.tell(wanted, problem)
        else:
            self._unhealed.end(wanted)
        self.look_soon()
        return done

    def _addresses(self, service: str) -> Mapping[str, str]:
        """Give by what name verbs know each instance; the only one is its service."""
        if service not in self._manager.specs:
            return {}
        keepers = self._manager.keepers(service)
        return {each.name: each.address if len(keepers) > 1 else service for each in keepers}

    def _conclude(self, deed: Deed, state: State, problem: str) -> Deed:
        now = self._clock.now()
        done = self.ledger.end(deed, state, at=now, problem=problem)
        self._bus.publish(
            HealingDone(
                at=now,
                service=deed.service,
                number=deed.number,
                deed=deed.what,
                outcome=state,
                problem=problem,
                took=max(0.0, now - deed.at),
            )
        )
        return done

    def _prune(self) -> None:
        healing = self._place.healing()
        texts: Sequence[str] = (
            healing.budget,
            healing.service_budget,
            *(policy.budget for spec in self._manager.specs.values() for policy in spec.heal),
        )
        longest = max(parse_budget(each).within for each in texts)
        self.ledger.prune(now=self._clock.now(), longest=longest)
