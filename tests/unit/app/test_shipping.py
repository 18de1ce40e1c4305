"""Who is sent logs is as was applied last: begun, changed, ended, and answered for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from svcctl.app.arguments import check
from svcctl.app.kept_table import KeptTable
from svcctl.app.shipping import Shipping, Trial
from svcctl.app.verbs import find
from svcctl.errors import UnknownService, UsageError
from svcctl.events import InstanceExited, InstanceSpawned
from svcctl.observe.ship.sender import Standing
from svcctl.observe.ship.sent import Progress
from svcctl.observe.ship.shipper import Lag
from svcctl.spec.shipping import ShippingSpec
from svcctl.testing.fakes import FakeBus, FakeClock, FakeStore
from svcctl.wire import Selection

LAKE = {"kind": "loki", "url": "http://lake"}
OLD = {"kind": "syslog", "host": "old"}


@dataclass
class Ship:
    name: str
    told: list[str]
    now: Lag = field(default=Lag())

    def begin(self) -> None:
        self.told.append(f"{self.name} begins")

    def close(self) -> None:
        self.told.append(f"{self.name} ends")

    def wake(self) -> None:
        self.told.append(f"{self.name} wakes")

    def stir(self, instance: str) -> None:
        self.told.append(f"{self.name} looks at {instance}")

    def lag(self) -> Lag:
        return self.now


@dataclass
class Harbour:
    """Shipping, and docks that write down what is asked of them."""

    told: list[str] = field(default_factory=list)
    ships: dict[str, Ship] = field(default_factory=dict)
    store: FakeStore = field(default_factory=FakeStore)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: FakeClock = field(default_factory=FakeClock)
    trial: Trial = field(default=Trial(problem="", hint="", seconds=0.1))

    def open(self) -> Shipping:
        return Shipping(lambda: self, store=self.store, bus=self.bus, clock=self.clock)  # type: ignore[arg-type,return-value]

    def shipper(self, name: str, spec: ShippingSpec, after: Ship | None) -> Ship:
        self.told.append(f"{name} is {spec.kind}{' after another' if after else ''}")
        self.ships[name] = Ship(name, self.told)
        return self.ships[name]

    def test(self, name: str, spec: ShippingSpec) -> Trial:
        self.told.append(f"{name} is tried as {spec.kind}")
        return self.trial

    def aside(self, name: str) -> str:
        return f"/aside/{name}"

    def forget(self, name: str) -> None:
        self.told.append(f"{name} is forgotten")


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def document(**specs: object) -> dict[str, object]:
    return {"spec": specs, "origins": {}, "sources": {"/svcctl.toml": "1"}}


def changes(shipping: Shipping, wanted: object, *files: str, prune: bool = False) -> list[str]:
    table = KeptTable("shipping", shipping)
    planned = table.plan(wanted, files, prune=prune)
    table.take(wanted, planned)
    return [f"{each.service} {each.change}" for each in planned]


async def ask(shipping: Shipping, name: str, **args: object) -> Any:
    verb = find(name)
    assert verb is not None
    return await shipping.deeds()[name](Selection(), check(verb, args), None)  # type: ignore[arg-type]


def test_each_receiver_is_planned_for_itself(harbour: Harbour) -> None:
    shipping = harbour.open()

    first = changes(shipping, document(lake=LAKE, old=OLD))
    second = changes(shipping, document(lake=LAKE | {"tenant": "shop"}))
    third = changes(shipping, None, "/svcctl.toml", prune=True)

    assert first == ["[shipping.lake] created", "[shipping.old] created"]
    assert second == ["[shipping.lake] changed", "[shipping.old] removed"]
    assert third == ["[shipping] removed"]
    assert harbour.told == [
        *("lake is loki", "lake begins", "old is syslog", "old begins"),
        *("old ends", "old is forgotten"),
        *("lake ends", "lake is loki after another", "lake begins"),
        *("lake ends", "lake is forgotten"),
    ]


def test_one_that_stays_as_it_is_is_left_alone(harbour: Harbour) -> None:
    shipping = harbour.open()
    changes(shipping, document(lake=LAKE))
    harbour.told.clear()

    assert changes(shipping, document(lake=LAKE)) == ["[shipping.lake] unchanged"]

    assert harbour.told == []


@pytest.mark.parametrize(
    "wanted", ["nonsense", {}, document(lake={"kind": "loki", "url": "http://u:hush@x"})]
)
def test_what_no_file_could_say_is_refused(harbour: Harbour, wanted: object) -> None:
    with pytest.raises(UsageError) as caught:
        changes(harbour.open(), wanted)

    assert "hush" not in str(caught.value)
    assert harbour.told == []


def test_the_next_agent_goes_on(harbour: Harbour) -> None:
    before = harbour.open()
    changes(before, document(lake=LAKE))
    before.close()
    harbour.told.clear()

    harbour.open().begin()

    assert harbour.told == ["lake is loki", "lake begins"]


def test_an_agent_without_receivers_opens_nothing(harbour: Harbour) -> None:
    harbour.open().begin()

    assert harbour.told == []


def test_what_another_version_wrote_does_not_keep_an_agent_from_its_work(
    harbour: Harbour, caplog: pytest.LogCaptureFixture
) -> None:
    harbour.store.put("shipping", "spec", {"spec": {"lake": {"kind": "pigeon"}}})

    harbour.open().begin()

    assert caplog.records[0].message == "shipping.unreadable"


def test_new_logs_and_crashes_are_looked_for_when_a_program_comes_and_goes(
    harbour: Harbour,
) -> None:
    shipping = harbour.open()
    changes(shipping, document(lake=LAKE))
    harbour.told.clear()

    harbour.bus.publish(InstanceSpawned(at=0.0, service="web", instance="web.1", pid=1))
    harbour.bus.publish(
        InstanceExited(
            at=0.0, service="web", instance="web.1", pid=1, code=1, signal=None, uptime=1.0
        )
    )
    shipping.close()
    harbour.bus.publish(InstanceSpawned(at=0.0, service="web", instance="web.1", pid=2))

    assert harbour.told == ["lake wakes", "lake looks at web.1", "lake ends"]


async def test_how_it_goes_is_told_to_people_and_scrapers(harbour: Harbour) -> None:
    shipping = harbour.open()
    changes(shipping, document(lake=LAKE))
    harbour.ships["lake"].now = Lag(
        standing=Standing(
            progress=Progress(sent=5, aside=1, repeated=2, lost=3),
            failing_since=harbour.clock.now() - 9,
            waiting_since=harbour.clock.now() - 10,
            problem="nobody is there",
            tries=4,
        ),
        waiting_bytes=100,
        waiting_lines=7,
    )

    (row,) = await ask(shipping, "shipping")
    samples: dict[str, float] = {}
    for _, values in shipping.samples():
        samples |= values

    assert (row["state"], row["lag_seconds"], row["lag_lines"]) == ("failing", 10.0, 7)
    assert (row["sent"], row["set_aside"], row["repeated"], row["lost"]) == (5, 1, 2, 3)
    assert row["set_aside_file"] == "/aside/lake"
    assert samples['svcctl_shipping_lag_seconds{receiver="lake"}'] == 10.0
    assert samples['svcctl_shipping_records_total{receiver="lake",result="set_aside"}'] == 1
    assert samples['svcctl_shipping_failing{receiver="lake"}'] == 1
    assert 'svcctl_shipping_last_success_time_seconds{receiver="lake"}' not in samples


async def test_a_receiver_is_tried_by_its_name(harbour: Harbour) -> None:
    shipping = harbour.open()
    changes(shipping, document(lake=LAKE))
    harbour.trial = Trial(problem="no", hint="do it", seconds=1.0)

    tried = await ask(shipping, "shipping-test", receiver="lake")
    with pytest.raises(UnknownService, match="'lakke'"):
        await ask(shipping, "shipping-test", receiver="lakke")

    assert tried == {
        "receiver": "lake",
        "ok": False,
        "problem": "no",
        "hint": "do it",
        "seconds": 1,
    }
    assert harbour.told[-1] == "lake is tried as loki"


async def test_what_is_in_force_is_shown_with_its_defaults(harbour: Harbour) -> None:
    shipping = harbour.open()
    changes(shipping, document(lake=LAKE))

    shown = await ask(shipping, "shipping-show")

    assert shown["spec"]["shipping"]["lake"]["batch"]["count"] == 1000
    assert shown["sources"] == {"/svcctl.toml": "1"}
