"""What is found is acted upon through the verbs: once, in order, and behind nobody's back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from svcctl.app.alerting.cause import begun
from svcctl.app.arguments import check
from svcctl.app.healer import HEALER, Healer
from svcctl.app.healing.deed import State
from svcctl.app.healing.ledger import KIND
from svcctl.app.verbs import find
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import inside
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict, StateFault
from svcctl.events import (
    Event,
    FindingEnded,
    FindingMade,
    HealingBegun,
    HealingDone,
    HealingHeld,
)
from svcctl.ports import Applied, Recorded
from svcctl.spec import canonical
from svcctl.spec.alert_policy import Happening
from svcctl.spec.heal import HealingSpec, HealPolicy
from svcctl.spec.log_rule import LogRule
from svcctl.spec.policy import Hooks
from svcctl.spec.service import Need, ServiceSpec
from svcctl.testing.fakes import FakeEventLog
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection


class Healed:
    """An agent that heals; *asked* are the verbs it asked for, which wait for *gate*."""

    def __init__(self, world: FakeWorld, past: FakeEventLog | None = None) -> None:
        self.world, self.past = world, past or FakeEventLog()
        world.bus.subscribe(self.past.append)
        self.manager = AgentManager(world.ports)
        self.manager.load()
        self.asked: list[tuple[str, str]] = []
        self.under_way: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.problem = ""
        self.refuses = False
        self.quiet: set[str] = set()
        self.history: list[list[float | None]] = []
        self.healer = self._made()

    def _made(self) -> Healer:
        return Healer(
            self.manager,
            store=self.world.store,
            events=self.past,
            is_quiet=lambda pattern: pattern in self.quiet,
        )

    def begin(self) -> None:
        self.healer.begin(self._carry_out)

    async def _carry_out(
        self, verb: str, *, names: tuple[str, ...], args: Mapping[str, object]
    ) -> object:
        known = find(verb)
        assert known is not None
        checked = check(known, args, asker=inside(HEALER))
        if verb == "history":
            return {"instances": {"web": self.history}}
        if self.refuses:
            raise Conflict("not now")
        for name in names:
            service = name.partition(".")[0]
            assert service not in self.under_way
            self.asked.append((verb, name))
            self.under_way.append(service)
            await self.gate.wait()
            self.under_way.remove(service)
            if verb == "restart" and not self.problem:
                self.manager.restart(name)
                self.world.clock.forward()
            if verb == "run":
                await self.manager.instance(name).commands.run_named(checked.text("command") or "")
        return [
            {"instance": each, "ok": not self.problem, "problem": self.problem} for each in names
        ]

    async def keep(
        self,
        name: str = "web",
        *policies: HealPolicy,
        rules: tuple[LogRule, ...] = (),
        needs: tuple[str, ...] = (),
        instances: int = 1,
    ) -> None:
        spec = ServiceSpec(
            name=name,
            exec=("/bin/app",),
            hook=Hooks(run={"dump": ("/bin/dump",)}),
            heal=policies,
            rules=rules,
            needs=dict.fromkeys(needs, Need.READY),
            instances=instances,
        )
        document = canonical.dump(spec)
        applied = Applied(name=name, spec=document, revision=canonical.revision(document))
        if name in self.manager.names():
            await self.manager.configure(applied)
        else:
            await self.manager.install(applied)
            self.manager.start(name)
        self.world.clock.forward(1.0)

    async def find(
        self,
        service: str = "web",
        *,
        kind: str = "silence",
        action: str = "",
        instance: str = "",
        seen_in: str = "",
    ) -> None:
        now = self.world.clock.now()
        self.world.bus.publish(
            FindingMade(
                at=now,
                service=service,
                instance=instance,
                kind=kind,
                subject="it",
                pattern=f"{service}/{kind}",
                observed="1",
                expected="0",
                since=now,
                score=1.0,
                explanation=f"{kind} of {service}",
                action=action,
                seen_in=seen_in,
            )
        )
        await settled()

    async def end(self, service: str = "web", *, kind: str = "silence") -> None:
        now = self.world.clock.now()
        pattern = f"{service}/{kind}"
        self.world.bus.publish(FindingEnded(at=now, service=service, pattern=pattern))
        await settled()

    async def wait(self, seconds: float) -> None:
        self.world.clock.forward(seconds)
        await settled()

    def told(self, kind: type[Event]) -> list[Any]:
        return [each for each in self.past.events if isinstance(each, kind)]

    async def show(self, verb: str = "healing", **args: object) -> Any:
        known = find(verb)
        assert known is not None
        deed = self.healer.deeds()[verb]
        return await deed(Selection(all=True), check(known, args), Nobody())


def policy(*on: str, **options: Any) -> HealPolicy:
    return HealPolicy(on=on or ("silence",), **options)


async def settled() -> None:
    """Let tasks that wait for nothing come to their ends."""
    for _ in range(30):
        await asyncio.sleep(0)


@pytest.fixture
def healed(world: FakeWorld) -> Healed:
    found = Healed(world)
    found.begin()
    return found


async def test_what_is_found_is_healed_and_told(healed: Healed) -> None:
    await healed.keep("web", policy())

    await healed.find()

    assert healed.asked == [("restart", "web")]
    (begun,) = healed.told(HealingBegun)
    (done,) = healed.told(HealingDone)
    assert (begun.deed, begun.why, begun.by) == ("restart", "silence of web", "heal[0]")
    assert (done.number, done.outcome, done.problem) == (begun.number, "done", "")


async def test_nothing_is_done_unless_it_is_written(healed: Healed) -> None:
    await healed.keep("web")

    await healed.find()

    assert healed.asked == []
    assert healed.told(HealingHeld) == []


async def test_what_somebody_called_false_is_not_healed_and_no_rule_asks_for_it(
    healed: Healed,
) -> None:
    await healed.keep("web", policy())
    healed.quiet = {"web/silence", "web/rule"}

    await healed.find()
    await healed.find(kind="rule", action="restart")
    shown = await healed.show(since="1h")

    assert healed.asked == []
    assert (shown["wanted"], shown["rehearsed"]) == ([], [])


async def test_a_rule_may_ask_for_a_verb(healed: Healed) -> None:
    await healed.keep("web")

    await healed.find(kind="rule", action="restart")

    assert healed.asked == [("restart", "web")]


async def test_a_rule_over_a_log_of_nobody_asks_in_vain(healed: Healed) -> None:
    await healed.keep("web")

    await healed.find("nginx", kind="rule", action="restart")
    await healed.keep("nginx")
    await healed.wait(3600.0)

    assert healed.asked == []


async def test_a_rule_may_run_a_command_where_it_fired(healed: Healed) -> None:
    await healed.keep("web", instances=2)

    await healed.find(kind="rule", action="run:dump", seen_in="web.2")

    assert healed.asked == [("run", "web.2")]
    assert healed.world.child("web.2:run:dump").launch.argv == ("/bin/dump",)
    healed.healer.close()
    healed.world.child("web.2:run:dump").exit(0)
    await settled()


async def test_instances_are_healed_one_after_the_other(healed: Healed) -> None:
    await healed.keep("web", policy(), instances=3)
    healed.gate.clear()

    await healed.find()
    assert healed.asked == [("restart", "web.1")]

    healed.gate.set()
    await settled()
    assert healed.asked == [("restart", "web.1"), ("restart", "web.2"), ("restart", "web.3")]


async def test_where_one_does_not_come_up_the_others_are_left_alone(healed: Healed) -> None:
    await healed.keep("web", policy(), instances=3)
    healed.problem = "exited with status 1"

    await healed.find()

    assert healed.asked == [("restart", "web.1")]
    (done,) = healed.told(HealingDone)
    assert (done.outcome, done.problem) == ("failed", "web.1: exited with status 1")


async def test_two_findings_in_two_instances_are_healed_one_after_the_other(
    healed: Healed,
) -> None:
    await healed.keep("web", policy(cooldown=0.0), instances=2)
    healed.gate.clear()

    await healed.find(instance="web")
    await healed.find(instance="web.2")
    assert healed.asked == [("restart", "web.1")]

    healed.gate.set()
    await settled()
    assert healed.asked == [("restart", "web.1"), ("restart", "web.2")]


async def test_a_verb_that_is_refused_is_told(healed: Healed) -> None:
    await healed.keep("web", policy())
    healed.refuses = True

    await healed.find()

    (done,) = healed.told(HealingDone)
    assert (done.outcome, done.problem) == ("failed", "not now")
    (unhealed,) = [each for each in healed.told(FindingMade) if each.kind == "unhealed"]
    assert "service 'web' is not healed by restart: not now" in unhealed.explanation


async def test_what_is_over_budget_is_told_once_and_is_a_finding_until_it_is_over(
    healed: Healed,
) -> None:
    await healed.keep("web", policy(budget="1 in 1h", cooldown=0.0))
    await healed.find()

    await healed.wait(62.0)
    await healed.find()
    await healed.wait(120.0)

    assert len(healed.asked) == 1
    held = [each for each in healed.told(HealingHeld) if each.reason == "budget"]
    assert len(held) == 1
    (unhealed,) = [each for each in healed.told(FindingMade) if each.kind == "unhealed"]
    assert [each.happening for each in begun(unhealed)] == [Happening.UNHEALED]
    await healed.end()
    assert [each.pattern for each in healed.told(FindingEnded)][-1] == unhealed.pattern


async def test_it_is_done_once_the_budget_has_room_again(healed: Healed) -> None:
    await healed.keep("web", policy(budget="1 in 1h", cooldown=0.0))
    await healed.find()

    await healed.wait(3500.0)
    assert len(healed.asked) == 1
    await healed.wait(200.0)

    assert len(healed.asked) == 2


async def test_the_cause_is_healed_and_its_dependant_only_if_that_did_not_help(
    healed: Healed,
) -> None:
    await healed.keep("db", policy())
    await healed.keep("web", policy(), needs=("db",))
    healed.gate.clear()

    await healed.find("db")
    await healed.find("web")
    assert healed.asked == [("restart", "db")]
    healed.gate.set()
    await settled()
    assert healed.asked == [("restart", "db")]

    await healed.end("db")
    await healed.wait(62.0)
    assert healed.asked == [("restart", "db"), ("restart", "web")]


async def test_a_dependant_that_is_well_again_is_left_alone(healed: Healed) -> None:
    await healed.keep("db", policy())
    await healed.keep("web", policy(), needs=("db",))

    await healed.find("db")
    await healed.find("web")
    await healed.end("web")
    await healed.wait(3600.0)

    assert ("restart", "web") not in healed.asked


async def test_nobody_who_is_at_work_is_disturbed(healed: Healed) -> None:
    await healed.keep("web", policy())

    with healed.healer.witness("restart", actor="ann", selection=Selection(names=("web",))):
        await healed.find()
        assert healed.asked == []
    await settled()

    assert healed.asked == [("restart", "web")]
    (held,) = healed.told(HealingHeld)
    assert (held.reason, held.problem) == ("attended", "ann (restart) is at work on it")


@pytest.mark.parametrize(
    ("verb", "selection", "waits"),
    [
        ("status", Selection(all=True), False),
        ("apply", Selection(), True),
        ("stop", Selection(names=("w*",)), True),
        ("stop", Selection(names=("other",)), False),
        ("heal", Selection(all=True), False),
    ],
)
async def test_only_what_changes_the_service_is_work_on_it(
    healed: Healed, verb: str, selection: Selection, *, waits: bool
) -> None:
    await healed.keep("web", policy())

    with healed.healer.witness(verb, actor="ann", selection=selection):
        await healed.find()
        assert (healed.asked == []) == waits


async def test_a_service_that_somebody_stopped_stays_stopped(healed: Healed) -> None:
    await healed.keep("web", policy())
    healed.manager.stop("web")
    healed.world.clock.forward()

    await healed.find()
    await healed.find(kind="rule", action="restart")
    await healed.wait(3600.0)

    assert healed.asked == []
    assert healed.manager.instance("web").state.phase is Phase.STOPPED


async def test_a_dry_run_only_says_what_it_would_have_done(healed: Healed) -> None:
    await healed.keep("web", policy(dry_run=True))

    await healed.find()
    await healed.wait(7200.0)

    assert healed.asked == []
    assert [each.reason for each in healed.told(HealingHeld)] == ["dry_run"]
    assert healed.told(HealingBegun) == []


async def test_what_waits_for_its_hour_can_be_done_now(healed: Healed) -> None:
    await healed.keep("web", policy(after=3600.0))
    await healed.find()

    shown = await healed.show()
    (dry,) = await healed.show("heal", dry_run=True)
    assert (shown["wanted"][0]["reason"], dry["now"], healed.asked) == ("young", True, [])
    (done,) = await healed.show("heal")

    assert (done["state"], healed.asked) == ("done", [("restart", "web")])


async def test_what_was_done_and_what_would_have_been_is_shown(healed: Healed) -> None:
    await healed.keep("web", policy())
    await healed.find()
    await healed.end()
    await healed.wait(60.0)

    shown = await healed.show(since="1h")

    assert shown["wanted"] == []
    assert [(each["deed"], each["state"]) for each in shown["done"]] == [("restart", "done")]
    assert [(each["deed"], each["now"]) for each in shown["rehearsed"]] == [("restart", True)]


async def test_what_holds_for_all_is_taken_over_and_kept(healed: Healed, world: FakeWorld) -> None:
    await healed.keep("web", policy())

    healed.healer.keep({"spec": canonical.dump(HealingSpec(enabled=False)), "origins": {}})
    await healed.find()
    assert healed.asked == []
    assert Healed(world).healer.kept["spec"] == {"enabled": False}

    healed.healer.keep(None)
    await settled()
    assert healed.asked == [("restart", "web")]


async def test_where_nobody_can_tell_what_holds_nothing_is_done(
    healed: Healed, caplog: pytest.LogCaptureFixture
) -> None:
    await healed.keep("web", policy())

    healed.healer.keep({"spec": {"enabled": "perhaps"}})
    await healed.find()

    assert healed.asked == []
    assert [each.message for each in caplog.records] == ["healing.unreadable"]


# one agent after the other


def next_agent(healed: Healed) -> Healed:
    """Give the agent after one that was killed where it stood."""
    return Healed(healed.world.successor(), healed.past)


async def test_an_agent_that_was_killed_while_it_healed_says_so_and_does_it_once(
    healed: Healed,
) -> None:
    await healed.keep("web", policy(cooldown=600.0))
    healed.gate.clear()
    await healed.find()
    assert [each["state"] for _, each in healed.world.store.items(KIND)] == [State.BEGUN]
    healed.healer.close()

    after = next_agent(healed)
    after.begin()
    await settled()

    (done,) = after.told(HealingDone)
    assert (done.outcome, done.problem) == ("unknown", "the agent ended before it was over")
    assert after.asked == []
    await after.wait(599.0)
    assert after.asked == []
    await after.wait(2.0)
    assert after.asked == [("restart", "web")]


async def test_budgets_survive_the_agent(healed: Healed) -> None:
    await healed.keep("web", policy(budget="1 in 1h", cooldown=0.0))
    await healed.find()
    healed.healer.close()

    after = next_agent(healed)
    after.begin()
    await settled()
    await after.wait(120.0)
    assert after.asked == []
    await after.wait(3600.0)

    assert after.asked == [("restart", "web")]


async def test_what_is_wrong_is_known_to_the_next_agent(healed: Healed) -> None:
    await healed.keep("web", policy(after=300.0))
    await healed.find()
    healed.healer.close()

    after = next_agent(healed)
    after.begin()
    await after.wait(301.0)

    assert after.asked == [("restart", "web")]


async def test_what_an_earlier_agent_told_is_over_once_it_is(healed: Healed) -> None:
    await healed.keep("web", policy(budget="0 in 1h"))
    await healed.find()
    healed.healer.close()
    await healed.end()

    after = next_agent(healed)
    after.begin()
    await settled()

    assert after.told(FindingEnded)[-1].pattern.startswith("web/unhealed/")


async def test_what_is_closed_does_nothing(healed: Healed) -> None:
    await healed.keep("web", policy())
    healed.healer.close()

    await healed.find()

    assert healed.asked == []


async def test_a_definition_without_healing_is_healed_no_more(healed: Healed) -> None:
    await healed.keep("web", policy(after=60.0))
    await healed.find()

    await healed.keep("web")
    await healed.wait(3600.0)

    assert healed.asked == []


async def test_the_quiet_hour_is_learnt_from_the_history(healed: Healed) -> None:
    await healed.keep("web", policy(at="quiet"))
    now = healed.world.clock.now()
    used = [(now - 3600.0 * hour, 1.0 if hour == 24 else 50.0) for hour in range(1, 48)]
    healed.history = [[now, None, 0.0]]
    healed.history += [[at, cpu, 0.0] for at, cpu in used]

    await healed.find()

    assert healed.asked == [("restart", "web")]  # a day ago it did the least


async def test_a_service_without_a_history_is_healed_at_night(healed: Healed) -> None:
    await healed.keep("web", policy(at="quiet"))

    await healed.find()
    (held,) = healed.told(HealingHeld)
    assert held.reason == "hour"
    await healed.wait(86_400.0)

    assert healed.asked == [("restart", "web")]


@pytest.mark.parametrize(
    ("do", "asked"),
    [
        ("stop", [("stop", "web.1"), ("stop", "web.2")]),
        ("scale:4", [("scale", "web")]),
        ("run:dump", [("run", "web.1")]),
        ("reload", [("reload", "web.1"), ("reload", "web.2")]),
    ],
)
async def test_each_deed_is_a_verb(healed: Healed, do: str, asked: list[tuple[str, str]]) -> None:
    await healed.keep("web", policy(do=do), instances=2)

    await healed.find()

    assert healed.asked == asked
    healed.healer.close()
    for child in healed.world.spawner.running:
        child.exit(0)
    await settled()


async def test_somebody_who_begins_to_work_on_it_meanwhile_is_left_alone(healed: Healed) -> None:
    await healed.keep("web", policy(), instances=2)
    healed.gate.clear()
    await healed.find()

    with healed.healer.witness("stop", actor="ann", selection=Selection(names=("web",))):
        healed.gate.set()
        await settled()

    assert healed.asked == [("restart", "web.1")]
    (done,) = healed.told(HealingDone)
    assert (done.outcome, done.problem) == ("failed", "ann (stop) is at work on it")


async def test_a_busy_service_is_looked_at_until_it_is_calm(healed: Healed) -> None:
    await healed.keep("web", policy(below=0.5))
    child = healed.world.child()
    child.cpu_seconds = 1_000_000.0

    await healed.find()
    assert [each.reason for each in healed.told(HealingHeld)] == ["busy"]
    await healed.wait(120.0)

    assert healed.asked == [("restart", "web")]


async def test_what_is_removed_is_healed_no_more(healed: Healed) -> None:
    await healed.keep("web", policy(after=60.0))
    await healed.find()
    healed.manager.stop("web")
    healed.world.clock.forward()

    await healed.manager.uninstall("web")
    await healed.wait(3600.0)

    assert healed.asked == []
    assert (await healed.show())["wanted"] == []


async def test_a_past_that_cannot_be_read_is_no_end_of_an_agent(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeEventLog):
        def read(self, **_: Any) -> list[Recorded]:
            raise StateFault("events cannot be read")

    healed = Healed(world, Broken())
    healed.begin()
    await healed.keep("web", policy())
    await healed.find()

    assert healed.asked == [("restart", "web")]
    assert [each.message for each in caplog.records] == ["healing.past_unreadable"]
