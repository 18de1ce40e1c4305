"""From what happens to who is told, over restarts and new configurations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC
from typing import Any

import pytest

from svcctl.alert.channel import Rate
from svcctl.alert.outbox import Way
from svcctl.alert.wording import Message
from svcctl.app.alerting.desk import Desk
from svcctl.app.alerting.telling import Place, Telling
from svcctl.app.arguments import check
from svcctl.app.kept_table import KeptTable
from svcctl.app.natives import KeptNatively, Natives
from svcctl.app.verbs import find
from svcctl.auth.identity import inside
from svcctl.errors import NotDelivered, StateFault, UnknownService, UsageError
from svcctl.events import (
    AlertAcknowledged,
    AlertEnded,
    AlertRaised,
    Event,
    FindingMade,
    PhaseChanged,
    SpecApplied,
)
from svcctl.ports import InstanceStatus, Recorded
from svcctl.spec import canonical
from svcctl.spec.alert_policy import AlertPolicy, Priority
from svcctl.spec.alerting import (
    AlertingSpec,
    ChannelKind,
    ChannelSpec,
    PrioritiesSpec,
    PrioritySpec,
)
from svcctl.spec.service import Manager, Need, ServiceSpec
from svcctl.testing.fakes import FakeBus, FakeClock, FakeEventLog, FakeStore
from svcctl.wire import Selection

Standing = Callable[[str, str], InstanceStatus]
Turns = Callable[[], Awaitable[None]]

SPEC = AlertingSpec(
    channels={
        "chat": ChannelSpec(kind=ChannelKind.WEBHOOK, url="http://chat"),
        "sms": ChannelSpec(kind=ChannelKind.WEBHOOK, url="http://sms"),
    },
    priorities=PrioritiesSpec(
        P0=PrioritySpec(channels=("chat",)), P1=PrioritySpec(channels=("chat",))
    ),
)
DEFINED = {"spec": canonical.dump(SPEC), "origins": {}, "sources": {"/svcctl.toml": "1"}}


class Chat:
    """A channel that keeps what it is told."""

    rate = Rate(most=100, within=60.0)

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.failure: NotDelivered | None = None

    async def send(self, message: Message) -> None:
        if self.failure:
            raise self.failure
        self.titles.append(message.title)


class Office:
    """A desk without an agent: services are what they are said to be."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.clock, self.store, self.log = FakeClock(now=1000.0), FakeStore(), FakeEventLog()
        self.bus = FakeBus()
        self.bus.subscribe(self.log.append)
        self.natives = Natives()
        self.chat, self.sms = Chat(), Chat()
        self.services: dict[str, ServiceSpec] = {}
        self.phases: dict[str, str] = {}
        self.opened = 0
        self.desk = self.new_desk()

    def new_desk(self) -> Desk:
        return Desk(
            self._open,
            store=self.store,
            events=self.log,
            bus=self.bus,
            clock=self.clock,
            since=self.clock.now(),
        )

    def _open(self, spec: AlertingSpec) -> Telling:
        self.opened += 1
        place = Place(
            clock=self.clock,
            bus=self.bus,
            store=self.store,
            services=lambda: {**self.natives.specs, **self.services},
            standing=lambda: [*self.standing(), *self.natives.standing],
            natives=self.natives.bus,
            unseen=lambda: self.natives.unseen,
            ways=self._ways,
            zone=UTC,
            host="h",
        )
        return Telling(spec, place)

    def _ways(self, spec: AlertingSpec) -> Mapping[str, Way]:
        known = {"chat": self.chat, "sms": self.sms}
        return {name: Way(name=name, channel=known[name]) for name in spec.channels}

    def standing(self) -> list[InstanceStatus]:
        return [self._standing(name, phase) for name, phase in self.phases.items()]

    def configure(self, document: dict[str, Any] | None = None) -> None:
        self.desk.keep(document or DEFINED)

    def phase(self, new: str, service: str = "web") -> None:
        self.phases[service] = new
        self.bus.publish(
            PhaseChanged(
                at=self.clock.now(),
                service=service,
                instance=service,
                old="running",
                new=new,
                reason="exit code 3",
            )
        )

    async def asks(self, verb: str, **args: Any) -> Any:
        known = find(verb)
        assert known is not None
        checked = check(known, args, asker=inside("ann"))
        return await self.desk.deeds()[verb](Selection(), checked, Silent())

    async def alerts(self, **args: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.asks("alerts", **args))["alerts"]
        return found

    def said(self, *kinds: type[Event]) -> list[str]:
        return [
            f"{type(each).__name__} {each.fields()['alert']}"
            for each in self.bus.events
            if isinstance(each, kinds)
        ]


class Silent:
    """Takes the items of a verb."""

    def __call__(self, item: object) -> None:
        raise AssertionError(item)

    async def room(self) -> None: ...


@pytest.fixture
def office(standing: Standing) -> Iterable[Office]:
    made = Office(standing)
    yield made
    made.desk.close()


async def test_who_is_configured_is_told_what_begins_and_what_ends(
    office: Office, turns: Turns
) -> None:
    office.configure()

    office.phase("failed")
    office.clock.forward()
    await turns()
    office.phase("running")
    office.clock.forward(60)
    await turns()

    assert office.chat.titles == ["[P0] web: service_down", "[OK] web: service_down"]
    assert office.said(AlertRaised, AlertEnded) == [
        "AlertRaised service_down",
        "AlertEnded service_down",
    ]


async def test_nothing_is_loaded_where_nobody_is_told_until_somebody_asks(office: Office) -> None:
    office.desk.begin()
    office.phase("failed")
    assert office.opened == 0

    (found,) = await office.alerts()

    assert office.opened == 1
    assert (found["alert"], found["state"], found["priority"]) == ("service_down", "firing", "P0")
    assert (found["began"], found["labels"]["host"]) == (1000.0, "h")


async def test_the_same_thing_seen_again_is_one_alert(office: Office) -> None:
    office.configure()

    office.phase("backoff")
    office.phase("starting")
    office.phase("backoff")

    assert office.said(AlertRaised) == ["AlertRaised service_restarting"]
    assert len(await office.alerts()) == 1


async def test_a_restart_of_the_agent_neither_forgets_nor_repeats(
    office: Office, turns: Turns
) -> None:
    office.configure()
    office.phase("failed")
    office.clock.forward()
    await turns()
    office.desk.close()
    office.clock.forward(10)

    office.desk = office.new_desk()
    del office.phases["web"]
    office.phase("failed", "db")
    office.desk.begin()
    office.clock.forward(60)
    await turns()

    assert [each["service"] for each in await office.alerts()] == ["db"]
    assert office.chat.titles == [
        "[P0] web: service_down",
        "[P0] db: service_down",
        "[OK] web: service_down",
    ]


async def test_what_is_under_way_is_carried_by_the_next_agent(office: Office, turns: Turns) -> None:
    office.configure()
    office.chat.failure = NotDelivered("down", again=True)
    office.phase("failed")
    office.clock.forward()
    await turns()
    assert (await office.asks("alerts"))["under_way"] == {"chat": 1}
    office.desk.close()

    office.chat.failure = None
    office.desk = office.new_desk()
    office.desk.begin()
    await turns()

    assert office.chat.titles == ["[P0] web: service_down"]


async def test_a_channel_that_is_down_for_an_hour_is_told_afterwards(
    office: Office, turns: Turns
) -> None:
    office.configure()
    office.chat.failure = NotDelivered("down", again=True)
    office.phase("failed")
    for _ in range(60):
        office.clock.forward(60)
        await turns()

    office.chat.failure = None
    for _ in range(6):
        office.clock.forward(60)
        await turns()

    assert office.chat.titles == ["[P0] web: service_down"]


async def test_a_new_configuration_is_followed_at_once(office: Office, turns: Turns) -> None:
    office.configure()
    office.phase("failed")
    office.clock.forward()
    await turns()

    moved = PrioritiesSpec(P0=PrioritySpec(channels=("sms",)))
    spec = AlertingSpec(channels=SPEC.channels, priorities=moved)
    office.configure(DEFINED | {"spec": canonical.dump(spec)})
    office.clock.forward(900)
    await turns()

    assert office.chat.titles == ["[P0] web: service_down"]
    assert office.sms.titles == ["[P0] web: service_down (still)"]
    assert office.said(AlertRaised) == ["AlertRaised service_down"]


async def test_a_service_that_wants_others_told_is_heard_at_once(
    office: Office, turns: Turns
) -> None:
    office.configure()
    office.services = {"web": ServiceSpec(name="web", alert=AlertPolicy(to=("sms",)))}
    office.bus.publish(
        SpecApplied(at=office.clock.now(), service="web", change="changed", revision="2")
    )

    office.phase("failed")
    office.clock.forward()
    await turns()

    assert (office.chat.titles, office.sms.titles) == ([], ["[P0] web: service_down"])


async def test_only_the_cause_is_told_of_services_that_need_each_other(
    office: Office, turns: Turns
) -> None:
    office.services = {
        "db": ServiceSpec(name="db"),
        "web": ServiceSpec(name="web", needs={"db": Need.READY}),
    }
    office.configure()

    office.phase("failed", "db")
    office.phase("failed", "web")
    office.clock.forward()
    await turns()

    assert office.chat.titles == ["[P0] db: service_down"]
    states = {each["service"]: each["state"] for each in await office.alerts()}
    assert states == {"db": "firing", "web": "muted"}


async def test_who_takes_care_of_an_alert_is_not_told_again(office: Office, turns: Turns) -> None:
    office.configure()
    office.phase("failed")
    office.clock.forward()
    await turns()
    (alert,) = await office.alerts()

    taken = await office.asks("ack", id=alert["id"][:8], reason="on it")
    office.clock.forward(5000)
    await turns()

    assert taken["state"] == "acknowledged"
    (said,) = [each for each in office.bus.events if isinstance(each, AlertAcknowledged)]
    assert (said.alert, said.who, said.why) == ("service_down", "ann", "on it")
    assert len(office.chat.titles) == 1


def finding() -> FindingMade:
    return FindingMade(
        at=1000.0,
        service="web",
        instance="web",
        kind="burst",
        subject="x",
        pattern="web/burst/x",
        observed="9",
        expected="1",
        since=990.0,
        score=0.9,
        explanation="far more of it",
        samples=("a line",),
    )


async def test_a_false_positive_is_never_told_again_until_that_is_taken_back(
    office: Office,
) -> None:
    office.configure()
    office.bus.publish(finding())
    (alert,) = await office.alerts()

    taken = await office.asks("ack", id=alert["id"], false_positive=True, reason="a test")

    (silence,) = await office.asks("silence-list")
    assert silence["match"] == ['service="web"', 'pattern="web/burst/x"']
    assert (silence["number"], silence["who"]) == (taken["silence"], "ann")
    assert "FindingRejected" in [type(each).__name__ for each in office.bus.events]
    await office.asks("silence-end", number=silence["number"])
    assert await office.asks("silence-list") == []


async def test_a_fact_is_no_false_positive(office: Office) -> None:
    office.configure()
    office.phase("failed")
    (alert,) = await office.alerts()

    with pytest.raises(UsageError, match="is a fact"):
        await office.asks("ack", id=alert["id"], false_positive=True)

    assert (await office.alerts())[0]["state"] == "firing"


async def test_a_silence_is_kept_by_the_next_agent(office: Office, turns: Turns) -> None:
    office.configure()
    await office.asks("silence-add", match=["service=web"], **{"for": 7200.0}, reason="disks")
    office.desk.close()

    office.desk = office.new_desk()
    office.desk.begin()
    office.phase("failed")
    office.clock.forward(60)
    await turns()

    assert office.chat.titles == []
    assert (await office.alerts())[0]["why_muted"] == "silence 1 of ann"


@pytest.mark.parametrize(
    ("match", "seconds", "problem"),
    [
        ([], 60.0, "a silence needs conditions on labels"),
        ([5], 60.0, "a silence needs conditions on labels"),
        (["web"], 60.0, "'web' is no condition on a label"),
        (["service=web"], 0.0, "a silence needs an end"),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    office: Office, match: list[Any], seconds: float, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        await office.asks("silence-add", match=match, **{"for": seconds})


async def test_what_is_over_is_shown_too_where_asked_for(office: Office) -> None:
    office.configure()
    office.phase("failed")
    office.clock.forward(30)
    office.phase("running")

    assert await office.alerts() == []
    (found,) = await office.alerts(all=True)

    assert (found["state"], found["began"], found["ended"]) == ("ended", 1000.0, 1030.0)
    assert await office.alerts(since="10s") != []


async def test_a_channel_is_tried_and_what_came_back_is_said(office: Office) -> None:
    office.configure()

    good = await office.asks("alert-test", channel="chat")
    office.sms.failure = NotDelivered("no such robot", hint="check it", again=False)
    bad = await office.asks("alert-test", channel="sms")

    assert (good["ok"], office.chat.titles) == (True, ["[P2] svcctl: test"])
    assert (bad["ok"], bad["problem"], bad["hint"]) == (False, "no such robot", "check it")
    with pytest.raises(UnknownService) as caught:
        await office.asks("alert-test", channel="chatt")
    assert caught.value.hint == "did you mean 'chat'?"


async def test_what_is_in_force_is_shown(office: Office) -> None:
    office.configure(DEFINED | {"origins": {"alerting.language": {"layer": "file"}}})

    shown = await office.asks("alert-show")

    assert shown["spec"]["alerting"]["language"] == "en"
    assert shown["spec"]["alerting"]["channels"]["chat"]["url"] == "http://chat"
    assert shown["origins"] == {"alerting.language": {"layer": "file"}}


async def test_a_configuration_nobody_can_read_does_not_keep_the_agent_from_starting(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.store.put("alerting", "spec", {"spec": {"channels": {"a": {"kind": "pigeon"}}}})

    office.desk.begin()

    assert caplog.records[0].message == "alerting.unreadable"


async def test_events_nobody_can_read_do_not_either(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def damaged(**_: object) -> list[Recorded]:
        raise StateFault("events cannot be read")

    monkeypatch.setattr(office.log, "read", damaged)
    office.store.put("alerting", "spec", DEFINED)

    office.desk.begin()

    assert caplog.records[0].message == "alerting.unreadable"
    assert office.opened == 0


def changes(office: Office, wanted: object, *files: str, prune: bool = False) -> list[str]:
    settings = KeptTable("alerting", office.desk)
    planned = settings.plan(wanted, files, prune=prune)
    settings.take(wanted, planned)
    return [each.change for each in planned]


async def test_a_plan_says_what_becomes_of_it(office: Office) -> None:
    other = DEFINED | {"spec": canonical.dump(AlertingSpec())}

    assert changes(office, None, "/svcctl.toml") == []
    assert changes(office, DEFINED) == ["created"]
    assert changes(office, DEFINED | {"origins": {"a": {}}}) == ["unchanged"]
    assert office.desk.kept["origins"] == {"a": {}}
    assert changes(office, other) == ["changed"]
    assert changes(office, None, "/svcctl.toml") == ["orphaned"]
    assert office.desk.kept != {}
    assert changes(office, None, "/svcctl.toml", prune=True) == ["removed"]
    assert office.desk.kept == {}


@pytest.mark.parametrize(
    "wanted",
    [
        "nonsense",
        {},
        {"spec": {}, "sources": [5]},
        {"spec": [1]},
        {"spec": {"channels": {"a": {"kind": "wecom", "url": "https://x/?key=hush"}}}},
    ],
)
async def test_what_no_file_could_say_is_refused(office: Office, wanted: object) -> None:
    with pytest.raises(UsageError) as caught:
        changes(office, wanted)

    assert "hush" not in str(caught.value)


async def test_two_desks_never_tell_the_same(office: Office, turns: Turns) -> None:
    office.configure()
    office.phase("failed")
    office.clock.forward()
    await asyncio.sleep(0)

    office.configure(DEFINED | {"spec": canonical.dump(SPEC) | {"language": "zh"}})
    office.clock.forward(10)
    await turns()

    assert office.chat.titles == ["[P0] web: service_down"]


def registered(name: str = "mailer") -> dict[str, KeptNatively]:
    spec = ServiceSpec(
        name=name,
        exec=("/bin/app",),
        labels={"tier": "front"},
        manager=Manager.SYSTEMD,
        alert=AlertPolicy(priority=Priority.P1),
    )
    return {name: KeptNatively(spec=spec, revision="1", hosted=True)}


def fails(office: Office, name: str = "mailer") -> PhaseChanged:
    return PhaseChanged(
        at=office.clock.now(),
        service=name,
        instance=name,
        old="running",
        new="failed",
        reason="exit code 3",
    )


async def test_a_native_service_is_told_of_as_its_definition_says(
    office: Office, turns: Turns
) -> None:
    office.natives.know(registered())
    office.configure()

    office.natives.take(fails(office))
    office.clock.forward(60)
    await turns()

    assert office.chat.titles == ["[P1] mailer: service_down"]
    (row,) = await office.alerts()
    labels = {"host": "h", "instance": "mailer", "manager": "systemd", "service": "mailer"}
    assert row["labels"] == labels | {"tier": "front"}
    assert [type(each).__name__ for each in office.bus.events] == ["AlertRaised", "AlertTold"]


async def test_what_is_wrong_natively_lasts_until_somebody_says_how_it_is(
    office: Office, standing: Standing, turns: Turns
) -> None:
    office.natives.know(registered())
    office.configure()
    office.natives.take(fails(office))
    office.clock.forward(60)
    await turns()
    office.desk.close()

    office.natives = Natives()
    office.natives.know(registered())
    office.desk = office.new_desk()
    office.desk.begin()
    assert [each["state"] for each in await office.alerts()] == ["firing"]

    office.natives.saw("mailer", [standing("mailer", "running")], now=office.clock.now())
    office.desk.look_again()
    assert await office.alerts() == []


async def test_a_native_service_that_is_found_failed_is_told_of(
    office: Office, standing: Standing, turns: Turns
) -> None:
    office.configure()

    office.natives.know(registered())
    office.natives.saw("mailer", [standing("mailer", "failed")], now=office.clock.now())
    office.desk.look_again()
    office.clock.forward(60)
    await turns()

    assert office.chat.titles == ["[P1] mailer: service_down"]


async def test_what_is_uninstalled_has_nothing_wrong_with_it(office: Office) -> None:
    office.natives.know(registered())
    office.configure()
    office.natives.take(fails(office))

    office.natives.know({})
    office.desk.look_again()

    assert await office.alerts() == []


async def test_last_words_are_told_at_once(office: Office, turns: Turns) -> None:
    office.configure()
    office.phase("backoff")  # a P1, which waits for others
    await turns()
    assert office.chat.titles == []

    await office.desk.last_words(within=30.0)

    assert office.chat.titles == ["[P1] web: service_restarting"]


async def test_last_words_that_nobody_takes_hold_nobody_up(office: Office) -> None:
    office.chat.failure = NotDelivered("down", again=True)
    office.configure()
    office.phase("failed")

    await office.desk.last_words(within=0.01)

    assert office.chat.titles == []


async def test_a_desk_that_tells_nobody_has_no_last_words(office: Office) -> None:
    office.desk.look_again()

    await office.desk.last_words(within=30.0)

    assert office.opened == 0
