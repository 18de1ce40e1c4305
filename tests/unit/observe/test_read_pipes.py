"""Output that a thread reads, for systems whose loops cannot wait for a pipe: nothing is lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from svcctl.engine.bus import LocalBus
from svcctl.observe.logs.archive import Packer
from svcctl.observe.logs.capture import Capture
from svcctl.observe.logs.files import pieces
from svcctl.observe.logs.read_pipe import ReadPipes
from svcctl.spec.policy import LogPolicy, Stderr
from svcctl.testing.fakes import FakeClock

LINES = 20_000


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30.0):
            await test()

    asyncio.run(within())


def capture(folder: Path, **policy: object) -> Capture:
    made = LogPolicy(compress=False, keep=100_000, stderr=Stderr.MERGE, **policy)  # type: ignore[arg-type]
    return Capture(
        "web",
        "web",
        folder=str(folder),
        inlets=ReadPipes(),
        policy=made,
        clock=FakeClock(),
        bus=LocalBus(),
        packer=Packer(),
    )


def said(folder: Path) -> bytes:
    """Give all that was captured, oldest first."""
    return b"".join(Path(each.path).read_bytes() for each in pieces(str(folder), "stdout"))


def test_what_is_written_under_load_is_captured_once_and_whole_through_rotations(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        sink = capture(tmp_path, max_size=40_000)
        writer = sink.writer("stdout")
        assert writer is not None
        wanted = b"".join(b"line %06d\n" % number for number in range(LINES))

        def write() -> None:
            with os.fdopen(writer, "wb") as file:
                file.write(wanted)

        thread = threading.Thread(target=write)
        thread.start()
        await asyncio.to_thread(thread.join)
        sink.drain()

        assert said(tmp_path) == wanted
        found = pieces(str(tmp_path), "stdout")
        assert len(found) > 2
        assert all(Path(each.path).read_bytes().endswith(b"\n") for each in found[:-1])
        sink.close()

    run(test)


def test_a_drain_brings_what_was_written_a_moment_before(tmp_path: Path) -> None:
    async def test() -> None:
        sink = capture(tmp_path)
        writer = sink.writer("stdout")
        assert writer is not None

        for number in range(50):
            os.write(writer, b"last words %d\n" % number)
            sink.drain()

            assert sink.tail(1) == [b"last words %d" % number]
        os.close(writer)
        sink.close()

    run(test)


def test_followers_get_lines_and_the_mark_of_a_drain_is_not_among_them(tmp_path: Path) -> None:
    async def test() -> None:
        sink = capture(tmp_path)
        heard: list[bytes] = []
        sink.follow(lambda _, lines: heard.extend(lines))
        writer = sink.writer("stdout")
        assert writer is not None

        os.write(writer, b"one\ntw")
        sink.drain()
        os.write(writer, b"o\n\x00\xff\n")
        sink.drain()

        assert b"".join(heard) == b"onetwo\x00\xff"
        assert said(tmp_path) == b"one\ntwo\n\x00\xff\n"
        os.close(writer)
        sink.close()

    run(test)


def test_a_program_waits_while_nobody_takes_what_it_wrote(tmp_path: Path) -> None:
    async def test() -> None:
        sink = capture(tmp_path)
        writer = sink.writer("stdout")
        assert writer is not None
        done = threading.Event()

        def write() -> None:
            with os.fdopen(writer, "wb", buffering=0) as file:
                for _ in range(64):
                    file.write(b"x" * 65_535 + b"\n")
            done.set()

        threading.Thread(target=write, daemon=True).start()
        held = not done.wait(0.2)  # 4 MiB: more than a pipe and a thread hold
        while not done.is_set():
            await asyncio.sleep(0.01)
        sink.drain()

        assert held
        assert len(said(tmp_path)) == 64 * 65_536
        sink.close()

    run(test)


@pytest.mark.parametrize("times", [1, 3])
def test_a_capture_that_was_closed_leaves_no_thread(tmp_path: Path, times: int) -> None:
    async def test() -> None:
        before = set(threading.enumerate())
        for _ in range(times):
            sink = capture(tmp_path)
            sink.close()
        new = set(threading.enumerate()) - before
        readers = [each for each in new if each.name.startswith("read-")]
        for each in readers:
            await asyncio.to_thread(each.join, 60.0)

        assert not any(each.is_alive() for each in readers)

    run(test)
