"""One process at a time holds a lock, and none that is dead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from svcctl.errors import Conflict, SvcctlError
from svcctl.system.lock import agent_lock, lock

HOLDER = """
import os, sys
from svcctl.errors import Conflict
from svcctl.system.lock import lock
with lock(sys.argv[1], note="theirs", busy=Conflict):
    if "fork" in sys.argv:
        from_child, to_parent = os.pipe()
        if os.fork() == 0:
            os.write(to_parent, b"%d" % os.getpid())
            sys.stdin.read()
            os._exit(0)
        print(os.read(from_child, 20).decode(), flush=True)
    print("held", flush=True)
    sys.stdin.read()
"""


def busy(note: str) -> SvcctlError:
    return Conflict(f"held: {note}")


@contextmanager
def held(path: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold *path*, and kill it at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        while holder.stdout.readline().strip() != "held":
            assert holder.poll() is None
        try:
            yield holder
        finally:
            holder.kill()


def test_who_comes_second_reads_the_note_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "it"

    with (
        held(path),
        pytest.raises(Conflict, match="held: theirs"),
        lock(str(path), note="", busy=busy),
    ):
        pass


def test_the_death_of_the_holder_lets_go_of_it(tmp_path: Path) -> None:
    path = tmp_path / "it"
    with held(path):
        pass

    assert path.read_text() == "theirs"
    with lock(str(path), note="mine", busy=busy):
        assert path.read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs Linux or another system with fork()")
def test_a_child_that_was_forked_does_not_hold_it_on(tmp_path: Path) -> None:
    path = tmp_path / "it"
    with held(path, "fork") as holder:
        holder.kill()
        holder.wait()

        with lock(str(path), note="mine", busy=busy):
            assert path.read_text() == "mine"


def test_who_lives_but_knows_nothing_of_locks_is_respected(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_text("theirs")

    with (
        pytest.raises(Conflict, match="held: theirs"),
        lock(str(path), note="mine", busy=busy, stale=lambda note: note != "theirs"),
    ):
        pass

    assert path.read_text() == "theirs"


def test_within_one_process_it_is_held_once_too(tmp_path: Path) -> None:
    path = str(tmp_path / "it")

    with (
        lock(path, note="mine", busy=busy),
        pytest.raises(Conflict),
        lock(path, note="", busy=busy),
    ):
        pass


def test_a_lock_that_is_to_be_removed_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "it"

    with lock(str(path), note="mine", busy=busy, remove=True):
        assert path.exists()

    assert not path.exists()


@pytest.mark.posix
def test_who_opened_a_file_that_is_removed_meanwhile_opens_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from svcctl.system.posix import lock as posix

    path, opened = tmp_path / "it", 0

    def open_lock(name: str, *, mode: int) -> int:
        nonlocal opened
        opened += 1
        file = os.open(name, os.O_RDWR | os.O_CREAT, mode)
        if opened == 1:
            path.unlink()
        return file

    monkeypatch.setattr(posix, "open_lock", open_lock)

    with lock(str(path), note="mine", busy=busy):
        assert path.read_text() == "mine"
    assert opened == 2


def test_a_second_agent_is_told_who_the_first_one_is(tmp_path: Path) -> None:
    path = str(tmp_path / "agent.lock")

    with (
        agent_lock(path),
        pytest.raises(Conflict, match=rf"already runs here \(pid {os.getpid()}\)") as caught,
        agent_lock(path),
    ):
        pass

    assert "SVCCTL_HOME" in caught.value.hint
