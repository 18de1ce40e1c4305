"""Several who ask for the same look: each as far as they may, each written down, one look."""

from __future__ import annotations

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import Denied, SystemFault, UnknownService, UsageError
from svcctl.ports import AuditEntry
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Selection

SPECS = {name: ServiceSpec(name=name, exec=("a",)) for name in ("web", "db")}
ALL = Selection(all=True)
RULES = {
    "rules": [
        {"effect": "deny", "who": ["token:half"], "services": ["db"]},
    ]
}


def far(name: str, *roles: str) -> Identity:
    return Identity(actor=f"token:{name}", way=Way.HTTP, proof=Proof.TOKEN, roles=roles)


class Desk:
    """A dispatch whose every verb says of which services it was asked."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self.batches: list[int] = []
        self.looks: list[Selection] = []
        self.trouble: Exception | None = None
        access = Access(store=FakeStore(), specs=lambda: SPECS, owners={"uid:0"})
        access.keep({"spec": RULES})
        deeds: dict[str, Deed] = {verb.name: self._look for verb in VERBS}
        self.dispatch = Dispatch(
            deeds, authority=access, audit=self, record_all=self.record_all, clock=FakeClock()
        )

    def record(self, entry: AuditEntry) -> None:
        self.rows.append((entry.actor, entry.outcome))

    def record_all(self, entries: object) -> None:
        assert isinstance(entries, list)
        self.batches.append(len(entries))
        for each in entries:
            self.record(each)

    async def _look(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del args, emit
        self.looks.append(selection)
        if self.trouble:
            raise self.trouble
        return {"names": list(selection.names)}

    async def ask(
        self, *who: tuple[Identity | Exception, int], verb: str = "status"
    ) -> list[object]:
        return await self.dispatch.carry_out_for_all(
            verb,
            selection=ALL,
            args={},
            identities=who,  # type: ignore[arg-type]
        )


async def test_who_may_see_the_same_is_given_the_same_of_one_look() -> None:
    desk = Desk()

    one, other = await desk.ask((far("a", "viewer"), 1), (far("b", "admin"), 1))

    assert one is other
    assert desk.looks == [ALL]


async def test_each_is_given_what_they_may_see_and_no_more() -> None:
    desk = Desk()

    whole, half, none = await desk.ask(
        (far("a", "viewer"), 1), (far("half", "viewer"), 1), (far("nobody"), 1)
    )

    assert (whole, half) == ({"names": []}, {"names": ["web"]})
    assert isinstance(none, Denied)
    assert len(desk.looks) == 2


async def test_every_time_somebody_asks_is_written_down_before_and_after() -> None:
    desk = Desk()

    await desk.ask((far("a", "viewer"), 2), (far("nobody"), 1))

    assert desk.batches == [3, 3]
    assert desk.rows == [
        *[("token:a", "asked")] * 2,
        ("token:nobody", "asked"),
        *[("token:a", "done")] * 2,
        ("token:nobody", "SVC-1500"),
    ]


async def test_a_look_that_fails_fails_for_all_who_asked_for_it() -> None:
    desk = Desk()
    desk.trouble = UnknownService("no such service")

    found = await desk.ask((far("a", "viewer"), 1), (far("b", "viewer"), 1))

    assert found == [desk.trouble, desk.trouble]
    assert [outcome for _, outcome in desk.rows] == ["asked", "asked", "SVC-1300", "SVC-1300"]


async def test_who_may_not_see_each_service_is_told_no_names_by_an_error() -> None:
    desk = Desk()
    desk.trouble = UnknownService("no service 'x'", hint="known: db, web")

    whole, half = await desk.ask((far("a", "viewer"), 1), (far("half", "viewer"), 1))

    assert [each.hint for each in (whole, half) if isinstance(each, UnknownService)] == [
        "known: db, web",
        "",
    ]


async def test_a_bug_is_written_down_for_all_who_asked() -> None:
    desk = Desk()
    desk.trouble = RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await desk.ask((far("a", "viewer"), 1), (far("b", "viewer"), 1))

    assert [outcome for _, outcome in desk.rows] == ["asked", "asked", "crashed", "crashed"]


async def test_who_was_turned_away_before_has_their_error_back_in_their_place() -> None:
    desk = Desk()
    gone = SystemFault("gone")

    found = await desk.ask((gone, 3), (far("a", "viewer"), 1))

    assert found == [gone, {"names": []}]
    assert len(desk.rows) == 2


@pytest.mark.parametrize("verb", [each.name for each in VERBS if not each.shared] + ["nothing"])
async def test_no_other_verb_is_answered_to_several(verb: str) -> None:
    desk = Desk()

    with pytest.raises(UsageError, match="several at once"):
        await desk.ask((far("a", "admin"), 1), verb=verb)

    assert desk.rows == []
