"""The named pipe an agent is asked through: who serves it, who may ask, and how long that takes."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import Conflict, Denied, NotAvailable
from svcctl.system.windows import door as door_of_pipe
from svcctl.system.windows import pipe_client, pipes
from svcctl.system.windows.door import PipeDoor
from svcctl.system.windows.pipe_client import PipeConnection
from svcctl.system.windows.security import descriptor_of, own_sid, pipe_sddl, protect_pipe
from svcctl.system.windows.winapi import INVALID_HANDLE
from tests.system.windows import waiting

STRANGER = "S-1-5-21-1-2-3-1002"


@pytest.fixture
def address() -> str:
    return rf"\\.\pipe\svcctl-test-{os.urandom(6).hex()}"


@pytest.fixture
def lock_file(tmp_path: Path) -> str:
    path = tmp_path / "agent.lock"
    path.write_text("1\n")
    return str(path)


async def echo(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who_is: Callable[[], str]
) -> None:
    """Say who asks, then say again whatever is said."""
    try:
        while line := await reader.readline():
            writer.write(who_is().encode() + b" " + line)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


@asynccontextmanager
async def open_door(address: str) -> AsyncIterator[PipeDoor]:
    door = PipeDoor(address)
    try:
        await door.open(echo, limit=1 << 24)
        yield door
    finally:
        door.close()


def ask(
    address: str, lock: str, content: bytes, *, timeout: float | None = waiting.PATIENCE
) -> bytes:
    connection = PipeConnection(address, timeout, lock=lock)
    try:
        connection.send(content)
        return next(connection.lines(), b"")
    finally:
        connection.close()


def test_who_asks_is_told_by_the_account(address: str, lock_file: str) -> None:
    async def test() -> None:
        async with open_door(address):
            answer = await asyncio.to_thread(ask, address, lock_file, b"hello\n")

        assert answer == f"sid:{own_sid()} hello\n".encode()

    waiting.run(test())


def test_a_long_line_goes_there_and_back(address: str, lock_file: str) -> None:
    async def test() -> None:
        long = b"x" * 3_000_000 + b"\n"
        async with open_door(address):
            answer = await asyncio.to_thread(ask, address, lock_file, long)

        assert answer.endswith(b" " + long)

    waiting.run(test())


def test_twenty_ask_at_once_and_all_are_answered(address: str, lock_file: str) -> None:
    async def test() -> None:
        async with open_door(address):
            asking = [
                asyncio.to_thread(ask, address, lock_file, b"%d\n" % number) for number in range(20)
            ]
            answers = await asyncio.gather(*asking)

        assert [int(each.split()[-1]) for each in answers] == list(range(20))

    waiting.run(test())


def test_askers_who_go_away_at_once_leave_the_door_open(address: str, lock_file: str) -> None:
    async def test() -> None:
        async with open_door(address):
            for _ in range(30):
                await asyncio.to_thread(
                    lambda: PipeConnection(address, waiting.PATIENCE, lock=lock_file).close()
                )
            answer = await asyncio.to_thread(ask, address, lock_file, b"still there\n")

        assert answer.endswith(b"still there\n")

    waiting.run(test())


def test_an_answer_that_does_not_come_is_given_up(address: str, lock_file: str) -> None:
    async def test() -> None:
        async with open_door(address):
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(ask, address, lock_file, b"no line end", timeout=0.05)

    waiting.run(test())


@pytest.mark.parametrize("code", [5, 231])
def test_an_address_that_is_served_already_is_a_conflict(
    address: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Wine gives a pipe a second first end: so what Windows answers is put in its mouth."""

    class Taken:
        def CreateNamedPipeW(self, *_arguments: Any) -> Any:  # noqa: N802
            ctypes.set_last_error(code)
            return INVALID_HANDLE

    monkeypatch.setattr(pipes, "_calls", Taken)

    async def test() -> None:
        with pytest.raises(Conflict, match="serves"):
            PipeDoor(address)

    waiting.run(test())


def test_only_the_account_itself_administrators_and_the_system_are_let_in(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wine lets everyone in all the same: what is asked of Windows is what counts."""
    asked: list[tuple[str, int, int]] = []

    class Recorded:
        def __getattr__(self, name: str) -> Any:
            return getattr(calls, name)

        def CreateNamedPipeW(self, *arguments: Any) -> Any:  # noqa: N802
            asked.append(arguments[:3])
            return calls.CreateNamedPipeW(*arguments)

    calls = pipes._calls()
    monkeypatch.setattr(pipes, "_calls", Recorded)
    seen: list[str] = []

    def recorded(sddl: str) -> Any:
        seen.append(sddl)
        return descriptor_of(sddl)

    monkeypatch.setattr(pipes, "descriptor_of", recorded)

    async def test() -> None:
        async with open_door(address):
            pass

    waiting.run(test())

    first, reject_remote, duplex_overlapped = 0x0008_0000, 0x8, 0x4000_0003
    can_be_protected_anew = 0x0004_0000
    mode = duplex_overlapped | can_be_protected_anew | first
    assert asked == [(address, mode, reject_remote)]
    assert seen == [pipe_sddl(own_sid())]
    assert seen == [f"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{own_sid()})"]


def test_who_is_admitted_may_converse_and_not_serve_the_pipe_itself(
    address: str, lock_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pipe says is read back; Wine lets everyone in whatever it says."""
    seen: list[str] = []

    def recorded(handle: int, sddl: str) -> None:
        seen.append(sddl)
        protect_pipe(handle, sddl)

    monkeypatch.setattr(pipes, "protect_pipe", recorded)

    async def test() -> None:
        async with open_door(address) as door:
            door.admit([f"sid:{STRANGER}", f"sid:{own_sid()}"])
            answer = await asyncio.to_thread(ask, address, lock_file, b"hello\n")
            door.admit([])

        assert answer == f"sid:{own_sid()} hello\n".encode()

    waiting.run(test())

    read_write_and_no_instance_of_it = 0x0012_018B
    assert not read_write_and_no_instance_of_it & 0x4  # FILE_CREATE_PIPE_INSTANCE
    assert seen == [
        f"{pipe_sddl(own_sid())}(A;;{read_write_and_no_instance_of_it:#x};;;{STRANGER})",
        pipe_sddl(own_sid()),
    ]


def test_an_account_of_another_system_cannot_be_admitted(address: str) -> None:
    async def test() -> None:
        async with open_door(address) as door:
            with pytest.raises(NotAvailable, match="'uid:998' cannot be let in"):
                door.admit(["uid:998"])

    waiting.run(test())


def test_who_hides_its_account_is_refused_where_not_all_are_equal(
    address: str, lock_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_of_pipe, "open_process", lambda *_: None)
    refused: list[str] = []

    async def greet(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who_is: Callable[[], str]
    ) -> None:
        try:
            await reader.readline()
            refused.append(who_is())
        except Denied as error:
            refused.append(error.problem)
        finally:
            writer.close()

    async def test() -> None:
        door = PipeDoor(address)
        await door.open(greet, limit=1 << 16)
        with contextlib.closing(door):
            await asyncio.to_thread(ask, address, lock_file, b"hello\n")
            door.admit([f"sid:{STRANGER}"])
            await asyncio.to_thread(ask, address, lock_file, b"hello\n")

    waiting.run(test())

    assert refused[0] == f"pid:{os.getpid()}"
    assert refused[1].startswith(f"nobody knows who process {os.getpid()} is")


def test_a_pipe_that_a_stranger_serves_is_not_spoken_to(
    address: str, lock_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe_client, "owner_of_pipe", lambda _handle: STRANGER)

    async def test() -> None:
        async with open_door(address):
            with pytest.raises(PermissionError, match=STRANGER):
                await asyncio.to_thread(ask, address, lock_file, b"a secret\n")

    waiting.run(test())


def test_an_agent_of_another_account_is_known_by_the_lock_it_made(
    address: str, lock_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe_client, "owner_of_pipe", lambda _handle: STRANGER)
    monkeypatch.setattr(pipe_client, "owner_of", {lock_file: STRANGER}.__getitem__)

    async def test() -> None:
        async with open_door(address):
            answer = await asyncio.to_thread(ask, address, lock_file, b"hello\n")

        assert answer.endswith(b"hello\n")

    waiting.run(test())


def test_whoever_serves_cannot_act_as_the_asker(
    address: str, lock_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags: list[int] = []
    api = pipe_client._api()

    class Recorded:
        def __getattr__(self, name: str) -> Any:
            return getattr(api, name)

        def CreateFile(self, *arguments: Any) -> Any:  # noqa: N802
            flags.append(arguments[5])
            return api.CreateFile(*arguments)

    monkeypatch.setattr(pipe_client, "_api", Recorded)

    async def test() -> None:
        async with open_door(address):
            await asyncio.to_thread(ask, address, lock_file, b"hello\n")

    waiting.run(test())

    present_and_identification_only = 0x0010_0000 | 0x0001_0000
    assert flags[0] & 0x001F_0000 == present_and_identification_only


@pytest.mark.slow
def test_a_wait_without_limit_ends_at_ctrl_c(address: str, lock_file: str) -> None:
    from svcctl.system.windows.console import CTRL_C, send_console_event

    code = f"""
from svcctl.system.windows.pipe_client import PipeConnection
asker = PipeConnection({address!r}, None, lock={lock_file!r})
try:
    print("asking", flush=True)
    next(asker.lines())
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    asker.close()
"""

    async def test() -> None:
        async with open_door(address):
            asker = subprocess.Popen(
                [sys.executable, "-c", code],
                stdout=subprocess.PIPE,
                text=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            with asker:
                assert asker.stdout is not None
                await asyncio.to_thread(asker.stdout.readline)
                send_console_event(CTRL_C, [asker.pid])
                said = await asyncio.to_thread(asker.stdout.read)

        assert said.strip() == "interrupted"

    waiting.run(test())


def test_nothing_is_left_running_by_a_closed_door(address: str) -> None:
    before = set(threading.enumerate())

    async def test() -> None:
        async with open_door(address):
            await asyncio.sleep(0)

    waiting.run(test())

    assert not [each for each in set(threading.enumerate()) - before if not each.daemon]
