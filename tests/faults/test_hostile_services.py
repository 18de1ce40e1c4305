"""Services that resist: whatever they do, they are stopped, heard and told apart."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from svcctl.observe.logs.files import instance_folder
from tests.faults.lines import lines, until_said
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import alive, until

HOSTILE = Path(__file__).parent / "programs" / "hostile.py"
SYSTEM_PYTHON = Path("/usr/bin/python3")  # other users may run it, wherever ours lies
TASKS = 30


def service(way: str, *args: object, options: str = "") -> str:
    """Give the definition of a service that behaves in that *way*, called ``it``."""
    return definition([sys.executable, str(HOSTILE), way, *map(str, args)], options)


def definition(argv: Iterable[str], options: str) -> str:
    return (
        f"[services.it]\nexec = {json.dumps(list(argv))}\nrestart.max = 0\n"
        f'restart.delay = "20ms"\nrestart.factor = 1\nstop.timeout = "300ms"\n{options}\n'
    )


def take(trial: Trial, text: str) -> None:
    """Apply it whatever becomes of the service: it may end before it is looked at."""
    path = trial.box.write(text)
    assert trial.box.cli("apply", str(path), "--yes").status in {0, 1, 8}


def kinds(trial: Trial) -> list[str]:
    return [each["kind"] for each in trial.events("it")]


def assert_nothing_is_left(trial: Trial, pids: Iterable[int] = ()) -> None:
    assert trial.standing()["it"]["phase"] == "stopped"
    assert list(trial.processes()) == []
    assert [pid for pid in pids if alive(pid)] == []


@pytest.mark.parametrize(("way", "word", "times"), [("deaf", b"deaf", 2), ("away", b"away", 2)])
def test_who_ignores_every_signal_or_leaves_its_group_is_killed_with_all_its_children(
    trial: Trial, way: str, word: bytes, times: int
) -> None:
    take(trial, service(way))
    said = until_said(trial, "it", word, times=times)
    pids = [int(line.split()[1]) for line in said]
    assert all(alive(pid) for pid in pids)

    trial.ask("stop", "it")

    assert_nothing_is_left(trial, pids)
    assert "TreeKilled" in kinds(trial)


def test_a_daemon_that_forked_twice_and_cleared_its_environment_is_found(trial: Trial) -> None:
    seen = trial.home / "seen"
    take(trial, service("daemon", seen))
    until(lambda: trial.pids().get("it"), what="the agent has seen the program")
    seen.touch()
    (said,) = until_said(trial, "it", b"daemon")
    pid = int(said.split()[1])
    until(lambda: trial.standing()["it"]["processes"] == 2, what="the agent knows of the daemon")

    trial.ask("stop", "it")

    assert_nothing_is_left(trial, [pid])


def test_a_service_that_closes_its_output_runs_on_and_costs_nothing(trial: Trial) -> None:
    take(trial, service("shut"))
    until_said(trial, "it", b"last words")

    found = trial.standing()["it"]

    assert (found["phase"], found["restarts"]) == ("running", 0)
    assert lines(trial, "it") == [b"last words"]


def test_a_service_that_replaces_its_output_is_heard_until_then(trial: Trial) -> None:
    target = trial.home / "elsewhere"
    take(trial, service("replace", target))

    until(lambda: target.exists() and target.read_bytes(), what="it writes elsewhere")

    assert lines(trial, "it") == [b"to the pipe"]
    assert target.read_bytes() == b"to the file\n"


def test_a_line_without_an_end_is_kept_whole_and_the_agent_small(
    trial: Trial, effort: Effort
) -> None:
    size = effort.of(1_000_000_000, bounded=40_000_000)
    before = _resident(trial.agent.pid)
    take(trial, service("endless-line", size, options='log = { max_size = "8MiB", keep = 1000 }'))

    until(lambda: lines(trial, "it", last=1) == [b"after the line"], within=300, what="its end")

    assert _captured(trial) == size + len(b"\nafter the line\n")
    assert _resident(trial.agent.pid) < before + 8 * 2**20


def test_bytes_that_are_no_text_come_through_as_they_are(trial: Trial) -> None:
    take(trial, service("garbage"))
    until_said(trial, "it", b"after")

    found = lines(trial, "it")

    every_byte = bytes(range(256)).replace(b"\n", b"")
    assert found[:-1] == [b"before", every_byte, b"\0\0\0", b"\xff\xfe\xc3\x28", b"\x1b[2J"]
    assert trial.box.ok("logs", "it", "-o", "jsonl").out.count("\n") == len(found)


def test_who_ends_at_once_for_ever_is_kept_waiting_and_keeps_nobody_waiting(
    trial: Trial, effort: Effort
) -> None:
    take(trial, service("gone", 1))
    rounds = effort.of(2_000, bounded=20)

    until(lambda: trial.standing()["it"]["restarts"] >= rounds, within=300, what="many restarts")

    trial.ask("stop", "it")
    assert_nothing_is_left(trial)
    ended = [each for each in trial.events("it") if each["kind"] == "InstanceExited"]
    assert len(ended) >= min(rounds, 100)
    assert {each["fields"]["code"] for each in ended if not each["fields"]["signal"]} == {1}


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a service as somebody else")
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="needs a Python of the system")
def test_a_fork_bomb_is_held_by_its_limit_and_ended_to_the_last_process(trial: Trial) -> None:
    argv = [str(SYSTEM_PYTHON), "-c", HOSTILE.read_text(), "bomb"]
    options = f'user = "nobody"\ncwd = "/"\nlimits.rlimit.nproc = {TASKS}'
    take(trial, definition(argv, options))
    until_said(trial, "it", b"refused", times=2)
    assert TASKS / 2 <= trial.standing()["it"]["processes"] <= TASKS

    trial.ask("stop", "it")

    assert_nothing_is_left(trial)


def test_who_leaves_somebody_with_the_pipe_behind_is_restarted_without_him(trial: Trial) -> None:
    take(trial, service("holds-pipe"))

    until_said(trial, "it", b"leaving", times=3)

    trial.ask("stop", "it")
    assert_nothing_is_left(trial)
    assert kinds(trial).count("TreeKilled") >= 2


def test_who_stops_itself_is_stopped_for_good(trial: Trial) -> None:
    take(trial, service("stops-itself"))
    until_said(trial, "it", b"standing still")

    trial.ask("stop", "it")

    assert_nothing_is_left(trial)


def _captured(trial: Trial) -> int:
    """The bytes captured so far, packed pieces unpacked."""
    folder = Path(instance_folder(trial.paths.logs, "it", "it"))
    names = {path.with_name(path.name.removesuffix(".gz")) for path in folder.glob("stdout.log*")}
    total = 0
    for path in names:
        if path.suffix in {".idx", ".part"}:
            continue
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            with gzip.open(f"{path}.gz") as packed:
                total += sum(map(len, iter(lambda: packed.read(1 << 20), b"")))
    return total


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
