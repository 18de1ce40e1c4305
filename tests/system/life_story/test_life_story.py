"""One service, one story of its life, told to everybody who can keep it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.flows.conftest import box
from tests.system.life_story.agent import under_an_agent
from tests.system.life_story.stage import Keeper, Place, Stage, until
from tests.system.life_story.systemd import Systemd, under_systemd
from tests.system.life_story.terminal import CTRL_BREAK, Terminal, at_a_terminal, ended
from tests.system.systemd.conftest import Host, clean, host

__all__ = ["box", "clean", "host"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SYSTEMD = pytest.param(
    "systemd", marks=[pytest.mark.needs_root, pytest.mark.xdist_group("systemd")]
)
EVERYBODY = ["terminal", "agent", SYSTEMD]
TWO_SIGNS = 6.0  # seconds, in which a life has said at least twice that it goes on
MANAGERS = ["agent", SYSTEMD]


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give the service, kept by whoever the test names."""
    made: AbstractContextManager[tuple[Place, Keeper]] = at_a_terminal(tmp_path)
    match request.param:
        case "agent":
            made = under_an_agent(tmp_path, request.getfixturevalue("box"))
        case "systemd":
            made = under_systemd(request.getfixturevalue("clean"))
    with made as (place, keeper):
        yield Stage(place, keeper)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Stage]:
    """Give the service at a terminal."""
    with at_a_terminal(tmp_path) as (place, keeper):
        yield Stage(place, keeper)


everybody = pytest.mark.parametrize("stage", EVERYBODY, indirect=True)
managers = pytest.mark.parametrize("stage", MANAGERS, indirect=True)


@everybody
def test_it_runs_once_it_has_said_so_and_not_before(stage: Stage) -> None:
    stage.keeper.start()
    stage.await_heard("opened outbox")
    stage.await_phase("starting")
    before = stage.place.heard()

    stage.place.tell("may-be-ready")
    stage.await_phase("running")

    assert "ready" not in before


@managers
def test_a_pause_is_its_own_and_it_goes_on_where_it_stood(stage: Stage) -> None:
    stage.run()

    stage.keeper.pause()
    stage.await_phase("paused")
    stage.place.tell("a.letter", "a.sent")
    stage.keeper.resume()
    stage.await_heard("sent a")

    assert stage.keeper.phase() == "running"
    assert stage.place.heard()[-4:] == ["pause", "resume", "sending a", "sent a"]


@everybody
def test_a_reload_reaches_its_hook_and_it_goes_on(stage: Stage) -> None:
    stage.run()

    stage.keeper.reload()
    stage.await_heard("reload")

    stage.place.tell("a.letter", "a.sent")
    stage.await_heard("sent a")
    assert stage.keeper.phase() == "running"


@everybody
def test_a_stop_is_told_at_once_and_finishes_what_is_under_way(stage: Stage) -> None:
    stage.run_at_work("a", "b")

    stage.keeper.stop()
    stage.await_phase("stopping")
    stage.await_heard("stop: stop")
    shown = until(stage.keeper.progress, what="progress is shown")
    stage.place.tell("b.sent")
    stage.await_heard("sent b")
    until(lambda: stage.keeper.progress() != shown, what="the progress shown changes")
    stage.place.tell("a.sent")
    stage.await_phase("stopped")

    assert stage.keeper.endings() == [0]
    assert stage.place.heard()[-4:] == ["sent b", "sent a", "closed outbox", "closed database"]


@everybody
def test_a_crash_lets_go_of_all_and_leaves_a_report(stage: Stage) -> None:
    stage.run()

    stage.place.tell("crash")
    stage.await_heard("closed database")

    until(stage.place.crash_reports, what="there is a report")
    (report,) = stage.place.crash_reports()
    assert "as told" in str(report)


@managers
def test_what_crashed_ended_with_70_and_is_started_anew(stage: Stage) -> None:
    stage.run()

    stage.place.tell("crash")
    stage.await_heard("ready", times=2)

    stage.await_phase("running")
    assert stage.keeper.endings() == [70]


@everybody
def test_a_bad_configuration_ends_with_78_and_is_not_tried_again(stage: Stage) -> None:
    stage.place.tell("misconfigured")

    stage.keeper.start()
    stage.await_phase("failed")

    assert stage.keeper.endings() == [78]
    assert stage.place.crash_reports() == []


# --- a person at a terminal

STOPPED = [CTRL_BREAK] if sys.platform == "win32" else [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", STOPPED, ids=lambda number: number.name)
def test_each_way_to_ask_for_an_end_is_understood(terminal: Stage, number: int) -> None:
    terminal.run()
    keeper = terminal.keeper
    assert isinstance(keeper, Terminal)

    keeper.send(number)

    assert ended(keeper) == 0
    assert keeper.lines()[0] == "mailer: starting"
    assert keeper.lines()[1] == "mailer: running"
    assert keeper.lines()[-1].startswith("mailer: stopped")


@pytest.mark.parametrize("number", STOPPED, ids=lambda number: number.name)
def test_who_asks_twice_is_in_a_hurry(terminal: Stage, number: int) -> None:
    terminal.run_at_work("a")
    keeper = terminal.keeper
    assert isinstance(keeper, Terminal)

    keeper.send(number)
    terminal.await_heard("stop: stop")
    keeper.send(number)
    ended(keeper)

    assert "sent a" not in terminal.place.heard()
    assert terminal.place.heard()[-2:] == ["closed outbox", "closed database"]


# --- systemd, which starts the file itself


@pytest.fixture
def systemd(clean: Host) -> Iterator[tuple[Stage, Systemd]]:
    """Give the service in the machine of systemd."""
    with under_systemd(clean) as (place, keeper):
        yield Stage(place, keeper), keeper


@pytest.mark.needs_root
@pytest.mark.xdist_group("systemd")
def test_nothing_stands_between_systemd_and_the_service(systemd: tuple[Stage, Systemd]) -> None:
    stage, keeper = systemd

    stage.run()

    (process,) = keeper.processes()
    assert process.endswith("/opt/mailer/mailer.py run")
    assert keeper.show("Type") in {"notify", "notify-reload"}
    assert keeper.show("NotifyAccess") == "main"
    assert keeper.show("WatchdogUSec") == "30s"
    assert keeper.show("StateDirectory") == "svcctl/services/mailer"
    assert keeper.show("Description") == "Sends mail."


@pytest.mark.needs_root
@pytest.mark.xdist_group("systemd")
def test_systemd_hears_of_a_reload_and_of_its_end(systemd: tuple[Stage, Systemd]) -> None:
    stage, keeper = systemd
    stage.run()
    stage.place.tell("reload-held")

    keeper.host.run("systemctl", "reload", "--no-block", "mailer.service")
    stage.await_heard("reload")
    during = keeper.show("ActiveState")
    stage.place.take_back("reload-held")
    until(lambda: keeper.show("ActiveState") == "active", what="the reload is over")

    assert during == "reloading"


@pytest.mark.needs_root
@pytest.mark.xdist_group("systemd")
def test_a_drain_that_takes_longer_than_its_limit_asks_for_more_time(
    systemd: tuple[Stage, Systemd],
) -> None:
    stage, keeper = systemd
    keeper.install("--set", "stop.timeout=1s")
    stage.place.tell("may-be-ready")
    keeper.ask("start")
    stage.place.tell("a.letter")
    stage.await_heard("sending a")

    keeper.stop()
    until(lambda: keeper.seconds_in_this_state() > TWO_SIGNS, what="more than its limit is over")
    during = keeper.show("ActiveState")
    stage.place.tell("a.sent")
    stage.await_phase("stopped")

    assert during == "deactivating"
    assert stage.place.heard()[-3:] == ["sent a", "closed outbox", "closed database"]
    assert keeper.endings() == [0]


@pytest.mark.needs_root
@pytest.mark.xdist_group("systemd")
def test_a_loop_that_hangs_is_noticed_and_started_anew(systemd: tuple[Stage, Systemd]) -> None:
    stage, keeper = systemd
    keeper.install("--set", 'health=[{heartbeat="1s"}]', "--set", "restart.delay=10ms")
    stage.place.tell("may-be-ready")
    keeper.ask("start")

    stage.place.tell("hang")
    stage.await_heard("hangs")
    stage.await_heard("ready", times=2)

    stage.await_phase("running")
    assert "watchdog" in keeper.journal()


@pytest.mark.needs_root
@pytest.mark.xdist_group("systemd")
def test_every_verb_of_its_own_file_works_and_leaves_nothing_but_its_state(
    systemd: tuple[Stage, Systemd],
) -> None:
    stage, keeper = systemd
    stage.place.tell("may-be-ready")
    keeper.install("--now", "--", "--log", "stdout")

    first = keeper.show("MainPID")
    keeper.ask("restart")
    keeper.ask("pause")
    paused = keeper.ask("status", status=3)
    keeper.ask("resume")
    keeper.ask("reload")
    logs = keeper.ask("logs")
    keeper.ask("stop")
    keeper.ask("uninstall", "--yes")

    assert keeper.show("LoadState") == "not-found"
    assert first != "0"
    assert "paused" in paused
    assert "letters.awaited" in logs
    assert keeper.host.traces("mailer") == ["/var/lib/svcctl/services/mailer"]
