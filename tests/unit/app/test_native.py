"""The verbs on native services, over a manager that only remembers."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from svcctl.app.arguments import Arguments, check
from svcctl.app.goals import Goal
from svcctl.app.native import NativeServices
from svcctl.app.verbs import find
from svcctl.engine.journal import Entry
from svcctl.engine.life import Instance, Phase
from svcctl.errors import Conflict, SystemFault, TimedOut, UnknownService
from svcctl.ports import Act, Applied, InstanceStatus, ServiceManager
from svcctl.spec import canonical
from svcctl.spec.service import Manager, Need, ServiceSpec, Start


class Remembering:
    """A native manager whose services do at once, or with *lingers* a look later, as asked."""

    def __init__(self) -> None:
        self.services: dict[str, Applied] = {}
        self.phases: dict[str, str] = {}
        self.next_phases: dict[str, list[str]] = {}
        self.pids: dict[str, int] = {}
        self.enabled: dict[str, bool] = {}
        self.refuses: set[str] = set()
        self.told: list[str] = []
        self.looks: list[list[str]] = []
        self.settled = 0

    def names(self) -> list[str]:
        return sorted(self.services)

    def query(self, name: str) -> Applied:
        try:
            return self.services[name]
        except KeyError:
            raise UnknownService(f"no service {name!r}") from None

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        self.looks.append(list(names))
        return [self._status(name) for name in self.looks[-1]]

    def _status(self, name: str) -> InstanceStatus:
        waiting = self.next_phases.get(name)
        if waiting:
            self.phases[name], self.pids[name] = waiting.pop(0), self.pids.get(name, 0) + 1
        phase = self.phases[name]
        return InstanceStatus(
            service=name,
            instance=name,
            phase=phase,
            ready=phase == "running",
            live=None,
            pid=self.pids.get(name, 7) if phase in {"running", "paused", "starting"} else None,
            started_at=None,
            restarts=0,
            exit_code=None,
            exit_signal=None,
            manager="systemd",
            spec_revision=self.services[name].revision,
            applied=True,
            enabled=self.enabled.get(name, True),
            cpu=None,
            memory_bytes=None,
            processes=None,
            reason="exit code 3" if phase == "failed" else "",
            status_text="",
            next_at=None,
            groups=(),
            labels={},
            description="",
        )

    async def settle(self) -> None:
        self.settled += 1

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        text = canonical.text(applied.spec)
        known = self.services.get(applied.name)
        before = canonical.text(known.spec) if known else None
        if text == before:
            return ()
        return (Act(kind="write", target=f"/etc/{applied.name}", text=text, before=before),)

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        return (Act(kind="delete", target=f"/etc/{name}"),)

    async def install(self, applied: Applied) -> None:
        if applied.name in self.refuses:
            raise SystemFault(f"no room for {applied.name!r}", hint="make room")
        self.services[applied.name] = applied
        self.phases[applied.name] = "stopped"

    async def uninstall(self, name: str) -> None:
        if self.phases[name] != "stopped":
            raise Conflict(f"service {name!r} still runs")
        del self.services[name]

    async def configure(self, applied: Applied) -> str:
        self.services[applied.name] = applied
        return "updated"

    def _do(self, verb: str, name: str, phase: str) -> None:
        self.told.append(f"{verb} {name}")
        if name not in self.next_phases:
            self.phases[name] = phase

    def start(self, name: str) -> None:
        self._do("start", name, "running")

    def stop(self, name: str) -> None:
        self._do("stop", name, "stopped")

    def restart(self, name: str) -> None:
        self._do("restart", name, "running")

    def pause(self, name: str) -> None:
        self._do("pause", name, "paused")

    def resume(self, name: str) -> None:
        self._do("resume", name, "running")

    def reload(self, name: str) -> None:
        self._do("reload", name, "running")

    def reset(self, name: str) -> None:
        self._do("reset", name, "stopped" if self.phases[name] == "failed" else self.phases[name])

    def signal(self, name: str, signal: str) -> None:
        self.told.append(f"signal {name} {signal}")

    async def enable(self, name: str, *, enabled: bool) -> None:
        self.enabled[name] = enabled


class Kept:
    """What is kept natively: all by one manager."""

    def __init__(self, manager: Remembering) -> None:
        self.manager = manager
        self.other = Remembering()

    def names(self) -> list[str]:
        return sorted([*self.manager.names(), *self.other.names()])

    def manager_of(self, name: str) -> ServiceManager:
        return self.other if name in self.other.services else self.manager

    def manager_for(self, spec: ServiceSpec) -> ServiceManager | None:
        return None if spec.manager is Manager.AGENT else self.manager

    def manager_name(self, spec: ServiceSpec) -> str:
        return "agent" if spec.manager is Manager.AGENT else "systemd"


class Box:
    """The verbs, and the manager behind them."""

    def __init__(self) -> None:
        self.manager = Remembering()
        self.kept = Kept(self.manager)
        self.forgotten: list[str] = []
        self.seen: dict[str, dict[str, Entry]] = {}
        self.agents_own: set[str] = set()
        self.on_disk: dict[tuple[str, ...], dict[str, Any]] = {}
        self.services = NativeServices(
            self.kept,
            tail=lambda *_: [b"last words"],
            forget_logs=self.forgotten.append,
            last_seen=lambda name: self.seen.get(name, {}),
            reread=lambda paths: self.on_disk[tuple(paths)],
            agents_own=lambda: self.agents_own,
        )

    def apply(self, *specs: ServiceSpec, **args: object) -> dict[str, list[dict[str, object]]]:
        documents = [
            {"name": each.name, "spec": canonical.dump(each), "origins": {}, "sources": {}}
            for each in specs
        ]
        return self.services.apply(arguments("apply", services=documents, **args))  # type: ignore[return-value]


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr("svcctl.app.native_standing.PROVING", 0.0)
    return Box()


def arguments(verb: str, **given: object) -> Arguments:
    known = find(verb)
    assert known is not None
    return check(known, given)


def spec(name: str = "web", **changes: object) -> ServiceSpec:
    return replace(ServiceSpec(name=name, exec=(name,)), **changes)  # type: ignore[arg-type]


def test_a_new_service_is_installed_and_started(box: Box) -> None:
    found = box.apply(spec())

    assert [(each["change"], each["action"]) for each in found["plan"]] == [("created", "start")]
    assert [(each["ok"], each["phase"]) for each in found["outcomes"]] == [(True, "running")]
    assert box.manager.settled == 1


def test_what_the_files_say_now_is_compared_with_what_was_applied(box: Box) -> None:
    document = {"name": "web", "spec": canonical.dump(spec()), "sources": {"/srv/web.toml": "0"}}
    box.services.apply(arguments("apply", services=[document]))
    box.on_disk["/srv/web.toml",] = {"web": (canonical.dump(spec(exec=("other",))), {})}

    (found,) = box.services.drift(["web"])

    assert (found["state"], found["files"]) == ("changed", ["/srv/web.toml"])


@pytest.mark.parametrize("look", ["status", "show", "tree"])
def test_a_manager_is_asked_once_however_many_services_are_looked_at(box: Box, look: str) -> None:
    box.apply(*(spec(name) for name in ("cache", "db", "web")))
    box.manager.looks.clear()

    getattr(box.services, look)(["cache", "db", "web"])

    assert box.manager.looks == [["cache", "db", "web"]]


def test_a_dry_run_shows_every_act_and_does_none(box: Box) -> None:
    found = box.apply(spec(), dry_run=True)

    (planned,) = found["plan"]
    assert planned["acts"] == [
        {
            "kind": "write",
            "target": "/etc/web",
            "text": canonical.text(canonical.dump(spec())),
            "before": None,
        }
    ]
    assert box.manager.services == {}


def test_what_is_installed_again_is_unchanged(box: Box) -> None:
    box.apply(spec())
    box.manager.told.clear()

    found = box.apply(spec())

    assert [(each["change"], each["action"]) for each in found["plan"]] == [("unchanged", "none")]
    assert box.manager.told == []


def test_a_change_that_a_running_program_must_see_restarts_it(box: Box) -> None:
    box.apply(spec())

    found = box.apply(spec(env={"A": "1"}))

    assert [(each["change"], each["action"]) for each in found["plan"]] == [("changed", "restart")]
    assert box.manager.told[-1] == "restart web"


def test_a_change_that_concerns_the_manager_only_restarts_nothing(box: Box) -> None:
    box.apply(spec())
    box.manager.told.clear()

    found = box.apply(spec(description="the web"))

    assert [(each["change"], each["action"]) for each in found["plan"]] == [("changed", "update")]
    assert box.manager.told == []


@pytest.mark.parametrize("start", [Start.MANUAL, Start.DISABLED])
def test_what_does_not_start_by_itself_is_installed_only(box: Box, start: Start) -> None:
    found = box.apply(spec(start=start))

    assert found["plan"][0]["action"] == "none"
    assert box.manager.told == []


def test_who_asks_for_it_starts_nothing(box: Box) -> None:
    box.apply(spec(), no_start=True)

    assert box.manager.phases == {"web": "stopped"}


def test_one_that_cannot_be_installed_does_not_keep_the_others_from_it(box: Box) -> None:
    box.manager.refuses.add("db")

    found = box.apply(spec("db"), spec("web"))

    assert [(each["service"], each["ok"]) for each in found["outcomes"]] == [
        ("db", False),
        ("web", True),
    ]
    assert found["outcomes"][0]["problem"] == "no room for 'db'"


def test_a_service_does_not_change_its_manager_by_the_way(box: Box) -> None:
    box.kept.other.services["web"] = Applied(name="web", spec=canonical.dump(spec()), revision="")

    with pytest.raises(Conflict, match="'web' is kept by another manager"):
        box.apply(spec())


def test_a_start_is_waited_for_until_the_service_is_ready(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["stopped", "starting", "running"]

    (found,) = box.services.start(["web"], arguments("start"))

    assert (found["ok"], found["phase"]) == (True, "running")


def test_a_start_that_fails_gives_the_reason_and_the_last_lines(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("svcctl.app.native_standing._BEGINNING", 0.0)
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["starting", "failed"]

    (found,) = box.services.start(["web"], arguments("start"))

    assert not found["ok"]
    assert found["problem"] == "exit code 3"
    assert found["lines"] == ["last words"]


def test_a_program_that_merely_starts_must_survive_a_moment(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["running", "backoff"]

    (found,) = box.services.start(["web"], arguments("start"))

    assert (found["ok"], found["phase"]) == (False, "backoff")


@pytest.mark.parametrize("between", ["running", "starting"])
def test_a_program_that_was_started_anew_meanwhile_has_to_survive_it_again(
    box: Box, between: str
) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["running", between, "failed"]

    (found,) = box.services.start(["web"], arguments("start"))

    assert (found["ok"], found["phase"]) == (False, "failed")


def test_who_waits_only_so_long_is_told_what_is_missing(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["starting"] * 100

    with pytest.raises(TimedOut, match=r"not within 0.2s: web \(up\)"):
        box.services.start(["web"], arguments("start", timeout=0.2))


def test_who_does_not_wait_is_told_how_it_stands(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["starting"] * 3

    (found,) = box.services.start(["web"], arguments("start", no_wait=True))

    assert (found["ok"], found["phase"]) == (True, "starting")


@pytest.mark.parametrize(
    ("verb", "phase"), [("stop", "stopped"), ("restart", "running"), ("pause", "paused")]
)
def test_every_verb_reaches_its_phase(box: Box, verb: str, phase: str) -> None:
    box.apply(spec())

    (found,) = getattr(box.services, verb)(["web"], arguments(verb))

    assert (found["ok"], found["phase"]) == (True, phase)
    assert box.manager.told[-1] == f"{verb} web"


def test_what_the_agent_keeps_cannot_be_needed_and_nothing_is_installed(box: Box) -> None:
    box.agents_own = {"db"}

    with pytest.raises(Conflict, match="'web' needs 'db', which is kept by the agent") as refused:
        box.apply(spec(needs={"db": Need.READY}), spec("cache"))

    assert "svcctl uninstall db, then: svcctl install db web" in refused.value.hint
    assert box.manager.names() == []


def test_what_is_kept_natively_or_comes_along_can_be_needed(box: Box) -> None:
    box.agents_own = {"db"}
    box.apply(spec("db"))

    found = box.apply(spec(needs={"db": Need.READY, "cache": Need.READY}), spec("cache"))

    assert [each["change"] for each in found["plan"]] == ["created", "created"]


def test_what_is_needed_is_stopped_and_removed_after_those_that_need_it(box: Box) -> None:
    box.apply(spec("db"), spec("web", needs={"db": Need.READY}))
    box.manager.told.clear()

    box.services.stop(["db", "web"], arguments("stop"))
    removed = box.services.remove(["db", "web"], arguments("remove"))

    assert box.manager.told[:2] == ["stop web", "stop db"]
    assert [each["service"] for each in removed["outcomes"]] == ["web", "db"]  # type: ignore[attr-defined]


def test_what_is_paused_goes_on(box: Box) -> None:
    box.apply(spec())
    box.services.pause(["web"], arguments("pause"))

    (found,) = box.services.resume(["web"], arguments("resume"))

    assert (found["ok"], found["phase"]) == (True, "running")


def test_what_does_not_run_cannot_be_reloaded(box: Box) -> None:
    box.apply(spec(), no_start=True)

    with pytest.raises(Conflict, match="'web' is stopped: only what runs can be reloaded"):
        box.services.reload(["web"], arguments("reload"))


def test_a_reset_starts_what_gave_up_and_nothing_else(box: Box) -> None:
    box.apply(spec(), spec("db"), no_start=True)
    box.manager.phases["web"] = "failed"

    found = box.services.reset(["db", "web"], arguments("reset"))

    assert {each["service"]: each["phase"] for each in found} == {"web": "running", "db": "stopped"}
    assert box.manager.told == ["reset db", "reset web", "start web"]


def test_a_signal_goes_to_the_manager_by_its_short_name(box: Box) -> None:
    box.apply(spec())

    box.services.kill(["web"], arguments("kill", signal="sigusr1"))

    assert box.manager.told[-1] == "signal web USR1"


def test_enable_and_disable_are_remembered(box: Box) -> None:
    box.apply(spec())

    box.services.disable(["web"], arguments("disable"))
    shown = box.services.show(["web"])[0]["enabled"]
    box.services.enable(["web"], arguments("enable"))

    assert not shown
    assert box.manager.enabled == {"web": True}


def test_a_removal_stops_first_and_says_what_it_removed(box: Box) -> None:
    box.apply(spec())

    found = box.services.remove(["web"], arguments("remove", logs=True))

    assert found["plan"] == [
        {
            "service": "web",
            "change": "removed",
            "action": "stop",
            "changes": [],
            "acts": [{"kind": "delete", "target": "/etc/web", "text": "", "before": None}],
        }
    ]
    assert box.manager.services == {}
    assert box.forgotten == ["web"]


def test_a_removal_that_is_only_looked_at_removes_nothing(box: Box) -> None:
    box.apply(spec())

    box.services.remove(["web"], arguments("remove", dry_run=True))

    assert box.manager.phases == {"web": "running"}


def test_one_can_wait_for_a_condition(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.manager.next_phases["web"] = ["stopped", "running"]

    (found,) = box.services.wait(["web"], arguments("wait"), Goal.READY)

    assert found["ok"]


def test_the_tree_has_needs_and_phases(box: Box) -> None:
    box.apply(spec("db"), spec(after=("db",)))

    found = box.services.tree(["db", "web"])

    assert found == {
        "services": {
            "db": {"needs": {}, "after": [], "phase": "running"},
            "web": {"needs": {}, "after": ["db"], "phase": "running"},
        }
    }


def ended_well(name: str, *, started_at: float) -> dict[str, Entry]:
    state = Instance(phase=Phase.FINISHED, reason="exit code 0")
    entry = Entry(service=name, number=1, state=state, exit_code=0, started_at=started_at)
    return {name: entry}


def test_what_ended_well_is_finished_though_its_manager_calls_it_stopped(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.seen["web"] = ended_well("web", started_at=1.0)

    (status,) = box.services.status(["web"])

    assert (status.phase, status.exit_code, status.reason) == ("finished", 0, "exit code 0")


def test_a_start_is_not_taken_for_done_because_the_last_one_ended_well(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.seen["web"] = ended_well("web", started_at=1.0)
    box.manager.next_phases["web"] = ["stopped", "stopped", "running"]

    (outcome,) = box.services.start(["web"], arguments("start"))

    assert outcome["phase"] == "running"
    assert box.manager.next_phases["web"] == []


def test_a_start_of_what_soon_ends_well_is_done(box: Box) -> None:
    box.apply(spec(), no_start=True)
    box.seen["web"] = ended_well("web", started_at=time.time() + 60.0)
    box.manager.next_phases["web"] = ["stopped"] * 3

    (outcome,) = box.services.start(["web"], arguments("start"))

    assert (outcome["phase"], outcome["ok"]) == ("finished", True)
