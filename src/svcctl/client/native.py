"""Answers for services that are kept natively: through their managers, and through their hosts."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Protocol

from svcctl.app.arguments import Arguments, check
from svcctl.app.asked import Asked
from svcctl.app.conversing import VERBS as CONVERSED
from svcctl.app.goals import Goal
from svcctl.app.native import NativeServices
from svcctl.app.reading import GOALS, document, moment
from svcctl.app.selection import choose, service_of
from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.auth.identity import Identity
from svcctl.client.everywhere import Answers, Client, Split, part
from svcctl.client.journal import Journal
from svcctl.client.merged import as_they_come, combined
from svcctl.client.native_journal import JournalLog
from svcctl.client.native_logs import WrittenLogs
from svcctl.errors import AgentUnreachable, Conflict, UnknownService, UsageError
from svcctl.observe.logs.query import Source
from svcctl.ports import AuditLog, Document, Recorded
from svcctl.spec import canonical
from svcctl.spec.names import FOR_ALL
from svcctl.spec.service import ServiceSpec
from svcctl.wire import Request, Selection

_HOST_RETRY = 0.5  # seconds between two looks whether a host is there to be followed
_SIGNS = "@*?["
_OF_BOTH = frozenset(("events",))
"""Verbs to which the agent has something to add: who was told of what a host knows."""
_NOTHING: Mapping[str, object] = {
    "healing": {"healing": {}, "wanted": [], "done": []},
    "crashes": [],
}
"""What is said where no host answers."""


class Past(Protocol):
    """Gives what a host wrote down."""

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """See :class:`svcctl.ports.EventLog`."""


class NativeClient:
    """Answers requests about native services; see :class:`svcctl.client.everywhere.Native`.

    *host* gives a client of the host of a service, *sources* where its instances' logs are,
    *journal* reads that of the system, *events* what a host wrote down.
    """

    def __init__(
        self,
        services: NativeServices,
        *,
        host: Callable[[str], Client],
        sources: Callable[[ServiceSpec], list[Source]],
        journal: Journal,
        events: Callable[[str], Past],
        audit: Callable[[], AuditLog],
        identity: Identity,
    ) -> None:
        self._services, self._host, self._sources = services, host, sources
        self._journal, self._events = journal, events
        self._audit, self._identity = audit, identity

    # who is meant

    def split(self, request: Request) -> Split:
        """Say which part of *request* is about native services."""
        if request.verb == "apply":
            return self._split_definitions(request)
        select, specs = request.select, self._services.specs()
        if not select.names:
            with suppress(UnknownService):
                found = tuple(choose(select, specs))
                mine = part(request, *found) if found else None
                return Split(native=mine, agent=request, doubtful=True)
            return Split(native=None, agent=request)
        mine_names: list[str] = []
        theirs: list[str] = []
        doubtful = True
        for pattern in select.names:
            found = _matching(pattern, select.labels, specs)
            mine_names += found
            shared = request.verb in _OF_BOTH or any(sign in pattern for sign in _SIGNS)
            if not found or shared:
                theirs.append(pattern)
                doubtful = doubtful and bool(found)
        return Split(
            native=part(request, *dict.fromkeys(mine_names)) if mine_names else None,
            agent=replace(request, select=replace(select, names=tuple(theirs))) if theirs else None,
            doubtful=doubtful,
        )

    def _split_definitions(self, request: Request) -> Split:
        documents = request.args.get("services")
        if not isinstance(documents, list):
            return Split(native=None, agent=request)
        mine = [each for each in documents if self._services.keeps(canonical.parse(each["spec"]))]
        theirs = [each for each in documents if each not in mine]
        self._services.refuse_needs(
            (canonical.parse(each["spec"]) for each in mine), {each["name"] for each in theirs}
        )
        known = self._services.specs()
        for each in theirs:
            if each["name"] in known:
                raise Conflict(
                    f"service {each['name']!r} is kept natively, and is now to be the agent's",
                    hint=f"svcctl uninstall {each['name']}, then: svcctl apply",
                )

        def args(some: list[Any], **more: object) -> Request:
            return replace(request, args=request.args | {"services": some} | more)

        others = ("watches", *FOR_ALL)
        agents = theirs or not mine or any(request.args.get(name) for name in others)
        return Split(
            native=args(mine, **dict.fromkeys(others)) if mine else None,
            agent=args(theirs) if agents else None,
        )

    # answers

    def answers(self, request: Request) -> Answers:
        """Give each answer as it comes; every change is written to the audit log."""
        verb = find(request.verb)
        if verb is None or verb.effect is Effect.READ or request.args.get("dry_run"):
            yield from self.carried_out(request)
            return
        asked = Asked(
            request.verb,
            request.select,
            request.args,
            identity=self._identity,
            audit=self._audit(),
            now=time.time,
        )
        with asked.written_down():
            answers = list(self.carried_out(request))
        yield from answers

    def carried_out(self, request: Request) -> Answers:
        """Give each answer as it comes, for who writes down what was asked themselves."""
        verb = find(request.verb)
        if verb is None:
            raise UsageError(f"no verb {request.verb!r}", hint="see: svcctl --help")
        args = check(verb, request.args)
        names = list(request.select.names)
        if verb.effect is Effect.READ:
            yield from self._look(request, names, args)
        else:
            yield True, self._change(request.verb, names, args)

    def _change(self, verb: str, names: Sequence[str], args: Arguments) -> object:
        services = self._services
        match verb:
            case "apply":
                return services.apply(args)
            case "remove":
                return services.remove(names, args)
            case "scale":
                raise Conflict(
                    f"{names[0]!r} is kept natively and cannot be scaled by hand",
                    hint="set `instances` in its definition, then: svcctl apply",
                )
            case _ if verb in CONVERSED:
                return self._conversed(names, verb, args)
            case "heal":
                return self._heard(names, verb, args) or []
            case "run":
                return self._run(names, args)
            case _:
                deeds: dict[str, Callable[[Sequence[str], Arguments], list[Document]]] = {
                    "start": services.start,
                    "stop": services.stop,
                    "restart": services.restart,
                    "reload": services.reload,
                    "pause": services.pause,
                    "resume": services.resume,
                    "reset": services.reset,
                    "kill": services.kill,
                    "enable": services.enable,
                    "disable": services.disable,
                }
                return deeds[verb](names, args)

    def _look(self, request: Request, names: list[str], args: Arguments) -> Answers:
        services = self._services
        match request.verb:
            case "status":
                yield True, [document(each) for each in services.status(names)]
            case "show":
                yield True, services.show(names)
            case "drift":
                yield True, services.drift(names)
            case "tree":
                yield True, services.tree(names)
            case "wait":
                goal = GOALS.get(args.text("condition") or "ready", Goal.READY)
                yield True, services.wait(names, args, goal)
            case "logs":
                yield from self._logs(request, names, args)
            case "events":
                yield from self._happenings(request, names, args)
            case verb if verb in CONVERSED:
                yield True, self._conversed(names, verb, args)
            case "healing" | "crashes" as verb:
                yield True, self._heard(names, verb, args) or _NOTHING[verb]
            case _:
                with self._host(names[0]) as host:
                    yield from host.answers(request)

    def _conversed(self, names: Sequence[str], verb: str, args: Arguments) -> list[object]:
        """Give what the programs of *names* answer, each through its host."""
        specs, found = self._services.specs(), list[object]()
        for name in names:
            rows = self._ask_host(name, verb, args, specs)
            assert isinstance(rows, list)
            found += rows
        return found

    def _heard(self, names: Sequence[str], verb: str, args: Arguments) -> object:
        """Give what those hosts of *names* answer that are there, in one; None: nobody does."""
        specs, found = self._services.specs(), list[object]()
        for name in names:
            with suppress(AgentUnreachable):
                if self._services.is_hosted(specs[service_of(name, specs)]):
                    found.append(self._ask_host(name, verb, args, specs))
        return combined(found)

    def _run(self, names: Sequence[str], args: Arguments) -> object:
        specs = self._services.specs()
        for name in names:
            if not self._services.is_hosted(specs[service_of(name, specs)]):
                raise Conflict(
                    f"{name!r} has no host of svcctl, which would run its commands",
                    hint="see the option `host` of its definition",
                )
        return combined([self._ask_host(name, "run", args, specs) for name in names])

    def _ask_host(
        self, name: str, verb: str, args: Arguments, specs: Mapping[str, ServiceSpec]
    ) -> object:
        given = {key: value for key, value in args.values.items() if value is not None}
        request = Request(verb=verb, select=Selection(names=(name,)), args=given)
        with self._host(service_of(name, specs)) as host:
            return host.ask(request)

    # logs and events

    def _logs(self, request: Request, names: list[str], args: Arguments) -> Answers:
        written = WrittenLogs(
            names, args, services=self._services, sources=self._sources, journal=self._journal
        )
        if args.flag("stats"):
            yield True, {"services": (yield from _handed_over(written.sums()))}
            return
        count = yield from _handed_over(written.past())
        if args.flag("follow"):
            yield from self._follow(request, names, {"lines": 0}, also=written.coming())
        yield True, {"lines": count}

    def journal_log(self, request: Request) -> JournalLog:
        """Give what the one service that *request* names wrote to the journal."""
        verb = find("logs")
        assert verb is not None
        (name,) = request.select.names
        service = service_of(name, self._services.specs())
        args = check(verb, request.args)
        return JournalLog(service, args, journal=self._journal, now=time.time())

    def _happenings(self, request: Request, names: list[str], args: Arguments) -> Answers:
        since = moment(args.text("since"), now=time.time())
        count = 0
        for name in names:
            log = self._events(name)
            for each in log.read(
                services=(name,),
                after=args.integer("after") or 0,
                since=since,
                limit=args.integer("lines") or 50,
            ):
                yield False, asdict(each)
                count += 1
        if args.flag("follow"):
            yield from self._follow(request, names, {"lines": 0})
        yield True, {"events": count}

    def _follow(
        self,
        request: Request,
        names: list[str],
        args: dict[str, object],
        *,
        also: Sequence[Answers] = (),
    ) -> Answers:
        """Give what hosts tell from now on, and *also* others; a host not there is waited for."""

        def one(name: str) -> Answers:
            asked = part(replace(request, args=request.args | args), name)
            while True:
                try:
                    with self._host(service_of(name, self._services.specs())) as host:
                        yield from (each for each in host.answers(asked) if not each[0])
                except AgentUnreachable:
                    time.sleep(_HOST_RETRY)

        specs = self._services.specs()
        is_hosted = self._services.is_hosted
        hosted = [name for name in names if is_hosted(specs[service_of(name, specs)])]
        yield from as_they_come([*map(one, hosted), *also])


def _handed_over(items: Iterable[Document]) -> Generator[tuple[bool, object], None, int]:
    """Give *items*; return how many there were."""
    count = 0
    for each in items:
        yield False, each
        count += 1
    return count


def _matching(
    pattern: str, labels: tuple[str, ...], specs: dict[str, ServiceSpec]
) -> tuple[str, ...]:
    try:
        return tuple(choose(Selection(names=(pattern,), labels=labels), specs))
    except UnknownService:
        return ()
