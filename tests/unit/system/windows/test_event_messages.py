"""What the Event Log is told: what an operator wants to know, once, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.events import (
    AgentStarted,
    AgentStopped,
    CapturePaused,
    CaptureResumed,
    Event,
    HookFailed,
    InstanceAdopted,
    InstanceExited,
    InstanceSpawned,
    LimitNotEnforced,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
    ProbePassed,
    ReloadDone,
    RunSkipped,
    SpecApplied,
    StatusReported,
    TreeKilled,
    kinds,
)
from svcctl.system.windows import event_messages as words
from svcctl.system.windows.event_messages import Message, Narrative, printable


def phase(old: str, new: str, reason: str = "") -> PhaseChanged:
    return PhaseChanged(at=1.0, service="web", instance="web", old=old, new=new, reason=reason)


def ended(code: int | None = None, signal: str | None = None) -> InstanceExited:
    return InstanceExited(
        at=1.0, service="web", instance="web", pid=4, code=code, signal=signal, uptime=1.0
    )


def probe_failed() -> ProbeFailed:
    return ProbeFailed(
        at=1.0, service="web", instance="web", probe="tcp 80", purpose="live", problem="refused"
    )


def probe_passed() -> ProbePassed:
    return ProbePassed(at=1.0, service="web", instance="web", probe="tcp 80", purpose="live")


def told(*events: Event) -> list[tuple[Message, tuple[str, ...]]]:
    narrative = Narrative()
    entries = [narrative.entry(event) for event in events]
    return [(each.message, each.strings) for each in entries if each]


@pytest.mark.parametrize(
    ("event", "message", "strings"),
    [
        (phase("stopped", "starting"), words.STARTING, ("web",)),
        (phase("starting", "running"), words.READY, ("web",)),
        (phase("stopping", "stopped", "asked"), words.STOPPED, ("web",)),
        (phase("running", "finished", "exit code 0"), words.FINISHED, ("web", "exit code 0")),
        (phase("pausing", "paused"), words.PAUSED, ("web",)),
        (phase("resuming", "running"), words.RESUMED, ("web",)),
        (phase("stopping", "starting"), words.RESTARTED, ("web",)),
        (phase("running", "backoff", "exit code 3"), words.CRASHED, ("web", "exit code 3")),
        (phase("running", "failed", "gave up"), words.FAILED, ("web", "gave up")),
        (probe_failed(), words.PROBE_FAILED, ("web", "tcp 80", "live", "refused")),
        (
            ReloadDone(at=1.0, service="web", instance="web", how="hook"),
            *(words.RELOADED, ("web", "hook")),
        ),
        (
            SpecApplied(at=1.0, service="web", change="changed", revision="ab12"),
            *(words.APPLIED, ("web", "changed", "ab12")),
        ),
        (
            HookFailed(at=1.0, service="web", instance="web", hook="pre_stop", problem="exit 1"),
            *(words.HOOK_FAILED, ("web", "pre_stop", "exit 1")),
        ),
        (
            MemoryExceeded(at=1.0, service="web", instance="web.2", memory_bytes=9, limit_bytes=8),
            *(words.MEMORY_EXCEEDED, ("web.2", "9", "8")),
        ),
        (
            LimitNotEnforced(at=1.0, service="web", instance="web", limit="cpu", problem="no"),
            *(words.NOT_ENFORCED, ("web", "cpu", "no")),
        ),
        (
            TreeKilled(at=1.0, service="web", instance="web", killed=("5 a.exe", "6 b.exe")),
            *(words.KILLED, ("web", "5 a.exe, 6 b.exe")),
        ),
        (RunSkipped(at=1.0, service="web", instance="web"), words.SKIPPED, ("web",)),
        (
            CapturePaused(at=1.0, service="web", instance="web", stream="stdout", problem="full"),
            *(words.OUTPUT_PAUSED, ("web", "stdout", "full")),
        ),
        (
            CaptureResumed(at=1.0, service="web", instance="web", stream="stdout"),
            *(words.OUTPUT_RESUMED, ("web", "stdout")),
        ),
        (AgentStarted(at=1.0, pid=3, adopted=0), words.AGENT_STARTED, ("",)),
        (AgentStopped(at=1.0, left_running=0), words.AGENT_STOPPED, ("",)),
    ],
    ids=lambda value: str(value.code) if isinstance(value, Message) else "",
)
def test_what_matters_is_told(event: Event, message: Message, strings: tuple[str, ...]) -> None:
    assert told(event) == [(message, strings)]


@pytest.mark.parametrize(
    "event",
    [
        InstanceSpawned(at=1.0, service="web", instance="web", pid=4),
        InstanceAdopted(at=1.0, service="web", instance="web", pid=4),
        StatusReported(at=1.0, service="web", instance="web", text="serving"),
        ended(code=0),
        probe_passed(),
        phase("running", "stopping", "asked"),
        phase("running", "pausing"),
        phase("paused", "resuming"),
        phase("backoff", "starting"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_is_only_on_the_way_is_not(event: Event) -> None:
    assert told(event) == []


def test_a_restart_at_once_tells_how_the_program_ended() -> None:
    found = told(ended(code=3), phase("running", "starting"))

    assert found == [(words.CRASHED_AT_ONCE, ("web", "exit code 3"))]


def test_a_crash_is_told_as_one_though_its_tree_is_swept_first() -> None:
    found = told(ended(signal="KILL"), phase("running", "stopping"), phase("stopping", "starting"))

    assert found == [(words.CRASHED_AT_ONCE, ("web", "ended by KILL"))]


def test_an_end_that_was_asked_for_is_no_crash() -> None:
    found = told(phase("running", "stopping"), ended(), phase("stopping", "starting"))

    assert found == [(words.RESTARTED, ("web",))]


def test_an_end_nobody_saw_is_told_as_that() -> None:
    assert told(ended(), phase("running", "starting")) == [
        (words.CRASHED_AT_ONCE, ("web", "nobody knows how"))
    ]


def test_a_probe_passes_again_once_it_had_failed() -> None:
    found = told(probe_passed(), probe_failed(), probe_passed(), probe_passed())

    assert [message for message, _ in found] == [words.PROBE_FAILED, words.PROBE_PASSED]


def test_a_restart_forgets_which_probes_failed() -> None:
    found = told(probe_failed(), phase("backoff", "starting"), probe_passed())

    assert [message for message, _ in found] == [words.PROBE_FAILED]


def test_there_is_an_event_for_every_message() -> None:
    assert {each.__name__ for each in kinds()} >= {each.__name__ for each in words._TOLD}


@given(st.text())
def test_a_string_leaves_no_place_of_its_own_and_no_end(text: str) -> None:
    shown = printable(text)

    assert "\0" not in shown
    assert not any(f"%{digit}" in shown for digit in range(10))
