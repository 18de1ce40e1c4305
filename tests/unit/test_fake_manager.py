"""The fake manager fails as the SCM does; what all managers do is in the contract."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.errors import Conflict
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.native import Recovery, RecoveryPolicy, RecoveryStep, WindowsOptions
from svcctl.spec.service import ServiceSpec
from svcctl.testing.manager import FakeManager


def keeping(recovery: RecoveryPolicy | None = None) -> FakeManager:
    """Give a manager whose service ``web`` runs."""
    manager = FakeManager()
    windows = WindowsOptions(recovery=recovery or RecoveryPolicy())
    document = canonical.dump(ServiceSpec(name="web", exec=("web",), windows=windows))
    asyncio.run(manager.install(Applied(name="web", spec=document, revision="1")))
    manager.start("web")
    manager.clock.forward()
    return manager


def phase(manager: FakeManager) -> str:
    return manager.find("web").phase


def fail(manager: FakeManager) -> str:
    """Crash it, and give what the manager then does."""
    manager.crash("web")
    found = phase(manager)
    manager.clock.forward(60.0)
    return found


def test_nothing_happens_before_the_clock_moves() -> None:
    manager = keeping()

    manager.stop("web")
    before = phase(manager)
    manager.clock.forward()

    assert (before, phase(manager)) == ("stopping", "stopped")


def test_the_steps_of_recovery_follow_each_other_and_the_last_repeats() -> None:
    steps = (
        RecoveryStep(do=Recovery.RESTART, delay=5.0),
        RecoveryStep(do=Recovery.RUN),
        RecoveryStep(do=Recovery.REBOOT),
    )
    manager = keeping(RecoveryPolicy(steps=steps, command="alarm.exe"))

    first = fail(manager)
    second = fail(manager)
    manager.start("web")
    third = fail(manager)
    manager.start("web")
    fourth = fail(manager)

    assert [first, second, third, fourth] == ["backoff", "failed", "failed", "failed"]
    assert (manager.ran, manager.reboots) == (["alarm.exe"], 2)
    assert manager.find("web").restarts == 1


def test_a_restart_comes_after_its_delay_and_not_before() -> None:
    steps = (RecoveryStep(do=Recovery.RESTART, delay=5.0),)
    manager = keeping(RecoveryPolicy(steps=steps))

    manager.crash("web")
    manager.clock.forward(4.9)
    before = phase(manager)
    manager.clock.forward(0.1)

    assert (before, phase(manager)) == ("backoff", "running")


def test_counting_begins_anew_after_a_time_without_failure() -> None:
    steps = (RecoveryStep(do=Recovery.RESTART, delay=0.0), RecoveryStep(do=Recovery.NONE))
    manager = keeping(RecoveryPolicy(steps=steps, reset=3600.0))

    first = fail(manager)
    manager.clock.forward(3600.0)
    later = fail(manager)
    soon = fail(manager)

    assert [first, later, soon] == ["backoff", "backoff", "failed"]


@pytest.mark.parametrize(("on_error", "expected"), [(True, "backoff"), (False, "failed")])
def test_an_end_with_an_error_is_a_failure_only_where_it_is_said_to_be(
    on_error: bool, expected: str
) -> None:
    manager = keeping(RecoveryPolicy(on_error=on_error))

    manager.end("web", 3)

    assert phase(manager) == expected
    assert manager.status(["web"])[0].exit_code == 3


def test_an_end_with_success_is_a_stop() -> None:
    manager = keeping()

    manager.end("web", 0)
    manager.clock.forward(60.0)

    assert phase(manager) == "stopped"


def test_a_service_that_failed_is_reset_and_counts_from_nothing() -> None:
    manager = keeping(RecoveryPolicy(steps=()))

    fail(manager)
    manager.reset("web")

    assert (phase(manager), manager.find("web").failures) == ("stopped", 0)


def test_only_what_runs_can_be_paused_or_reloaded() -> None:
    manager = keeping()
    manager.stop("web")
    manager.clock.forward()

    for verb in (manager.pause, manager.resume, manager.reload):
        with pytest.raises(Conflict, match="'web' is stopped"):
            verb("web")
