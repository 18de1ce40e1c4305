"""The verbs about alerts; what tells of them is loaded once somebody is to be told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from svcctl.app.applied_table import AppliedTable
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.errors import SvcctlError, UsageError
from svcctl.events import AlertAcknowledged, FindingRejected
from svcctl.ports import Bus, Clock, Document, EventLog, Store
from svcctl.wire import Selection

if TYPE_CHECKING:  # an agent that tells nobody has none of it in memory
    from svcctl.alert.alert import Alert
    from svcctl.app.alerting.telling import Telling
    from svcctl.spec.alerting import AlertingSpec

log = logging.getLogger(__name__)

KIND = "alerting"
"""Under which the store has what is configured."""

_MOST = 10_000  # events of the past that are looked at

Open = Callable[["AlertingSpec"], "Telling"]
"""Makes what tells people, by what is configured; it is still to begin."""


class Desk:
    """Answers for alerts, and tells of them from :meth:`begin` on where channels are configured.

    What happened *since* (seconds since 1970) is looked at too.
    """

    def __init__(
        self,
        open_telling: Open,
        *,
        store: Store,
        events: EventLog,
        bus: Bus,
        clock: Clock,
        since: float,
    ) -> None:
        self._open, self._events = open_telling, events
        self._applied = AppliedTable(store, KIND)
        self._bus, self._clock = bus, clock
        self._telling: Telling | None = None
        self._since = since

    def begin(self) -> None:
        """Tell people, if there are any to tell; needs a running event loop."""
        if not self.configured.get("channels"):
            return
        try:
            self.telling()
        except SvcctlError as error:  # services are kept all the same
            log.error("alerting.unreadable", extra={"problem": error.problem})

    def look_again(self) -> None:
        """Take in that services came or went, or that somebody knows now how they are."""
        if self._telling:
            self._telling.look_again()

    async def last_words(self, *, within: float) -> None:
        """Tell at once what would be told later; come back once it has arrived, or in time."""
        if self._telling:
            await self._telling.last_words(within=within)

    def close(self) -> None:
        """Tell nobody any more; what is under way is kept."""
        if self._telling:
            self._telling.close()
        self._telling = None

    @property
    def configured(self) -> Document:
        """Give what ``[alerting]`` says, in canonical form; empty where there is none."""
        return cast("Document", self.kept.get("spec", {}))

    @property
    def kept(self) -> Document:
        """Give what was applied: ``spec``, ``origins`` and ``sources``."""
        return self._applied.read()

    def keep(self, document: Document | None) -> None:
        """Go on by *document*, as applied; None: nobody is told."""
        if document is not None and document["spec"] == self.kept.get("spec"):
            self._applied.write(document)  # its place may have moved
            return
        was_telling = self._telling is not None
        self.close()
        self._applied.write(document)
        if document is None:
            return
        if was_telling:
            self._since = self._clock.now()  # all before is known
        self.begin()

    def telling(self) -> Telling:
        """Give what tells people, which from now on knows what is wrong.

        Raises SpecError for what another version wrote, StateFault where nothing can be read.
        """
        if self._telling is None:
            from svcctl.spec.alerting import AlertingSpec  # noqa: PLC0415 - for those who are told
            from svcctl.spec.canonical import parse_table  # noqa: PLC0415

            past = self._events.read(since=self._since, limit=_MOST)
            telling = self._open(parse_table(self.configured, AlertingSpec))
            telling.begin(past)
            self._telling = telling
        return self._telling

    def deeds(self) -> dict[str, Deed]:
        """Give what carries out each verb."""
        return {
            "alerts": self._alerts,
            "ack": self._ack,
            "silence-add": self._silence_add,
            "silence-list": self._silence_list,
            "silence-end": self._silence_end,
            "alert-test": self._test,
            "alert-show": self._show,
        }

    async def _alerts(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.alerting import rows  # noqa: PLC0415 - likewise
        from svcctl.app.reading import moment  # noqa: PLC0415

        del selection, emit
        telling = self.telling()
        found = rows.firing(telling.firing, telling)
        if args.flag("all") or args.text("since"):
            since = moment(args.text("since"), now=self._clock.now())
            found += rows.ended(self._events.read(since=since, limit=_MOST))
        under_way = {name: count for name, count in telling.waiting.items() if count}
        return {"alerts": found, "under_way": under_way}

    async def _ack(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.alerting import rows  # noqa: PLC0415 - likewise

        del selection, emit
        telling = self.telling()
        alert = telling.router.find(args.text("id") or "")
        rejected = self._reject(alert, args) if args.flag("false_positive") else {}
        telling.router.acknowledge(alert)
        self._bus.publish(
            AlertAcknowledged(
                at=self._clock.now(),
                service=alert.label("service"),
                instance=alert.label("instance"),
                alert=alert.name,
                fingerprint=alert.fingerprint,
                who=args.actor,
                why=args.text("reason") or "",
            )
        )
        (row,) = rows.firing((alert,), telling)
        return row | rejected

    def _reject(self, alert: Alert, args: Arguments) -> Document:
        """Have nobody told of what *alert* is about any more; gives the number of the silence."""
        from svcctl.app.alerting import rows  # noqa: PLC0415 - likewise

        pattern = alert.label("pattern")
        if not pattern:
            raise UsageError(
                f"alert {alert.name!r} is a fact; only what was concluded can be false",
                hint="to hear no more of it: svcctl silence add",
            )
        now, why = self._clock.now(), args.text("reason") or ""
        silence = rows.rejection(alert, who=args.actor, why=why, now=now)
        number = self.telling().router.silence(silence).number
        service = alert.label("service")
        self._bus.publish(FindingRejected(at=now, service=service, pattern=pattern, who=args.actor))
        return {"silence": number}

    async def _silence_add(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.alerting import rows  # noqa: PLC0415 - likewise

        del selection, emit
        wanted = rows.silence_of(
            args.values["match"],
            seconds=args.seconds("for") or 0.0,
            who=args.actor,
            why=args.text("reason") or "",
            now=self._clock.now(),
        )
        return rows.silence(self.telling().router.silence(wanted), now=self._clock.now())

    async def _silence_list(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.alerting import rows  # noqa: PLC0415 - likewise

        del selection, args, emit
        now = self._clock.now()
        return [rows.silence(each, now=now) for each in self.telling().router.silences]

    async def _silence_end(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        number = args.integer("number") or 0
        self.telling().router.end_silence(number)
        return {"number": number}

    async def _test(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.alerting.trial import tried  # noqa: PLC0415 - likewise

        del selection, emit
        ways = self.telling().ways
        return await tried(args.text("channel") or "", ways, clock=self._clock)

    async def _show(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.spec import canonical  # noqa: PLC0415 - likewise

        del selection, args, emit
        kept = self.kept
        spec = self.telling().spec
        return {
            "name": "[alerting]",
            "spec": {"alerting": canonical.effective(spec)},
            "origins": kept.get("origins", {}),
            "sources": kept.get("sources", {}),
            "revision": canonical.revision(canonical.dump(spec)),
        }
