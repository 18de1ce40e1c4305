"""What the manager is told of a service: every phase, and that it still lives while one passes."""

from __future__ import annotations

from svcctl.ports import HostPhase
from svcctl.sdk.phases import TOLD, Input, Phase
from svcctl.sdk.voice import Voice
from svcctl.testing.fakes import FakeClock


class Report:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[HostPhase, str, bool]] = []

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        self.told.append((phase, text, within > 0))

    def reloading(self, *, over: bool) -> None:
        del over


def speaking(clock: FakeClock, *waits_for: str) -> tuple[Voice, Report]:
    report = Report()
    voice = Voice(report, clock=clock, waits_for=lambda: waits_for, taken_for=TOLD.__getitem__)
    return voice, report


def test_a_phase_that_passes_is_told_again_until_it_is_over() -> None:
    clock = FakeClock()
    voice, report = speaking(clock)

    voice.tell()
    clock.forward(11.0)
    voice.move(Input.READY)
    clock.forward(60.0)

    passing = (HostPhase.STARTING, "starting", True)
    assert report.told == [passing, passing, passing, (HostPhase.RUNNING, "running", False)]


def test_who_drains_says_what_it_waits_for() -> None:
    voice, report = speaking(FakeClock(), "job mail", "2 orders")

    voice.move(Input.STOP)

    assert report.told[-1][1] == "draining: waiting for job mail, 2 orders"


def test_what_a_service_says_of_itself_comes_after_its_phase() -> None:
    voice, report = speaking(FakeClock())
    voice.move(Input.READY)

    voice.say("12 mails a second")

    assert report.told[-1] == (HostPhase.RUNNING, "running: 12 mails a second", False)


def test_a_step_that_leads_nowhere_is_answered_all_the_same() -> None:
    voice, report = speaking(FakeClock())

    moved = voice.move(Input.RESUME)

    assert not moved
    assert voice.phase is Phase.STARTING
    assert len(report.told) == 1
