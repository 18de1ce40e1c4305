"""Notices of programs: read from the socket they were told of."""

from __future__ import annotations

import array
import asyncio
import os
import pwd
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.contact import Notice
from svcctl.system.posix.notify import PosixNoticeBoard, parse_notice
from svcctl.system.posix.spawn import PosixSpawner

NAMES = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), min_size=1)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\n"))
SAY = """
import os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
    out.sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])
"""


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read(fields: dict[str, str]) -> None:
    message = "\n".join(f"{name}={value}" for name, value in fields.items())

    assert parse_notice(message.encode()) == fields


@given(st.binary())
def test_no_message_breaks_the_reader(message: bytes) -> None:
    assert all(name for name in parse_notice(message))


async def test_a_program_says_it_is_ready_and_we_know_which(
    spawner: PosixSpawner, kit: Any, tmp_path: Path
) -> None:
    heard = asyncio.get_running_loop().create_future()
    board = PosixNoticeBoard(str(tmp_path / "n"))
    address, cancel = board.listen("web", heard.set_result)
    launch = kit.python(SAY, "READY=1\nSTATUS=at work")
    launch.env["NOTIFY_SOCKET"] = address

    spawner.spawn(launch)

    expected = Notice(fields={"READY": "1", "STATUS": "at work"}, uid=os.geteuid())
    assert await heard == expected
    cancel()
    assert not os.path.exists(address)


@pytest.mark.needs_root
async def test_a_program_of_another_user_is_heard() -> None:
    folder = f"/run/svcctl-test-{os.getpid()}"
    heard = asyncio.get_running_loop().create_future()
    board = PosixNoticeBoard(folder)
    address, _ = board.listen("web", heard.set_result)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            out.sendto(b"READY=1", address)
        finally:
            os.seteuid(0)

    assert (await heard).fields == {"READY": "1"}
    board.close()
    os.rmdir(folder)


async def test_the_address_stays_the_same_for_a_new_board(tmp_path: Path) -> None:
    heard: list[Notice] = []
    first = PosixNoticeBoard(str(tmp_path))
    address, _ = first.listen("web", heard.append)  # an agent that was killed cancels nothing
    second = PosixNoticeBoard(str(tmp_path))

    again, cancel = second.listen("web", heard.append)
    other, _ = second.listen("web.2", heard.append)

    assert again == address != other
    cancel()
    second.close()
    first.close()


async def test_descriptors_that_come_along_are_closed(tmp_path: Path) -> None:
    heard = asyncio.get_running_loop().create_future()
    board = PosixNoticeBoard(str(tmp_path))
    address, _ = board.listen("web", heard.set_result)
    reader, writer = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [writer]))
        out.sendmsg([b"FDSTORE=1"], [rights], 0, address)
    os.close(writer)

    await heard

    assert os.read(reader, 1) == b""  # nobody holds the writing end
    os.close(reader)
    board.close()


async def test_a_message_that_is_too_long_is_dropped(tmp_path: Path) -> None:
    heard: list[Notice] = []
    done = asyncio.get_running_loop().create_future()
    board = PosixNoticeBoard(str(tmp_path))

    def call(notice: Notice) -> None:
        heard.append(notice)
        done.set_result(None)

    address, _ = board.listen("web", call)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"STATUS=" + b"x" * 70_000, address)
        out.sendto(b"READY=1", address)
    await done

    assert [each.fields for each in heard] == [{"READY": "1"}]
    board.close()
