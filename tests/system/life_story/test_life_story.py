"""One service, one story of its life, told to everybody who can keep it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.flows.conftest import box
from tests.system.life_story.agent import under_an_agent
from tests.system.life_story.scm import ScmKeeper, on_wine, under_the_scm
from tests.system.life_story.stage import Keeper, Place, Stage, until
from tests.system.life_story.systemd import PACKAGES, Systemd, under_systemd
from tests.system.life_story.terminal import ENDS, Terminal, at_a_terminal, ended
from tests.system.systemd.conftest import Host, User, ann, clean, host
from tests.system.windows.conftest import raw_scm

__all__ = ["ann", "box", "clean", "host", "raw_scm"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ON_WINDOWS = sys.platform == "win32"
TWO_SIGNS = 6.0  # seconds, in which a life has said at least twice that it goes on

# where Windows' tests run there is no xdist to be told of groups
MACHINE = [] if ON_WINDOWS else [pytest.mark.needs_root, pytest.mark.xdist_group("systemd")]
SYSTEMD = pytest.param("systemd", marks=MACHINE)
MANAGERS = ["scm"] if ON_WINDOWS else ["agent", SYSTEMD]
EVERYBODY = ["terminal", *MANAGERS]

Test = Callable[..., None]


def on_systemd(test: Test) -> Test:
    """Mark a test that needs a machine of its own, with systemd."""
    for each in (pytest.mark.skipif(ON_WINDOWS, reason="needs Linux: systemd"), *MACHINE):
        test = each(test)
    return test


on_windows = pytest.mark.skipif(not ON_WINDOWS, reason="needs Windows: the SCM")


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Give the service, kept by whoever the test names."""
    made: AbstractContextManager[tuple[Place, Keeper]] = at_a_terminal(tmp_path)
    match request.param:
        case "agent":
            made = under_an_agent(tmp_path, request.getfixturevalue("box"))
        case "systemd":
            made = under_systemd(request.getfixturevalue("clean"))
        case "scm":
            raw, patch = request.getfixturevalue("raw_scm"), request.getfixturevalue("monkeypatch")
            made = under_the_scm(tmp_path, raw, patch)
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


@everybody
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

    assert until(stage.keeper.endings, what="its process ends") == [0]
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
    assert until(stage.keeper.endings, what="its process ends") == [70]
    if on_wine():
        pytest.skip("Wine cannot see that a service crashed, and runs no failure actions")

    stage.await_heard("ready", times=2)
    stage.await_phase("running")


@everybody
def test_a_restart_that_it_asks_for_lets_go_of_all_first(stage: Stage) -> None:
    stage.run()

    stage.place.tell("restart")
    stage.await_heard("closed database")
    if on_wine():
        assert until(stage.keeper.endings, what="its process ends") == [75]
        pytest.skip("Wine cannot see that a service crashed, and runs no failure actions")
    if not (ON_WINDOWS and isinstance(stage.keeper, Terminal)):  # where nobody starts it anew
        stage.await_heard("ready", times=2)
        stage.await_phase("running")


@everybody
def test_a_bad_configuration_ends_with_78_and_is_not_tried_again(stage: Stage) -> None:
    stage.place.tell("misconfigured")

    stage.keeper.start()
    stage.await_phase("failed")

    assert stage.keeper.endings() == [78]
    assert stage.place.crash_reports() == []


# --- a person at a terminal

every_way = pytest.mark.parametrize("way", ENDS)


@every_way
def test_each_way_to_ask_for_an_end_is_understood(terminal: Stage, way: str) -> None:
    if way == "ctrl-break" and on_wine():
        pytest.skip("Wine cannot deliver Ctrl-Break: see test_console_signals.py")
    terminal.run()
    keeper = terminal.keeper
    assert isinstance(keeper, Terminal)

    keeper.end(way)

    assert ended(keeper) == 0
    assert keeper.lines()[:2] == ["mailer: starting", "mailer: running"]
    assert keeper.lines()[-1].startswith("mailer: stopped")


@every_way
def test_who_asks_twice_is_in_a_hurry(terminal: Stage, way: str) -> None:
    if way == "ctrl-break" and on_wine():
        pytest.skip("Wine cannot deliver Ctrl-Break: see test_console_signals.py")
    terminal.run_at_work("a")
    keeper = terminal.keeper
    assert isinstance(keeper, Terminal)

    keeper.end(way)
    terminal.await_heard("stop: stop")
    keeper.end(way)
    ended(keeper)

    assert "sent a" not in terminal.place.heard()
    assert terminal.place.heard()[-2:] == ["closed outbox", "closed database"]


# --- systemd, which starts the file itself


@pytest.fixture
def systemd(clean: Host) -> Iterator[tuple[Stage, Systemd]]:
    """Give the service in the machine of systemd."""
    with under_systemd(clean) as (place, keeper):
        yield Stage(place, keeper), keeper


@on_systemd
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


@on_systemd
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


@on_systemd
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


@on_systemd
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


@on_systemd
def test_every_verb_of_its_own_file_works_and_leaves_nothing_but_its_state(
    systemd: tuple[Stage, Systemd],
) -> None:
    stage, keeper = systemd
    of_others = keeper.host.traces("mailer")
    stage.place.tell("may-be-ready")
    keeper.install("--now", "--", "--log", "stdout")

    first = keeper.show("MainPID")
    keeper.ask("pause")
    paused = keeper.ask("status", status=3)
    keeper.ask("resume")
    keeper.ask("reload")
    logs = keeper.ask("logs")
    followed = keeper.followed_over_a_restart("letters.awaited")
    keeper.ask("stop")
    keeper.ask("uninstall", "--yes")

    assert keeper.show("LoadState") == "not-found"
    assert first != "0"
    assert "paused" in paused
    assert "letters.awaited" in logs
    assert len(followed) == 2
    left = [each for each in keeper.host.traces("mailer") if each not in of_others]
    assert left == ["/var/lib/svcctl/services/mailer"]


@on_systemd
def test_a_service_with_an_account_of_its_own_is_asked_like_any_other(
    systemd: tuple[Stage, Systemd],
) -> None:
    stage, keeper = systemd
    keeper.host.sh("chmod 777 /opt/mailer")
    stage.place.tell("may-be-ready")
    keeper.install("--now", "--user", "daemon")

    keeper.ask("pause")
    paused = keeper.status()
    keeper.ask("resume")
    keeper.ask("reload")
    stage.place.tell("crash")
    stage.await_heard("ready", times=2)

    assert keeper.show("User") == "daemon"
    assert (paused["phase"], paused["ready"]) == ("paused", False)
    assert len(stage.place.crash_reports()) == 1


@on_systemd
def test_a_user_has_it_kept_by_a_systemd_of_their_own(
    systemd: tuple[Stage, Systemd], ann: User
) -> None:
    stage, keeper = systemd
    keeper.host.sh("chmod 777 /opt/mailer")
    stage.place.tell("may-be-ready")

    found = f"PYTHONPATH={PACKAGES}"

    def mailer(*words: str) -> str:
        line = f'cd /opt/mailer && {found} exec python3 mailer.py "$@"'
        return ann("sh", "-c", line, "sh", *words)

    mailer("install", "--scope", "user", "--now", "--env", found)
    mailer("pause")
    paused = mailer("status")
    mailer("resume")
    mailer("uninstall", "--yes")

    assert "paused" in paused
    assert stage.place.heard()[-1] == "closed database"


# --- the SCM, which starts the file itself


@pytest.fixture
def scm(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Stage, ScmKeeper]]:
    """Give the service as one of Windows."""
    raw = request.getfixturevalue("raw_scm")
    with under_the_scm(tmp_path, raw, monkeypatch) as (place, keeper):
        yield Stage(place, keeper), keeper


@on_windows
def test_nothing_stands_between_the_scm_and_the_service(scm: tuple[Stage, ScmKeeper]) -> None:
    stage, keeper = scm

    keeper.install("--set", "restart.max=2", "--", "--log", "stdout")

    config = keeper.database.read("mailer")
    assert config.command == keeper.command_line("run", "--log", "stdout")
    assert config.description == "Sends mail."
    assert [str(each.do) for each in config.failure_actions.steps] == ["restart", "restart", "none"]
    assert [each.delay for each in config.failure_actions.steps] == [1000, 2000, 0]
    assert not config.actions_on_error  # STOPPED with an error is final: a bad configuration
    assert config.preshutdown
    assert stage.place.heard() == []


@on_windows
def test_while_it_drains_the_scm_sees_progress_and_a_hint_of_how_long(
    scm: tuple[Stage, ScmKeeper],
) -> None:
    stage, keeper = scm
    stage.run_at_work("a")

    keeper.stop()
    first = keeper.status()
    until(lambda: keeper.status().checkpoint > first.checkpoint + 1, what="checkpoints grow")
    later = keeper.status()
    stage.place.tell("a.sent")
    stage.await_phase("stopped")

    assert (first.state, later.state) == (3, 3)
    assert later.wait_hint >= first.wait_hint > 0
    assert keeper.status().win32_exit_code == 0


@on_windows
def test_a_user_control_reaches_its_hook(scm: tuple[Stage, ScmKeeper]) -> None:
    stage, keeper = scm
    stage.run()

    assert keeper.raw.control("mailer", 200) == 0

    stage.await_heard("control 200")


@on_windows
def test_the_scm_is_told_that_the_configuration_is_bad(
    scm: tuple[Stage, ScmKeeper],
) -> None:
    stage, keeper = scm
    stage.place.tell("misconfigured")
    keeper.start()
    stage.await_phase("failed")
    status = keeper.status()

    assert (status.state, status.win32_exit_code, status.specific_code) == (1, 1066, 78)


@on_windows
def test_svcctl_does_every_verb_with_it_and_leaves_nothing_but_its_state(
    scm: tuple[Stage, ScmKeeper], capsys: pytest.CaptureFixture[str]
) -> None:
    stage, keeper = scm
    stage.place.tell("may-be-ready")
    keeper.install("--now", "--env", "GREETING=hello")
    keeper.take_hold()

    keeper.svcctl("pause", "mailer")
    keeper.svcctl("status", "mailer", status=3)
    paused = capsys.readouterr().out
    keeper.svcctl("resume", "mailer")
    keeper.svcctl("reload", "mailer")
    capsys.readouterr()
    keeper.svcctl("logs", "mailer")
    logs = capsys.readouterr().out
    keeper.svcctl("restart", "mailer")
    keeper.svcctl("stop", "mailer")
    keeper.svcctl("uninstall", "mailer", "--yes", "--logs")

    assert "paused" in paused
    assert "letters.awaited" in logs
    assert stage.place.heard().count("ready") == 2
    assert [each for each in stage.place.heard() if each in {"pause", "resume", "reload"}] == [
        "pause",
        "resume",
        "reload",
    ]
    assert not keeper.raw.exists("mailer")
