"""Output that nobody takes: a full disk, a reader that is gone, a stream that was closed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.cli.output import Screen
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command

pytestmark = pytest.mark.slow

FULL = Path("/dev/full")
PROGRAM = (sys.executable, "-m", "svcctl")
COMMANDS = (("--version",), ("--help",), ("stop", "--help"), ("schema",))

needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs Linux: a device that is full")


@needs_full
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_full_disk_is_told_as_such(argv: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*PROGRAM, *argv], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.returncode == 1
    assert done.stderr.startswith("error[SVC-2000]: the output cannot be written: ")
    assert done.stderr.endswith("\nhint: is the disk full?\n")


@needs_full
def test_an_error_that_cannot_be_told_has_its_exit_status() -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "stats"], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )

    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.posix
@pytest.mark.parametrize("argv", COMMANDS, ids=" ".join)
def test_a_reader_that_was_never_there_is_no_error(argv: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PROGRAM, *argv], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.posix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("argv", "status"), [(("--help",), 0), (("stats",), 2)])
def test_a_stream_that_was_closed_is_not_missed(
    closed: str, argv: tuple[str, ...], status: int
) -> None:
    call = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, *argv]

    done = subprocess.run(call, capture_output=True, text=True, check=False)

    assert done.returncode == status
    assert "bug" not in done.stderr


def test_who_waits_no_longer_is_told_that_it_may_go_on() -> None:
    def interrupted(_session: Session, _asked: Asked) -> int:
        raise KeyboardInterrupt

    said = io.StringIO()
    session = Session(out=Screen(stream=io.StringIO()), err=Screen(stream=said))
    stop, look = verb_command("stop", interrupted), verb_command("logs", interrupted)

    for command in (stop, look):
        with (
            command.make_context(command.name, ["web"], obj=session) as context,
            pytest.raises(KeyboardInterrupt),
        ):
            command.invoke(context)

    assert said.getvalue() == "no longer waited for; what was begun may go on: svcctl status\n"
