from __future__ import annotations

from svcctl.cli.demo_report import Report, Story
from svcctl.events import Event, InstanceExited, MemoryExceeded, PhaseChanged, ProbeFailed


def phase(at: float, old: str, new: str) -> Event:
    return PhaseChanged(at=at, service="web", instance="web", old=old, new=new, reason="")


def exited(at: float, code: int) -> Event:
    return InstanceExited(
        at=at, service="web", instance="web", pid=1, code=code, signal=None, uptime=1.0
    )


def hung(at: float) -> Event:
    return ProbeFailed(
        at=at, service="web", instance="web", probe="http", purpose="live", problem="no answer"
    )


def told(*events: Event) -> Story:
    story = Story()
    for each in (phase(0.0, "starting", "running"), *events):
        story.take(each)
    return story


CRASH = (exited(1.0, 3), phase(1.0, "running", "backoff"))
BACK = (phase(1.2, "backoff", "starting"), phase(1.5, "starting", "running"))


def test_a_crash_is_healed_once_the_service_is_ready_again() -> None:
    story = told(*CRASH, *BACK)

    assert (story.healed("crash"), story.times()) == (1, (0.5, 0.5))
    assert story.is_healed(("web",))


def test_a_crash_that_is_not_over_is_not_healed() -> None:
    story = told(*CRASH)

    assert (story.healed("crash"), story.times()) == (0, None)
    assert not story.is_healed(("web",))
    assert not story.is_healed(())


def test_a_program_that_is_stopped_for_a_hang_has_not_crashed() -> None:
    story = told(hung(1.0), phase(1.0, "running", "stopping"), exited(1.1, 1), *BACK)

    assert (story.healed("hang"), story.healed("crash")) == (1, 0)


def test_too_much_memory_is_a_leak() -> None:
    leak = MemoryExceeded(
        at=1.0, service="web", instance="web", memory_bytes=2048, limit_bytes=1024
    )

    assert told(leak, phase(1.0, "running", "stopping"), *BACK).healed("leak") == 1


def test_an_end_in_order_is_no_crash() -> None:
    story = told(exited(1.0, 0), phase(1.0, "running", "finished"))

    assert story.incidents == []
    assert story.is_healed(("web",))


def test_what_happens_while_all_is_stopped_is_no_part_of_the_story() -> None:
    story = told()

    story.close(1.0)
    story.take(phase(1.1, "running", "stopped"))

    assert story.is_healed(("web",))


def test_the_report_says_who_was_not_healed() -> None:
    report = Report(story=told(*CRASH), services=("web",), kept=("web",), began=0.0, ended=2.0)

    assert report.healed is False
    assert report.lines()[-1] == "not healed: web"
    assert report.document()["crashes_healed"] == 0
