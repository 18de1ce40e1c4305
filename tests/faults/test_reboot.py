"""Another boot, or another process with a pid we know: nothing is wrongly adopted or killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.invariants import Invariants
from tests.faults.trial import AGENT, Effort, Trial
from tests.flows.conftest import PATIENCE, until

SAME_PID = Path(__file__).parent / "programs" / "same_pid.py"
BUSY = 75
BOOT = """
mount --bind "$1" /proc/sys/kernel/random/boot_id || exit 1
n=0
while [ $n -lt "$2" ]; do
    env -i STRANGER="$1" sleep 1000 &
    n=$((n + 1))
done
shift 2
"$@" &
wait $!
"""


@pytest.fixture(autouse=True, scope="module")
def may_make_namespaces() -> None:
    """Skip where chosen pids, and machines of their own, are not to be had."""
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False)
    if os.geteuid() != 0 or tried.returncode != 0:
        pytest.skip("needs root that may make namespaces")


@dataclass
class Machine:
    """A machine of its own, as far as pids and the name of the boot go; an agent comes with it."""

    trial: Trial
    boots: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def boot(self, *, strangers: int = 0) -> dict[str, Any]:
        """Switch it on, with as many strangers on the first pids; give what its agent says."""
        name = self.trial.home / f"boot-{len(self.boots)}"
        name.write_text(f"00000000-0000-0000-0000-{len(self.boots):012}\n")
        argv = ["sh", "-c", BOOT, "boot", str(name), str(strangers), *AGENT]
        space = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", *argv]
        self.boots.append(
            subprocess.Popen(space, env=self.trial.box.environ(), cwd=self.trial.home)
        )
        found: dict[str, Any] = until(self.trial.about, what="the agent answers")
        return found

    def cut_power(self) -> None:
        """End everything at once."""
        self.boots[-1].kill()
        self.boots[-1].wait(PATIENCE)
        until(lambda: not list(self.trial.processes()), what="all is dark")

    def strangers(self) -> set[int]:
        """Give the strangers that live."""
        mark = f"STRANGER={self.trial.home}".encode()
        return {
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _environ(folder).startswith(mark)
        }


def _environ(folder: Path) -> bytes:
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def machine(trial: Trial) -> Iterator[Machine]:
    """A machine that is switched off."""
    trial.kill_agent()
    made = Machine(trial)
    yield made
    if made.boots and made.boots[-1].poll() is None:
        made.cut_power()


@pytest.mark.parametrize("run_folder", ["emptied", "kept"])
def test_after_a_reboot_nothing_is_adopted_and_no_stranger_is_touched(
    machine: Machine, invariants: Invariants, run_folder: str
) -> None:
    trial = machine.trial
    machine.boot()
    trial.apply_counting("one", "two")
    trial.ask_and_remember("stop", "two")
    known = set(trial.pids().values())
    machine.cut_power()
    if run_folder == "emptied":
        shutil.rmtree(trial.paths.run)

    about = machine.boot(strangers=40)
    strangers = machine.strangers()
    trial.wanted["two"] = "running"  # a boot starts all that is enabled
    invariants.every_acknowledged_verb_holds()
    trial.ask("restart", "one")
    trial.ask("stop", "two")

    assert about["adopted"] == 0
    assert known <= set(range(2, 42)), "each pid that was known is a stranger's now"
    assert len(strangers) == 40
    assert machine.strangers() == strangers
    invariants.no_instance_ran_twice()
    invariants.every_line_is_there_once(tails=False)
    invariants.state_is_sound()


def test_a_reboot_in_the_midst_of_anything_leaves_no_instance_behind(
    machine: Machine, invariants: Invariants, effort: Effort
) -> None:
    trial = machine.trial
    machine.boot()
    trial.apply_counting("one", "two", options='hook.pre_start = [["true"]]')

    for _ in range(effort.of(30, bounded=2)):
        for name in ("one", "two"):
            trial.ask(trial.chance.choice(("stop", "start", "restart")), name, no_wait=True)
        trial.let_it_work(0.05)
        machine.cut_power()
        machine.boot(strangers=trial.chance.randint(0, 20))
        trial.wanted = {"one": "running", "two": "running"}
        invariants.every_acknowledged_verb_holds()

    invariants.no_instance_ran_twice()
    invariants.every_line_is_there_once(tails=False)
    invariants.state_is_sound()


def test_a_stranger_with_the_pid_of_a_program_is_neither_adopted_nor_killed(
    trial: Trial, invariants: Invariants
) -> None:
    trial.apply_counting("one")
    pid = trial.pids()["one"]
    trial.kill_agent()
    os.kill(pid, signal.SIGKILL)
    stranger = _start_stranger(trial, pid)

    about = trial.start_agent()
    invariants.every_acknowledged_verb_holds()
    trial.ask("restart", "one")
    trial.ask("stop", "one")

    assert about["adopted"] == 0
    assert stranger.is_there()


@dataclass(frozen=True)
class Stranger:
    """A process that is none of ours."""

    pid: int

    def is_there(self) -> bool:
        found = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        return found == b"sleep\x001234\x00"


def _start_stranger(trial: Trial, pid: int) -> Stranger:
    """Start a process with *pid*, as soon as that is free; it ends with the trial."""
    argv = [sys.executable, str(SAME_PID), str(pid), "sleep", "1234"]

    def started() -> bool:
        ran = subprocess.run(argv, env=trial.box.environ(), check=False)
        assert ran.returncode in {0, BUSY}
        return ran.returncode == 0

    until(started, what=f"pid {pid} is free")
    stranger = Stranger(pid)
    until(stranger.is_there, what="the stranger runs")
    return stranger
