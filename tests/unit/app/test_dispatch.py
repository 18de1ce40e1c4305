"""Every verb comes through here: checked against the table, and written down where it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch, Witness
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Proof, Way, inside, local
from svcctl.errors import Conflict, Denied, SvcctlError, UnknownService, UsageError
from svcctl.ports import AuditEntry
from svcctl.testing.fakes import FakeClock
from svcctl.wire import Selection

WEB = Selection(names=("web",))
ANN = local("ann")
FAR = Identity(actor="token:ci", way=Way.HTTP, proof=Proof.TOKEN, source="192.0.2.7")


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None: ...

    async def room(self) -> None: ...


@dataclass
class Audit:
    """Keeps what was recorded."""

    records: list[AuditEntry] = field(default_factory=list)

    def record(self, entry: AuditEntry) -> None:
        self.records.append(entry)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(each.verb, each.outcome) for each in self.records]


@dataclass
class Anybody:
    """Lets everybody do everything, but for the verb *denied*."""

    denied: str = ""
    audits_looks: bool = False
    fronts: tuple[str, ...] = ()
    version: int = 0

    def may_speak_for_others(self, identity: Identity) -> bool:
        return identity.actor in self.fronts

    def as_told(self, identity: Identity, error: UnknownService) -> UnknownService:
        del identity
        return error

    def insist_it_holds(self, identity: Identity, *, said_by: Identity) -> None:
        assert identity.actor != said_by.actor

    def may(self, identity: Identity, verb: Verb, service: str) -> bool:
        del identity, service
        return verb.name != self.denied

    def insist(
        self, identity: Identity, verb: Verb, selection: Selection, args: Mapping[str, object]
    ) -> Selection:
        del args
        if verb.name == self.denied:
            raise Denied(f"{identity.actor} may not")
        return selection


class Desk:
    """A dispatch whose deeds only remember that they were done, or raise *error*."""

    def __init__(
        self,
        error: BaseException | None = None,
        *,
        witnesses: Sequence[Witness] = (),
        authority: Anybody | None = None,
    ) -> None:
        self.done: list[tuple[str, Selection, Arguments]] = []
        self.audit = Audit()
        self.clock = FakeClock()
        self._error = error
        deeds = {verb.name: self._deed(verb.name) for verb in VERBS}
        self.dispatch = Dispatch(
            deeds,
            authority=authority or Anybody(),
            audit=self.audit,
            clock=self.clock,
            witnesses=witnesses,
        )

    def _deed(self, name: str) -> Deed:
        async def deed(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit
            self.done.append((name, selection, args))
            if self._error:
                raise self._error
            return f"{name} done"

        return deed

    async def ask(
        self,
        name: str,
        selection: Selection = WEB,
        args: dict[str, object] | None = None,
        *,
        identity: Identity = ANN,
    ) -> object:
        return await self.dispatch.carry_out(
            name, selection=selection, args=args or {}, identity=identity, emit=Nobody()
        )


def fitting(verb: Verb) -> Selection:
    return Selection() if verb.selects is Selects.NONE else WEB


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_every_verb_of_the_table_is_carried_out(verb: Verb) -> None:
    desk = Desk()

    assert await desk.ask(verb.name, fitting(verb)) == f"{verb.name} done"


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_what_changes_is_written_down_twice_and_a_mere_look_is_not(verb: Verb) -> None:
    desk = Desk()

    await desk.ask(verb.name, fitting(verb))

    is_look = verb.effect is Effect.READ and verb.role is not Role.ADMIN
    assert desk.audit.outcomes == ([] if is_look else [(verb.name, "asked"), (verb.name, "done")])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_whatever_is_asked_for_from_elsewhere_is_written_down(verb: Verb) -> None:
    desk = Desk()

    await desk.ask(verb.name, fitting(verb), identity=FAR)

    assert desk.audit.outcomes == [(verb.name, "asked"), (verb.name, "done")]
    assert desk.audit.records[0].way == "http"
    assert desk.audit.records[0].source == "192.0.2.7"


async def test_looks_are_written_down_where_that_is_wanted() -> None:
    desk = Desk(authority=Anybody(audits_looks=True))

    await desk.ask("status")

    assert desk.audit.outcomes == [("status", "asked"), ("status", "done")]


@pytest.mark.parametrize("name", ["status", "stop"])
async def test_what_is_denied_is_not_done_and_is_written_down(name: str) -> None:
    desk = Desk(authority=Anybody(denied=name))

    with pytest.raises(Denied):
        await desk.ask(name)

    assert desk.done == []
    assert desk.audit.outcomes == [(name, "asked"), (name, "SVC-1500")]


async def test_what_is_only_rehearsed_is_not_written_down() -> None:
    desk = Desk()

    await desk.ask("remove", args={"dry_run": True})

    assert desk.audit.records == []


async def test_who_is_turned_away_at_the_door_is_written_down() -> None:
    desk = Desk()

    desk.dispatch.turn_away(FAR, Denied("no token"))

    assert desk.audit.outcomes == [("connect", "asked"), ("connect", "SVC-1500")]


async def test_both_lines_of_a_request_belong_together_and_the_first_says_all() -> None:
    desk = Desk()

    await desk.ask("kill", args={"signal": "TERM", "reason": "it hangs"})
    await desk.ask("kill")

    before, after, other, _ = desk.audit.records
    assert before.asked == after.asked != other.asked
    assert (before.args, before.reason) == ('{"signal":"TERM"}', "it hangs")
    assert (after.args, after.reason) == ("{}", "")


async def test_no_secret_is_written_down() -> None:
    desk = Desk()
    definition = {"name": "web", "revision": "0123456789abcdef", "spec": {"env": {"X": "hush"}}}

    await desk.ask(
        "apply",
        Selection(),
        {
            "services": [definition],
            "alerting": {"spec": {"channels": {"a": {"url": "hush"}}}},
            "reason": "password=hush",
        },
    )

    assert "hush" not in repr(desk.audit.records)
    assert desk.audit.records[0].target == "web"
    assert '"services":{"web":"0123456789ab"}' in desk.audit.records[0].args


async def test_what_is_given_up_is_written_down_as_such() -> None:
    desk = Desk(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        await desk.ask("stop")

    assert desk.audit.outcomes[-1] == ("stop", "given-up")


@pytest.mark.parametrize("name", ["", "stat", "START", "__class__"])
async def test_a_verb_that_is_not_listed_is_refused(name: str) -> None:
    desk = Desk()

    with pytest.raises(UsageError, match="no verb"):
        await desk.ask(name)

    assert desk.done == []
    assert desk.audit.outcomes == [(name, "asked"), (name, "SVC-1200")]


async def test_an_argument_that_is_not_listed_is_refused_before_anything_is_done() -> None:
    desk = Desk()

    with pytest.raises(UsageError):
        await desk.ask("start", args={"force": True})

    assert desk.done == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_services_that_do_not_fit_the_verb_are_refused(verb: Verb) -> None:
    wrong = {
        Selects.NONE: [WEB, Selection(all=True), Selection(labels=("a=b",))],
        Selects.ONE: [Selection(), Selection(all=True), Selection(names=("a", "b"))],
        Selects.SOME: [Selection()],
        Selects.ANY: [],
    }[verb.selects]

    for selection in wrong:
        with pytest.raises(UsageError, match=verb.name):
            await Desk().ask(verb.name, selection)


async def test_to_look_at_nothing_in_particular_is_to_look_at_all() -> None:
    desk = Desk()

    await desk.ask("status", Selection())

    assert desk.done[0][1] == Selection(all=True)


async def test_the_deed_is_given_the_defaults() -> None:
    desk = Desk()

    await desk.ask("start")

    assert desk.done[0][2].flag("no_wait") is False


async def test_a_change_is_written_down_with_who_when_and_what() -> None:
    desk = Desk()

    await desk.ask("stop", Selection(names=("web", "@shop"), labels=("tier=b",)))

    _, after = desk.audit.records
    assert (after.at, after.actor, after.way) == (desk.clock.now(), "ann", "local")
    assert (after.verb, after.target, after.outcome) == ("stop", "web @shop tier=b", "done")


@pytest.mark.parametrize(
    ("selection", "target"), [(Selection(all=True), "*"), (Selection(names=("web",)), "web")]
)
async def test_all_is_written_down_as_a_star(selection: Selection, target: str) -> None:
    desk = Desk()

    await desk.ask("stop", selection)

    assert desk.audit.records[0].target == target


@pytest.mark.parametrize(
    ("error", "outcome"), [(Conflict("no"), "SVC-1600"), (RuntimeError("bug"), "crashed")]
)
async def test_a_change_that_failed_is_written_down_as_such(error: Exception, outcome: str) -> None:
    desk = Desk(error)

    with pytest.raises(type(error)):
        await desk.ask("start")

    assert desk.audit.records[1].outcome == outcome


async def test_a_look_that_failed_is_not_written_down() -> None:
    desk = Desk(SvcctlError("no"))

    with pytest.raises(SvcctlError):
        await desk.ask("status")

    assert desk.audit.records == []


def test_a_verb_without_a_deed_cannot_be_served() -> None:
    with pytest.raises(ValueError, match="status"):
        Dispatch({}, authority=Anybody(), audit=Audit(), clock=FakeClock())


def test_a_deed_without_a_verb_cannot_be_served() -> None:
    async def nothing(*_: object) -> object:
        return None

    deed: Deed = nothing
    deeds = dict.fromkeys((*(verb.name for verb in VERBS), "format-disk"), deed)

    with pytest.raises(ValueError, match="format-disk"):
        Dispatch(deeds, authority=Anybody(), audit=Audit(), clock=FakeClock())


def test_every_verb_says_what_it_does_and_how() -> None:
    for verb in VERBS:
        assert verb.summary.endswith(".")
        assert verb.examples, verb.name
        assert all(arg.help for arg in verb.args)
    assert len({verb.name for verb in VERBS}) == len(VERBS)


async def test_a_witness_sees_each_verb_and_how_it_failed() -> None:
    seen: list[tuple[str, str, Selection, str]] = []

    @contextmanager
    def witness(verb: str, *, actor: str, selection: Selection, times: int = 1) -> Iterator[None]:
        assert times == 1
        problem = ""
        try:
            yield
        except Conflict as error:
            problem = error.problem
            raise
        finally:
            seen.append((verb, actor, selection, problem))

    desk = Desk(witnesses=(witness,))
    await desk.ask("start")
    with pytest.raises(Conflict):
        await Desk(Conflict("not now"), witnesses=(witness,)).ask("status")
    with pytest.raises(UsageError):
        await desk.ask("dance")

    assert seen == [("start", "ann", WEB, ""), ("status", "ann", WEB, "not now")]


def test_who_may_speak_for_others_does() -> None:
    desk = Desk(authority=Anybody(fronts=("ann",)))

    assert desk.dispatch.speaking_for(ANN, asdict(FAR)) == FAR
    assert desk.dispatch.speaking_for(ANN, {}) == ANN
    assert desk.audit.records == []


@pytest.mark.parametrize(
    ("who", "other"),
    [(local("bob"), FAR), (ANN, local("root")), (ANN, inside("healer"))],
    ids=["not a front", "one of this machine", "a part of the agent"],
)
def test_nobody_else_does_and_nobody_as_one_of_this_machine(who: Identity, other: Identity) -> None:
    desk = Desk(authority=Anybody(fronts=("ann",)))

    with pytest.raises(Denied):
        desk.dispatch.speaking_for(who, asdict(other))

    assert desk.audit.outcomes == [("connect", "asked"), ("connect", "SVC-1500")]
