"""Has something done about what is found: through the verbs, as anybody else would ask for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from svcctl.app.applied_table import AppliedTable
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.healing.attention import HEALER, Attention
from svcctl.app.selection import choose, service_of
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.events import Event, FindingMade, SpecApplied
from svcctl.ports import Cancel, Document, EventLog, Store
from svcctl.spec.heal import HealingSpec
from svcctl.spec.log_rule import ALERT
from svcctl.wire import Selection

if TYPE_CHECKING:  # an agent that heals nothing has none of it in memory
    from svcctl.app.healing.acting import CarryOut
    from svcctl.app.healing.care import Care

__all__ = ["HEALER", "Healer"]

log = logging.getLogger(__name__)

_PAST = 7 * 86_400.0  # seconds of which a new agent takes up what is wrong
_MOST = 10_000  # events of the past that are looked at


class Healer:
    """Heals services that have something to be healed; loads and costs nothing where none has.

    *is_quiet* says whether somebody has called findings of a pattern false: nothing is done then.
    """

    def __init__(
        self,
        manager: AgentManager,
        *,
        store: Store,
        events: EventLog,
        is_quiet: Callable[[str], bool],
    ) -> None:
        self._manager, self._store, self._events = manager, store, events
        self._applied = AppliedTable(store, "healing")
        self._is_quiet = is_quiet
        self._attention = Attention(lambda: manager.specs, then=self._look)
        self._care: Care | None = None
        self._carry_out: CarryOut | None = None
        self._forget: Cancel | None = None
        self._healing = self._read(self.kept)

    def begin(self, carry_out: CarryOut) -> None:
        """Heal from now on, by *carry_out*; needs a running event loop."""
        self._carry_out = carry_out
        self._forget = self._manager.world.bus.subscribe(self._noticed)
        if self._is_needed():
            self._open()

    def close(self) -> None:
        """Heal no more; what is being done is left as it is."""
        if self._forget:
            self._forget()
        if self._care:
            self._care.close()
        self._care = None

    def witness(
        self, verb: str, *, actor: str, selection: Selection, times: int = 1
    ) -> AbstractContextManager[None]:
        """See :class:`svcctl.app.dispatch.Witness`."""
        return self._attention.witness(verb, actor=actor, selection=selection, times=times)

    # what holds for all healing

    @property
    def kept(self) -> Document:
        """See :class:`svcctl.app.kept_table.TableKeeper`."""
        return self._applied.read()

    def keep(self, document: Document | None) -> None:
        """See :class:`svcctl.app.kept_table.TableKeeper`."""
        self._applied.write(document)
        self._healing = self._read(document or {})
        self._look()

    def _read(self, kept: Document) -> HealingSpec:
        """Give what is in force; where nobody can tell, nothing is done by itself."""
        if not kept:
            return HealingSpec()
        from svcctl.spec.canonical import parse_table  # noqa: PLC0415 - where it is said at all

        try:
            return parse_table(kept.get("spec"), HealingSpec)
        except SvcctlError as error:
            log.error("healing.unreadable", extra={"problem": error.problem})
            return HealingSpec(enabled=False)

    # what happens

    def _noticed(self, event: Event) -> None:
        if self._is_false(event):
            return
        if self._care:
            self._care.notice(event)
        elif isinstance(event, FindingMade) and event.action:
            self._open().notice(event)
        elif isinstance(event, SpecApplied) and self._is_needed():
            self._open()

    def _is_false(self, event: Event) -> bool:
        return isinstance(event, FindingMade) and self._is_quiet(event.pattern)

    def _look(self) -> None:
        if self._care:
            self._care.look_soon()

    def _is_needed(self) -> bool:
        """Say whether anything is to be healed, or an earlier agent was at it."""
        specs = self._manager.specs.values()
        acts = (each.heal or any(rule.action != ALERT for rule in each.rules) for each in specs)
        return any(acts) or any(
            document.get("state") == "begun" for _, document in self._store.items("deed")
        )

    def _open(self) -> Care:
        from svcctl.app.healing.care import Care, Place  # noqa: PLC0415 - where there is to heal

        if self._care is None:
            assert self._carry_out is not None
            self._care = Care(
                Place(
                    manager=self._manager,
                    store=self._store,
                    carry_out=self._carry_out,
                    attended=self._attention.of,
                    healing=lambda: self._healing,
                )
            )
            self._care.begin(self._past(self._manager.world.clock.now() - _PAST))
        return self._care

    def _past(self, since: float) -> list[Event]:
        from svcctl.app.past import event_of  # noqa: PLC0415 - as above

        try:
            found = self._events.read(since=since, limit=_MOST)
        except SvcctlError as error:  # what is wrong will be found again
            log.warning("healing.past_unreadable", extra={"problem": error.problem})
            return []
        past = (event_of(each) for each in found)
        return [each for each in past if each is not None and not self._is_false(each)]

    # verbs

    def deeds(self) -> dict[str, Deed]:
        """Give what carries out each verb."""
        return {"healing": self._show, "heal": self._heal}

    async def _show(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.healing import rows  # noqa: PLC0415 - likewise
        from svcctl.app.reading import moment  # noqa: PLC0415
        from svcctl.spec import canonical  # noqa: PLC0415

        del emit
        names, care = self._chosen(selection), self._open()
        scene = care.scene()
        since = moment(args.text("since"), now=scene.now)
        found: Document = {
            "healing": canonical.effective(scene.healing),
            "wanted": [rows.decided(e, scene) for e in care.wanted() if e.service in names],
            "done": [rows.done(each) for each in care.ledger.deeds if each.service in names],
        }
        if since:
            found["rehearsed"] = await self._rehearsed(care, names, since=since)
        return found

    async def _rehearsed(self, care: Care, names: set[str], *, since: float) -> list[Document]:
        from svcctl.app.healing import rows  # noqa: PLC0415 - likewise
        from svcctl.app.healing.rehearsal import Rehearsal  # noqa: PLC0415

        scene = care.scene()
        past = self._past(since)
        found = await asyncio.to_thread(Rehearsal(scene=scene).run, past, until=scene.now)
        return [rows.rehearsed(each) for each in found if each.wanted.service in names]

    async def _heal(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.healing import rows  # noqa: PLC0415 - likewise
        from svcctl.app.healing.deciding import decide  # noqa: PLC0415

        del emit
        names, care = self._chosen(selection), self._open()
        found: list[Document] = []
        for wanted in care.wanted():
            if wanted.service not in names:
                continue
            held = decide(wanted, care.scene(), at_once=True)
            row = rows.row(wanted, held)
            if held is None and not args.flag("dry_run"):
                deed = await care.act(wanted)
                row |= {"state": str(deed.state), "problem": deed.problem}
            found.append(row)
        return found

    def _chosen(self, selection: Selection) -> set[str]:
        specs = self._manager.specs
        return {service_of(each, specs) for each in choose(selection, specs)}
