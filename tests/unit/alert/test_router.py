"""Alerts come and go; people are told in time, over restarts, and others where nobody cares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.alert.alert import Alert
from svcctl.alert.group import Pace
from svcctl.alert.policy import PACES, Escalation, Policy, Route
from svcctl.alert.router import Errand, Router
from svcctl.alert.silences import Inhibition, Silence
from svcctl.errors import UnknownService
from svcctl.spec.alert_policy import Priority
from svcctl.spec.matching import parse_matcher
from svcctl.testing.fakes import FakeClock, FakeStore

URGENT = Route(
    name="urgent",
    matchers=(parse_matcher("priority=P0"),),
    channels=("call",),
    pace=PACES[Priority.P0],
    escalations=(
        Escalation(after=300, channels=("boss",)),
        Escalation(after=900, channels=("boss", "all")),
    ),
)
USUAL = Route(
    name="usual",
    matchers=(parse_matcher("priority=P1"),),
    channels=("chat", "mail"),
    pace=Pace(group_wait=30, group_interval=300, repeat_interval=3600),
)
POLICY = Policy(
    routes=(URGENT, USUAL),
    inhibitions=(
        Inhibition(
            sources=(parse_matcher("alert=down"),),
            targets=(parse_matcher("alert=slow"),),
            equal=("service",),
        ),
    ),
)


class Office:
    """A router on a clock that stands still, and what it hands out."""

    def __init__(self, policy: Policy = POLICY, store: FakeStore | None = None) -> None:
        self.clock, self.store = FakeClock(now=0.0), store or FakeStore()
        self.policy, self.errands = policy, list[Errand]()
        self.router = self.opened()

    def opened(self) -> Router:
        return Router(self.policy, clock=self.clock, store=self.store, deliver=self.errands.append)

    def reopen(self) -> None:
        self.router.close()
        self.router = self.opened()

    def takes(self, name: str, *, ended: bool = False, service: str = "web") -> Alert:
        alert = Alert(
            name=name,
            labels={"service": service},
            priority=Priority.P0 if name == "down" else Priority.P1,
            summary=f"{service} is {name}",
            began=self.clock.now(),
            ended=self.clock.now() if ended else None,
        )
        self.router.take(alert)
        return alert

    @property
    def told(self) -> list[tuple[tuple[str, ...], list[str], list[str]]]:
        return [
            (
                each.channels,
                [alert.name for alert in each.notice.firing],
                [alert.name for alert in each.notice.ended],
            )
            for each in self.errands
        ]


def test_what_is_urgent_is_told_at_once_and_the_rest_after_a_wait() -> None:
    office = Office()

    office.takes("late", service="db")
    office.takes("down")
    office.clock.forward(0)
    assert office.told == [(("call",), ["down"], [])]
    office.clock.forward(30)

    assert office.told[1:] == [(("chat", "mail"), ["late"], [])]


def test_what_belongs_to_different_services_is_told_apart() -> None:
    office = Office()

    office.takes("late", service="a")
    office.takes("late", service="b")
    office.clock.forward(30)

    assert [each.notice.key["service"] for each in office.errands] == ["a", "b"]


def test_its_end_is_told() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)

    office.takes("late", ended=True)
    office.clock.forward(300)

    assert office.told[-1] == (("chat", "mail"), [], ["late"])
    assert office.router.groups == ()
    assert office.clock.next_at is None


def test_what_no_route_wants_is_told_to_nobody() -> None:
    office = Office(Policy(routes=()))

    office.takes("down")

    assert office.clock.next_at is None


def test_others_are_told_where_nobody_acknowledges() -> None:
    office = Office()
    office.takes("down")

    office.clock.forward(1000)

    escalated = [each.channels for each in office.errands if each.escalated]
    assert escalated == [("boss",), ("boss", "all")]


def test_an_acknowledgement_ends_repeats_and_escalation() -> None:
    office = Office()
    alert = office.takes("down")
    office.clock.forward(1)

    office.router.acknowledge(office.router.find(alert.fingerprint[:6]))
    office.clock.forward(5000)

    assert len(office.errands) == 1


def test_an_alert_is_found_by_how_its_fingerprint_begins_where_that_is_one() -> None:
    office = Office()
    alert = office.takes("down")
    office.takes("late")

    assert office.router.find(alert.fingerprint) is alert
    with pytest.raises(UnknownService, match="no alert fires that begins with ''"):
        office.router.find("")
    with pytest.raises(UnknownService, match="no alert fires that begins with 'x'"):
        office.router.find("x")


def test_what_fires_goes_where_a_new_policy_says_and_is_not_told_twice_elsewhere() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)

    other = replace(USUAL, name="other", channels=("sms",))
    office.router.adopt(Policy(routes=(URGENT, other)))
    office.clock.forward(30)

    assert [channels for channels, _, _ in office.told] == [("chat", "mail"), ("sms",)]
    assert [key.partition(" ")[0] for key, _ in office.store.items("alert-group")] == ["other"]


def test_a_policy_that_says_the_same_changes_nothing() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)

    office.router.adopt(POLICY)
    office.clock.forward(300)

    assert len(office.errands) == 1


def test_what_follows_from_another_is_not_told_while_that_fires() -> None:
    office = Office()
    office.router.close()
    office.router = Router(
        POLICY,
        clock=office.clock,
        store=office.store,
        deliver=office.errands.append,
        follows=lambda alert, firing: (
            alert.label("service") == "web" and "down" in {each.name for each in firing}
        ),
    )
    office.takes("down", service="db")
    muted = office.takes("late", service="web")
    office.clock.forward(60)

    assert office.router.why_muted(muted) == "it follows from another"
    assert [names for _, names, _ in office.told] == [["down"]]


def test_nobody_is_told_in_a_maintenance_window() -> None:
    window = Silence(
        number=0,
        matchers=(parse_matcher("service=web"),),
        begins=0,
        ends=100,
        who="maintenance",
    )
    office = Office(replace(POLICY, maintenance=(window,)))
    alert = office.takes("late")
    office.clock.forward(60)

    assert office.errands == []
    assert office.router.why_muted(alert) == "maintenance"
    office.clock.forward(300)
    assert len(office.errands) == 1


def test_a_silence_holds_until_it_ends() -> None:
    office = Office()
    matchers = (parse_matcher("service=web"),)
    silence = office.router.silence(
        Silence(number=0, matchers=matchers, begins=0, ends=10_000, who="ann")
    )
    alert = office.takes("late")
    office.clock.forward(600)
    assert (office.errands, office.router.why_muted(alert)) == ([], "silence 1 of ann")
    assert office.router.silences == (silence,)

    office.router.end_silence(1)
    office.clock.forward(300)

    assert office.told == [(("chat", "mail"), ["late"], [])]
    with pytest.raises(UnknownService):
        office.router.end_silence(1)


def test_what_follows_from_another_is_not_told() -> None:
    office = Office()

    office.takes("down")
    slow = office.takes("slow")
    office.clock.forward(60)

    assert office.router.why_muted(slow) == "it follows from another"
    assert {tuple(firing) for _, firing, _ in office.told} == {("down",)}


def test_what_flaps_is_no_longer_told() -> None:
    office = Office()

    late = office.takes("late")
    for _ in range(20):
        office.takes("late")
        late = office.takes("late", ended=True)
    office.takes("late")
    office.clock.forward(30)

    assert office.router.why_muted(late) == "it flaps"
    assert office.errands == []


def test_what_was_told_is_known_after_a_restart() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)
    office.router.silence(
        Silence(number=0, matchers=(parse_matcher("a=b"),), begins=0, ends=10_000, who="ann")
    )

    office.reopen()
    office.clock.forward(600)
    assert len(office.errands) == 1
    office.takes("late", ended=True)
    office.clock.forward(300)

    assert office.told[-1] == (("chat", "mail"), [], ["late"])
    assert [each.who for each in office.router.silences] == ["ann"]


def test_what_nobody_knows_to_have_been_told_is_told_under_the_same_number() -> None:
    office = Office()
    office.takes("late")
    before = dict(office.store._texts)
    office.clock.forward(30)

    office.store._texts = before
    office.reopen()
    office.clock.forward(0)

    first, second = office.errands
    assert first.number == second.number


def test_a_group_that_cannot_be_read_is_left_alone() -> None:
    store = FakeStore()
    store.put("alert-group", "broken", {"key": {}})

    office = Office(store=store)

    assert office.router.groups == ()
    assert len(store.items("alert-group")) == 1


def test_a_clock_that_is_set_back_a_day_keeps_nothing_back() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)

    office.clock.jump(-86_400)
    office.takes("down")
    office.clock.forward(0)
    office.takes("worse")
    office.clock.forward(600)

    told = [sorted(names) for _, names, _ in office.told]
    assert told[:3] == [["late"], ["down"], ["late", "worse"]]


def test_what_repeats_does_so_though_the_clock_was_set_back() -> None:
    office = Office()
    office.takes("late")
    office.clock.forward(30)

    office.clock.jump(-86_400)
    office.clock.forward(3600 + 600)

    assert [names for _, names, _ in office.told] == [["late"], ["late"]]


def test_a_silence_that_is_over_is_not_kept_for_ever() -> None:
    office = Office()
    matchers = (parse_matcher("service=web"),)
    office.router.silence(Silence(number=0, matchers=matchers, begins=0, ends=10, who="ann"))
    office.clock.forward(11)

    office.reopen()

    assert office.store.items("alert-silence") == []
