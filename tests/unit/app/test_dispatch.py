"""Every verb comes through here: checked against the table, and written down where it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch, Witness
from svcctl.app.verb import Effect, Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, SvcctlError, UsageError
from svcctl.testing.fakes import FakeClock
from svcctl.wire import Selection

WEB = Selection(names=("web",))


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None: ...

    async def room(self) -> None: ...


@dataclass
class Audit:
    """Keeps what was recorded."""

    records: list[dict[str, object]] = field(default_factory=list)

    def record(self, *, at: float, actor: str, verb: str, target: str, outcome: str) -> None:
        self.records.append(
            {"at": at, "actor": actor, "verb": verb, "target": target, "outcome": outcome}
        )


class Desk:
    """A dispatch whose deeds only remember that they were done, or raise *error*."""

    def __init__(
        self, error: Exception | None = None, *, witnesses: Sequence[Witness] = ()
    ) -> None:
        self.done: list[tuple[str, Selection, Arguments]] = []
        self.audit = Audit()
        self.clock = FakeClock()
        self._error = error
        deeds = {verb.name: self._deed(verb.name) for verb in VERBS}
        self._dispatch = Dispatch(deeds, audit=self.audit, clock=self.clock, witnesses=witnesses)

    def _deed(self, name: str) -> Deed:
        async def deed(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit
            self.done.append((name, selection, args))
            if self._error:
                raise self._error
            return f"{name} done"

        return deed

    async def ask(
        self, name: str, selection: Selection = WEB, args: dict[str, object] | None = None
    ) -> object:
        return await self._dispatch.carry_out(
            name, selection=selection, args=args or {}, actor="ann", emit=Nobody()
        )


def fitting(verb: Verb) -> Selection:
    return Selection() if verb.selects is Selects.NONE else WEB


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_every_verb_of_the_table_is_carried_out(verb: Verb) -> None:
    desk = Desk()

    assert await desk.ask(verb.name, fitting(verb)) == f"{verb.name} done"


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
async def test_what_changes_is_written_down_and_what_reads_is_not(verb: Verb) -> None:
    desk = Desk()

    await desk.ask(verb.name, fitting(verb))

    expected = [] if verb.effect is Effect.READ else [verb.name]
    assert [record["verb"] for record in desk.audit.records] == expected


@pytest.mark.parametrize("name", ["", "stat", "START", "__class__"])
async def test_a_verb_that_is_not_listed_is_refused(name: str) -> None:
    desk = Desk()

    with pytest.raises(UsageError, match="no verb"):
        await desk.ask(name)

    assert (desk.done, desk.audit.records) == ([], [])


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

    assert desk.audit.records == [
        {
            "at": desk.clock.now(),
            "actor": "ann",
            "verb": "stop",
            "target": "web @shop tier=b",
            "outcome": "done",
        }
    ]


@pytest.mark.parametrize(
    ("selection", "target"), [(Selection(all=True), "*"), (Selection(names=("web",)), "web")]
)
async def test_all_is_written_down_as_a_star(selection: Selection, target: str) -> None:
    desk = Desk()

    await desk.ask("stop", selection)

    assert desk.audit.records[0]["target"] == target


@pytest.mark.parametrize(
    ("error", "outcome"), [(Conflict("no"), "SVC-1600"), (RuntimeError("bug"), "crashed")]
)
async def test_a_change_that_failed_is_written_down_as_such(error: Exception, outcome: str) -> None:
    desk = Desk(error)

    with pytest.raises(type(error)):
        await desk.ask("start")

    assert desk.audit.records[0]["outcome"] == outcome


async def test_a_look_that_failed_is_not_written_down() -> None:
    desk = Desk(SvcctlError("no"))

    with pytest.raises(SvcctlError):
        await desk.ask("status")

    assert desk.audit.records == []


def test_a_verb_without_a_deed_cannot_be_served() -> None:
    with pytest.raises(ValueError, match="status"):
        Dispatch({}, audit=Audit(), clock=FakeClock())


def test_a_deed_without_a_verb_cannot_be_served() -> None:
    async def nothing(*_: object) -> object:
        return None

    deed: Deed = nothing
    deeds = dict.fromkeys((*(verb.name for verb in VERBS), "format-disk"), deed)

    with pytest.raises(ValueError, match="format-disk"):
        Dispatch(deeds, audit=Audit(), clock=FakeClock())


def test_every_verb_says_what_it_does_and_how() -> None:
    for verb in VERBS:
        assert verb.summary.endswith(".")
        assert verb.examples, verb.name
        assert all(arg.help for arg in verb.args)
    assert len({verb.name for verb in VERBS}) == len(VERBS)


async def test_a_witness_sees_each_verb_and_how_it_failed() -> None:
    seen: list[tuple[str, str, str]] = []

    @contextmanager
    def witness(verb: str, *, actor: str) -> Iterator[None]:
        problem = ""
        try:
            yield
        except Conflict as error:
            problem = error.problem
            raise
        finally:
            seen.append((verb, actor, problem))

    desk = Desk(witnesses=(witness,))
    await desk.ask("start")
    with pytest.raises(Conflict):
        await Desk(Conflict("not now"), witnesses=(witness,)).ask("status")
    with pytest.raises(UsageError):
        await desk.ask("dance")

    assert seen == [("start", "ann", ""), ("status", "ann", "not now")]
