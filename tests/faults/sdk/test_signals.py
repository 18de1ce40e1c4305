"""Signals at any time, in any number: one end, in order, and all that was open is closed."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.faults.sdk.running import Running, running
from tests.faults.trial import Effort

SOME = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


def all_closed(service: Running) -> None:
    """Assert that what was opened was closed once, the newest first."""
    opened = [each.split()[1] for each in service.noted if each.startswith("open")]
    closed = [each.split()[1] for each in service.noted if each.startswith("close")]
    assert closed == opened[::-1]
    assert "Traceback" not in service.said


def test_signals_at_any_time_end_it_once_and_in_order(
    tmp_path: Path, chance: random.Random, effort: Effort
) -> None:
    for number in range(effort.of(200, bounded=5)):
        seed = str(chance.randrange(1000))
        with running(tmp_path / str(number), "signalled.py", seed, "0.05") as service:
            service.until_said("starting")
            time.sleep(chance.random() * 0.2)  # a signal comes at no instant of ours
            service.send(signal.SIGTERM)
            while service.lives:
                service.send(chance.choice(SOME))
                time.sleep(chance.random() * 0.02)
            status = service.ended()

        assert status == 0, service.said
        all_closed(service)
        assert sum(each.startswith("goodbye") for each in service.noted) <= 1


def test_a_stop_before_it_is_ready_closes_what_was_opened(tmp_path: Path) -> None:
    with running(tmp_path, "signalled.py", "1", "0.5") as service:
        service.until_noted("open a")
        status = service.stopped()

    assert status == 0
    assert "goodbye stop" in service.noted
    all_closed(service)


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_cuts_what_is_under_way(tmp_path: Path, first: signal.Signals) -> None:
    with running(tmp_path, "signalled.py", "2", "0.01", "hangs") as service:
        service.until_noted("hangs")
        service.send(first)
        service.until_noted("goodbye stop")
        status = service.stopped()

    assert status == 0
    assert service.unfinished == ["run"]
    all_closed(service)


def test_signals_while_it_closes_change_nothing_any_more(tmp_path: Path) -> None:
    with running(tmp_path, "signalled.py", "3", "0.3") as service:
        service.until_noted("ready")
        service.send(signal.SIGTERM)
        service.until(lambda: "close c" in service.noted, "the first is closed")
        while service.lives:
            service.send(signal.SIGTERM)
            time.sleep(0.001)
        status = service.ended()

    assert status == 0
    all_closed(service)


def test_a_stop_is_heard_however_often_it_runs_itself_anew(
    tmp_path: Path, chance: random.Random, effort: Effort
) -> None:
    for number in range(effort.of(100, bounded=3)):
        with running(tmp_path / str(number), "again.py") as service:
            service.until_noted("began")
            time.sleep(chance.random())
            service.send(signal.SIGTERM)
            status = service.ended()

        assert status in {0, -signal.SIGTERM}, service.said
        assert "Traceback" not in service.said
