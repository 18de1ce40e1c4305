"""Keeps all that is found and not over, whoever found it, and answers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import MISSING, replace
from fnmatch import fnmatchcase
from hashlib import blake2s
from typing import TYPE_CHECKING, cast

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.found_in import found_in
from svcctl.app.selection import unknown
from svcctl.app.waiting import Emit
from svcctl.errors import UnknownService, UsageError, quoted
from svcctl.events import Event, FindingEnded, FindingMade, FindingRejected, SpecApplied
from svcctl.ports import Bus, Cancel, Clock, Document, EventLog, Recorded, Store
from svcctl.wire import Selection

if TYPE_CHECKING:  # the agent loads what finds once there is something to look at
    from svcctl.detect.finding import Finding

_OPEN, _QUIET = "finding", "quiet finding"
"""Kinds of documents."""

_NEEDED = frozenset(
    name
    for name, each in FindingMade.__dataclass_fields__.items()
    if name == "service" or (each.default is MISSING and each.default_factory is MISSING)
)
_SAID = frozenset(("service", "at", "who"))
"""What has to stand in a document of each kind; others are broken."""

_MOST = 1_000  # findings that are open, and patterns that are quiet
_PAST = 10_000  # events of the past that are looked at
_STALE = 86_400.0  # seconds after which what a rule found is over, whoever forgot to say so
_LONGEST = 1_000  # characters of a text that are kept
_OF_RULES = "rule"
_EVERY = "*"

Learnt = Callable[[], list[Document]]
"""Says of each service what has been learnt."""
Names = Callable[[], list[str]]
"""Says what all services are called, and all logs that are watched."""


class Findings:
    """What is found on this machine, kept over restarts, and what somebody has called false."""

    def __init__(self, *, store: Store, events: EventLog, bus: Bus, clock: Clock) -> None:
        self._store, self._events = store, events
        self._bus, self._clock = bus, clock
        self._open: dict[str, Document] = {}
        self._quiet: dict[str, Document] = {}
        self._forget: Cancel | None = None

    def begin(self) -> None:
        """Take up what was kept, and all that happens; raises StateFault."""
        self._open = {key: e for key, e in self._store.items(_OPEN) if e.keys() >= _NEEDED}
        self._quiet = {key: e for key, e in self._store.items(_QUIET) if e.keys() >= _SAID}
        self._forget = self._bus.subscribe(self._noticed)

    def close(self) -> None:
        """Take in no more."""
        if self._forget:
            self._forget()

    # what detectors tell; see svcctl.app.understanding.place.Told

    def found(self, finding: Finding, *, at: float) -> None:
        """Tell of *finding*, unless it was told already or somebody called it false."""
        if finding.pattern not in self._quiet and finding.pattern not in self._open:
            made = found_in("", _cut(finding), service=finding.service, at=at)
            self._bus.publish(made)

    def over(self, finding: Finding, *, at: float) -> None:
        """Tell that *finding* is over, if it was told."""
        if finding.pattern in self._open:
            ended = FindingEnded(at=at, service=finding.service, pattern=finding.pattern)
            self._bus.publish(ended)

    def open_of(self, service: str) -> list[FindingMade]:
        """Give what was found of *service* and is not over."""
        return [_event(each) for each in self._open.values() if each["service"] == service]

    def is_quiet(self, pattern: str) -> bool:
        """Say whether somebody has called findings of *pattern* false."""
        return pattern in self._quiet

    def nothing_more(self, service: str) -> None:
        """Tell that all is over that detectors found in what *service* logs."""
        from svcctl.detect.finding import OF_LOGS  # noqa: PLC0415 - rarely needed

        for each in self.open_of(service):
            if each.kind in OF_LOGS:
                at = self._clock.now()
                self._bus.publish(FindingEnded(at=at, service=service, pattern=each.pattern))

    def _noticed(self, event: Event) -> None:
        match event:
            case FindingMade():
                self._keep(_OPEN, self._open, _key(event), _document(event))
            case FindingEnded():
                self._drop(_OPEN, self._open, _key(event))
            case FindingRejected(pattern=pattern, who=who, service=service, at=at):
                said: Document = {"service": service, "at": at, "who": who}
                self._keep(_QUIET, self._quiet, pattern, said)
            case SpecApplied(change="removed", service=service):
                for key, each in tuple(self._open.items()):
                    if each["service"] == service:
                        self._drop(_OPEN, self._open, key)
            case _:
                pass

    def _keep(self, kind: str, kept: dict[str, Document], key: str, document: Document) -> None:
        kept.pop(key, None)
        kept[key] = document
        self._store.put(kind, key, document)
        if len(kept) > _MOST:
            self._drop(kind, kept, next(iter(kept)))

    def _drop(self, kind: str, kept: dict[str, Document], key: str) -> None:
        if kept.pop(key, None) is not None:
            self._store.delete(kind, key)

    # verbs

    def deeds(self, learnt: Learnt, names: Names) -> dict[str, Deed]:
        """Give what carries out each verb; *learnt* says what is known, *names* of what at all."""

        async def findings(selection: Selection, args: Arguments, emit: Emit) -> object:
            del selection, emit
            return self._answer(args, learnt(), names())

        return {"findings": findings, "finding-quiet": self._hush, "finding-wake": self._wake}

    def _answer(self, args: Arguments, learnt: list[Document], names: list[str]) -> Document:
        wanted = args.values["services"] or [_EVERY]
        if not isinstance(wanted, list) or not all(isinstance(each, str) for each in wanted):
            raise UsageError("services are named by texts", hint="svcctl findings web 'db*'")

        def is_wanted(each: Document) -> bool:
            return any(fnmatchcase(str(each["service"]), name) for name in wanted)

        rows = [self._row(each) for each in self._now()]
        if args.flag("all") or args.text("since"):
            rows += self._ended(args.text("since"))
        quiet = [
            {"id": _id(pattern), "pattern": pattern, **each}
            for pattern, each in self._quiet.items()
        ]
        found: Document = {
            "findings": [each for each in rows if is_wanted(each)],
            "learnt": [each for each in learnt if is_wanted(each)],
            "quiet": [each for each in quiet if is_wanted(each)],
        }
        known = {*names, *(str(each["service"]) for each in (*rows, *learnt, *quiet))}
        for name in wanted:
            if name != _EVERY and not any(fnmatchcase(each, name) for each in known):
                raise unknown(name, names)
        return found

    def _now(self) -> list[Document]:
        """Give what is open, the latest first."""
        stale = self._clock.now() - _STALE
        rows = [
            each
            for each in self._open.values()
            if each["kind"] != _OF_RULES or cast("float", each["at"]) > stale
        ]
        return sorted(rows, key=lambda each: -cast("float", each["at"]))

    def _row(self, document: Document, *, ended: float | None = None) -> Document:
        pattern = str(document["pattern"])
        state = "ended" if ended else "quiet" if pattern in self._quiet else "found"
        return {"id": _id(pattern), **document, "state": state, "ended": ended}

    def _ended(self, since: str | None) -> list[Document]:
        """Give what is over of the past, the latest first."""
        from svcctl.app.reading import moment  # noqa: PLC0415 - for those who look back

        begin = moment(since, now=self._clock.now()) if since else 0.0
        over: list[Document] = []
        open_at: dict[str, Document] = {}
        for each in self._events.read(limit=_PAST):
            key = f"{each.instance} {each.fields.get('pattern')}"
            if each.kind == FindingMade.__name__:
                open_at[key] = _recorded(each)
            elif each.kind == FindingEnded.__name__ and key in open_at:
                over.append(self._row(open_at.pop(key), ended=each.at))
        return [each for each in reversed(over) if cast("float", each["ended"]) >= begin]

    async def _hush(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        services = {each: row["service"] for each, row in self._quiet.items()}
        services |= {str(each["pattern"]): each["service"] for each in self._open.values()}
        pattern = self._find(args.text("id") or "", services)
        service = str(services[pattern])
        at, who = self._clock.now(), args.actor
        self._bus.publish(FindingRejected(at=at, service=service, pattern=pattern, who=who))
        return {"id": _id(pattern), "pattern": pattern}

    async def _wake(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        pattern = self._find(args.text("id") or "", self._quiet)
        self._drop(_QUIET, self._quiet, pattern)
        return {"id": _id(pattern), "pattern": pattern}

    def _find(self, said: str, patterns: Iterable[str]) -> str:
        """Give the pattern that *said* is, or that has an id which begins so."""
        found = [each for each in dict.fromkeys(patterns) if said == each or _begins(each, said)]
        if len(found) > 1:
            several = ", ".join(_id(each) for each in found[:5])
            raise UsageError(f"{quoted(said)} is several: {several}", hint="write more of it")
        if not found:
            hint = "svcctl findings shows what is found, and --rejected what is quiet"
            raise UnknownService(f"there is no finding {quoted(said)}", hint=hint)
        return found[0]


def _cut(finding: Finding) -> Finding:
    """Give *finding* with texts of a bearable length."""
    found = finding.deviation
    return replace(
        finding,
        deviation=replace(
            found,
            subject=found.subject[:_LONGEST],
            observed=found.observed[:_LONGEST],
            expected=found.expected[:_LONGEST],
            pattern=found.key,
            score=round(found.score, 4),
        ),
        samples=tuple(each[:_LONGEST] for each in finding.samples),
    )


def _key(event: FindingMade | FindingEnded) -> str:
    """Give what is the same while it is the same: of several instances each may have one."""
    return f"{event.instance} {event.pattern}" if event.instance else event.pattern


def _begins(pattern: str, said: str) -> bool:
    return len(said) >= 2 and _id(pattern).startswith(said)


def _id(pattern: str) -> str:
    return blake2s(pattern.encode(errors="replace"), digest_size=4).hexdigest()


def _document(event: FindingMade) -> Document:
    return {"at": event.at, "service": event.service, "instance": event.instance, **event.fields()}


def _recorded(each: Recorded) -> Document:
    return {"at": each.at, "service": each.service, "instance": each.instance, **each.fields}


def _event(document: Document) -> FindingMade:
    known = FindingMade.__dataclass_fields__
    values = {name: value for name, value in document.items() if name in known}
    values["samples"] = tuple(cast("list[str]", values.get("samples", ())))
    return FindingMade(**values)  # type: ignore[arg-type] # as it was kept
