"""The verbs about shipping; what ships is loaded once there is somewhere to ship to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from svcctl.app.applied_table import AppliedTable
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.errors import SpecError, UnknownService
from svcctl.events import Event, InstanceExited, InstanceSpawned
from svcctl.observe.metrics import catalogue
from svcctl.observe.metrics.exposition import Family
from svcctl.ports import Bus, Cancel, Clock, Document, Store
from svcctl.wire import Selection

if TYPE_CHECKING:  # an agent that ships nothing has none of it in memory
    from svcctl.observe.ship.shipper import Lag, Shipper
    from svcctl.spec.shipping import ShippingSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of a record that was sent to see whether it arrives; no *problem*: it did."""

    problem: str
    hint: str
    seconds: float


class Docks(Protocol):
    """Makes what ships."""

    def shipper(self, name: str, spec: ShippingSpec, after: Shipper | None) -> Shipper:
        """Give what ships to *spec*, called *name*; *after* did so before, and is closed."""

    def test(self, name: str, spec: ShippingSpec) -> Trial:
        """Send one record; blocks."""

    def aside(self, name: str) -> str:
        """Give the path of the file of what is set aside."""

    def forget(self, name: str) -> None:
        """Take away what waits for a receiver that is no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dock:
    spec: ShippingSpec
    shipper: Shipper


class Shipping:
    """Ships from :meth:`begin` on, where receivers are configured, and answers for it."""

    def __init__(
        self,
        open_docks: Callable[[], Docks],
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._open_docks, self._applied = open_docks, AppliedTable(store, "shipping")
        self._bus, self._clock = bus, clock
        self._running: dict[str, _Dock] = {}
        self._cancel: Cancel | None = None

    def begin(self) -> None:
        """Ship, if there is anywhere to; needs a running event loop."""
        if not self.kept:
            return
        try:
            wanted = self._specs()
        except SpecError as error:  # services are kept all the same
            log.error("shipping.unreadable", extra={"problem": error.problem})
            return
        self._turn_to(wanted)

    def close(self) -> None:
        """Ship no more; what waits is shipped by the next agent."""
        for each in self._running.values():
            each.shipper.close()
        self._running.clear()
        if self._cancel:
            self._cancel()
        self._cancel = None

    # what is configured

    @property
    def kept(self) -> Document:
        """What was applied: ``spec``, ``origins`` and ``sources``."""
        return self._applied.read()

    def keep(self, document: Document | None) -> None:
        """Go on by *document*, as applied; None: nothing is shipped."""
        self._applied.write(document)
        self._turn_to({} if document is None else self._specs())

    def _specs(self) -> Mapping[str, ShippingSpec]:
        from svcctl.spec.canonical import parse_table  # noqa: PLC0415 - for those who ship
        from svcctl.spec.common import CommonSpec  # noqa: PLC0415

        return parse_table({"shipping": self.kept.get("spec", {})}, CommonSpec).shipping

    def _turn_to(self, wanted: Mapping[str, ShippingSpec]) -> None:
        docks = self._open_docks() if wanted or self._running else None
        for name in [name for name in self._running if name not in wanted]:
            assert docks is not None
            self._running.pop(name).shipper.close()
            docks.forget(name)
        for name, spec in wanted.items():
            assert docks is not None
            before = self._running.get(name)
            if before is not None and before.spec == spec:
                continue
            if before is not None:
                before.shipper.close()
            shipper = docks.shipper(name, spec, before.shipper if before else None)
            self._running[name] = _Dock(spec=spec, shipper=shipper)
            shipper.begin()
        if wanted and self._cancel is None:
            self._cancel = self._bus.subscribe(self._notice)

    # what happens

    def _notice(self, event: Event) -> None:
        if isinstance(event, InstanceSpawned):
            for each in self._running.values():
                each.shipper.wake()
        elif isinstance(event, InstanceExited):
            for each in self._running.values():
                each.shipper.stir(event.instance)

    # what is asked

    def deeds(self) -> dict[str, Deed]:
        """Give what carries out each verb."""
        return {
            "shipping": self._list,
            "shipping-test": self._test,
            "shipping-show": self._show,
        }

    async def _list(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        docks = self._open_docks() if self._running else None
        now = self._clock.now()
        return [
            _row(name, each, now=now) | {"set_aside_file": docks.aside(name) if docks else ""}
            for name, each in self._running.items()
        ]

    async def _test(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - rarely wrong

        del selection, emit
        name, specs = args.text("receiver") or "", self._specs()
        if name not in specs:
            known = ", ".join(sorted(specs)) or "none, add [shipping.NAME]"
            hint = did_you_mean(name, specs) or f"there are: {known}"
            raise UnknownService(f"there is no receiver {name!r}", hint=hint)
        trial = await asyncio.to_thread(self._open_docks().test, name, specs[name])
        return {
            "receiver": name,
            "ok": not trial.problem,
            "problem": trial.problem,
            "hint": trial.hint,
            "seconds": trial.seconds,
        }

    async def _show(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.spec import canonical  # noqa: PLC0415 - rarely asked

        del selection, args, emit
        kept = self.kept
        effective = {name: canonical.effective(each) for name, each in self._specs().items()}
        return {
            "name": "[shipping]",
            "spec": {"shipping": effective},
            "origins": kept.get("origins", {}),
            "sources": kept.get("sources", {}),
            "revision": canonical.revision(cast("Document", kept.get("spec", {}))),
        }

    def samples(self) -> Iterator[tuple[Family, dict[str, float]]]:
        """Give what scrapers are told."""
        now = self._clock.now()
        for name, each in self._running.items():
            lag = each.shipper.lag()
            progress = lag.standing.progress
            numbers: list[tuple[Family, tuple[str, ...], float | None]] = [
                (catalogue.SHIPPING_LAG_BYTES, (name,), lag.waiting_bytes),
                (catalogue.SHIPPING_LAG_LINES, (name,), lag.waiting_lines),
                (catalogue.SHIPPING_LAG_SECONDS, (name,), _behind(lag, now)),
                (catalogue.SHIPPING_FAILING, (name,), int(_is_failing(lag))),
                (catalogue.SHIPPING_LAST_SENT, (name,), lag.standing.last_sent),
                (catalogue.SHIPPING_RECORDS, (name, "sent"), progress.sent),
                (catalogue.SHIPPING_RECORDS, (name, "set_aside"), progress.aside),
                (catalogue.SHIPPING_RECORDS, (name, "repeated"), progress.repeated),
                (catalogue.SHIPPING_LOST, (name,), progress.lost),
            ]
            for family, labels, value in numbers:
                if value is not None:
                    yield family, {family.series(*labels): value}


def _row(name: str, dock: _Dock, *, now: float) -> Document:
    lag = dock.shipper.lag()
    standing, spec = lag.standing, dock.spec
    progress = standing.progress
    waits = lag.waiting_lines > 0
    return {
        "receiver": name,
        "kind": str(spec.kind),
        "services": list(spec.services),
        "state": "failing" if _is_failing(lag) else "sending" if waits else "idle",
        "lag_bytes": lag.waiting_bytes,
        "lag_lines": lag.waiting_lines,
        "lag_seconds": round(_behind(lag, now), 3),
        "last_sent": standing.last_sent,
        "failing_since": standing.failing_since,
        "problem": lag.problem or standing.problem,
        "tries": standing.tries,
        "sent": progress.sent,
        "set_aside": progress.aside,
        "repeated": progress.repeated,
        "lost": progress.lost,
    }


def _is_failing(lag: Lag) -> bool:
    return bool(lag.problem) or lag.standing.failing_since is not None


def _behind(lag: Lag, now: float) -> float:
    since = lag.standing.waiting_since
    return max(0.0, now - since) if since is not None and lag.waiting_lines else 0.0
