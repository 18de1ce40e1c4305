"""When checks are made, and what silence and log lines mean; time is a fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from svcctl.contact import Notice
from svcctl.engine.probes.sources import Heartbeat, LogMatch, Poll
from svcctl.ports import Cancel
from svcctl.testing.fakes import FakeClock, FakeSink

Turns = Callable[[], Awaitable[None]]


class Checks:
    """A check whose answers a test gives, and the moments it was made."""

    def __init__(self, clock: FakeClock, *answers: str, last: str = "") -> None:
        self.at: list[float] = []
        self._clock, self._answers, self._last = clock, list(answers), last

    async def __call__(self) -> str:
        self.at.append(round(self._clock.monotonic() - 1000.0, 3))
        return self._answers.pop(0) if self._answers else self._last


async def pass_time(clock: FakeClock, turns: Turns, seconds: float) -> None:
    """Go forward in steps small enough for checks to be made and answered in between."""
    until = clock.monotonic() + seconds
    await turns()
    while (at := clock.next_at) is not None and at <= until:
        clock.forward(at - clock.monotonic())
        await turns()
    clock.forward(until - clock.monotonic())


async def test_an_eager_poll_looks_often_until_the_first_success(turns: Turns) -> None:
    clock = FakeClock()
    check = Checks(clock, "no", "no", "no", "no", "")
    told: list[str] = []
    poll = Poll(check, clock=clock, interval=10.0, limit=3.0, eager=True)

    poll.start(told.append)
    await pass_time(clock, turns, 25.0)
    poll.stop()

    assert check.at == [0.0, 0.05, 0.15, 0.35, 0.75, 10.75, 20.75]
    assert told == ["no", "no", "no", "no", "", "", ""]


async def test_an_eager_poll_is_never_slower_than_its_interval(turns: Turns) -> None:
    clock = FakeClock()
    check = Checks(clock, last="no")
    poll = Poll(check, clock=clock, interval=0.1, limit=3.0, eager=True)

    poll.start(lambda _: None)
    await pass_time(clock, turns, 0.4)
    poll.stop()

    assert check.at == [0.0, 0.05, 0.15, 0.25, 0.35]


async def test_a_patient_poll_begins_after_its_delay(turns: Turns) -> None:
    clock = FakeClock()
    check = Checks(clock, last="no")
    poll = Poll(check, clock=clock, interval=10.0, limit=3.0, delay=4.0)

    poll.start(lambda _: None)
    await pass_time(clock, turns, 30.0)
    poll.stop()

    assert check.at == [4.0, 14.0, 24.0]


async def test_a_check_that_takes_too_long_has_failed_and_is_given_up(turns: Turns) -> None:
    clock = FakeClock()
    cancelled: list[bool] = []
    told: list[str] = []

    async def hang() -> str:
        never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        try:
            return await never
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    poll = Poll(hang, clock=clock, interval=10.0, limit=3.0)
    poll.start(told.append)
    await pass_time(clock, turns, 2.9)
    assert told == []

    await pass_time(clock, turns, 14.0)

    assert told == ["no answer within 3s"] * 2
    assert cancelled == [True, True]
    poll.stop()
    await turns()
    assert len(asyncio.all_tasks()) == 1


async def test_a_check_that_cannot_be_given_up_goes_on_failing_alone(turns: Turns) -> None:
    clock = FakeClock()
    killed = asyncio.Event()
    begun: list[bool] = []
    told: list[str] = []

    async def stuck() -> str:
        begun.append(True)
        while not killed.is_set():
            try:
                await killed.wait()
            except asyncio.CancelledError:
                continue
        return ""

    poll = Poll(stuck, clock=clock, interval=10.0, limit=3.0)
    poll.start(told.append)
    await pass_time(clock, turns, 30.0)
    assert (told, begun) == (["no answer within 3s"] * 3, [True])

    killed.set()
    await pass_time(clock, turns, 4.0)
    poll.stop()

    assert told == ["no answer within 3s"] * 3 + [""]


async def test_an_answer_that_comes_as_time_is_up_is_not_told_as_well(turns: Turns) -> None:
    clock = FakeClock()
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    told: list[str] = []

    async def check() -> str:
        return await asyncio.shield(answer)

    poll = Poll(check, clock=clock, interval=10.0, limit=3.0)
    poll.start(told.append)
    await pass_time(clock, turns, 1.0)

    answer.set_result("")
    clock.forward(2.0)
    await turns()
    poll.stop()

    assert told == ["no answer within 3s"]


async def test_a_check_that_raises_has_failed(turns: Turns) -> None:
    clock = FakeClock()
    told: list[str] = []

    async def broken() -> str:
        raise RuntimeError("oh")

    poll = Poll(broken, clock=clock, interval=10.0, limit=3.0)
    poll.start(told.append)
    await pass_time(clock, turns, 0.0)
    poll.stop()

    assert told == ["RuntimeError: oh"]


async def test_a_poll_that_is_stopped_tells_nothing_more(turns: Turns) -> None:
    clock = FakeClock()
    told: list[str] = []
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def check() -> str:
        return await answer

    poll = Poll(check, clock=clock, interval=10.0, limit=3.0)
    poll.start(told.append)
    await pass_time(clock, turns, 0.0)

    poll.stop()
    await pass_time(clock, turns, 100.0)

    assert told == []
    assert clock.next_at is None
    assert len(asyncio.all_tasks()) == 1


async def test_who_is_told_may_stop_the_poll(turns: Turns) -> None:
    clock = FakeClock()
    poll = Poll(Checks(clock), clock=clock, interval=10.0, limit=3.0)

    poll.start(lambda _: poll.stop())
    await pass_time(clock, turns, 100.0)

    assert clock.next_at is None


class Voice:
    """What a program says of itself."""

    def __init__(self) -> None:
        self.hearers: list[Callable[[Notice], None]] = []

    def hear(self, hearer: Callable[[Notice], None]) -> Cancel:
        self.hearers.append(hearer)
        return lambda: self.hearers.remove(hearer)

    def say(self, **fields: str) -> None:
        for hearer in tuple(self.hearers):
            hearer(Notice(fields=fields))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def heartbeat(clock: FakeClock, voice: Voice, told: list[str]) -> Heartbeat:
    """Give one that expects a beat every 5 seconds, and the first within 8."""
    made = Heartbeat(5.0, clock=clock, hear=voice.hear, patience=8.0)
    made.start(told.append)
    return made


def test_a_heart_that_beats_in_time_is_well(
    clock: FakeClock, voice: Voice, told: list[str], heartbeat: Heartbeat
) -> None:
    clock.forward(7.9)
    for _ in range(3):
        voice.say(WATCHDOG="1")
        clock.forward(4.9)

    assert told == ["", "", ""]
    heartbeat.stop()


@pytest.mark.parametrize(("beats", "problem"), [(0, "no heartbeat for 8s"), (1, "for 5s")])
@pytest.mark.usefixtures("heartbeat")
def test_silence_is_told_once(
    clock: FakeClock, voice: Voice, told: list[str], beats: int, problem: str
) -> None:
    for _ in range(beats):
        voice.say(WATCHDOG="1")
    clock.forward(100.0)

    assert len(told) == beats + 1
    assert told[-1].endswith(problem)


@pytest.mark.usefixtures("heartbeat")
def test_a_beat_after_silence_is_a_new_beginning(
    clock: FakeClock, voice: Voice, told: list[str]
) -> None:
    clock.forward(20.0)
    voice.say(WATCHDOG="1")
    clock.forward(5.0)

    assert told == ["no heartbeat for 8s", "", "no heartbeat for 5s"]


@pytest.mark.usefixtures("heartbeat")
def test_silence_while_everything_stood_still_is_excused_once(
    clock: FakeClock, voice: Voice, told: list[str]
) -> None:
    voice.say(WATCHDOG="1")

    clock.stand_still(3600.0)
    clock.forward(4.9)
    assert told == [""]
    clock.stand_still(3600.0)
    clock.forward()

    assert told == ["", "no heartbeat for 5s"]


@pytest.mark.usefixtures("heartbeat")
def test_a_program_can_call_for_help(voice: Voice, told: list[str]) -> None:
    voice.say(WATCHDOG="trigger")

    assert told == ["the program reported itself as failed"]


def test_a_program_can_change_the_length(
    clock: FakeClock, voice: Voice, told: list[str], heartbeat: Heartbeat
) -> None:
    voice.say(WATCHDOG_USEC="20000000")
    clock.forward(19.9)
    assert told == []

    clock.forward(0.1)

    assert told == ["no heartbeat for 20s"]
    heartbeat.stop()


@pytest.mark.parametrize("never", ["0", "18446744073709551615"])
@pytest.mark.usefixtures("heartbeat")
def test_a_program_can_end_the_watch(
    clock: FakeClock, voice: Voice, told: list[str], never: str
) -> None:
    voice.say(WATCHDOG="1", WATCHDOG_USEC=never)
    clock.forward(1000.0)

    assert told == [""]


@pytest.mark.parametrize("nonsense", ["", "-1", "²", "5s", "9" * 400])
@pytest.mark.usefixtures("heartbeat")
def test_a_length_that_is_none_changes_nothing(
    clock: FakeClock, voice: Voice, told: list[str], nonsense: str
) -> None:
    voice.say(WATCHDOG_USEC=nonsense, STATUS="fine")
    clock.forward(8.0)

    assert told == ["no heartbeat for 8s"]


def test_a_watch_that_ended_hears_and_tells_nothing(
    clock: FakeClock, voice: Voice, told: list[str], heartbeat: Heartbeat
) -> None:
    heartbeat.stop()

    assert voice.hearers == []
    clock.forward(100.0)
    assert told == []


def test_a_matching_line_passes() -> None:
    sink, told = FakeSink(), list[str]()
    match = LogMatch(r"listening on \d+", sink=sink, fatal=False)

    match.start(told.append)
    sink.log("starting", "listening on nothing")
    sink.log("listening on 80", "listening on 81", stream="stderr")

    assert told == [""]


def test_a_fatal_line_fails_and_is_shown_as_far_as_it_helps() -> None:
    sink, told = FakeSink(), list[str]()
    match = LogMatch("PANIC", sink=sink, fatal=True)

    match.start(told.append)
    sink.log("PANIC: " + "x" * 1000)

    assert told == ["logged: PANIC: " + "x" * 193]


def test_a_match_that_was_stopped_reads_no_more() -> None:
    sink, told = FakeSink(), list[str]()
    match = LogMatch("PANIC", sink=sink, fatal=True)
    match.start(told.append)

    match.stop()
    sink.log("PANIC")

    assert told == []
