"""One file is opened to single users besides its owner, and closed again."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from svcctl.errors import SystemFault
from svcctl.system.posix.admitted import access_list
from svcctl.system.posix.local_socket import SocketDoor

RW = 6


def _has_lists(folder: Path) -> bool:
    probe = folder / "probe"
    probe.touch()
    try:
        os.setxattr(probe, "system.posix_acl_access", access_list(0o600, [1], may=RW))
    except OSError:
        return False
    return True


def test_a_list_is_the_mode_and_those_who_are_admitted_in_order() -> None:
    made = access_list(0o640, [998, 33, 998], may=RW)

    entries = [made[4 + at : 12 + at] for at in range(0, len(made) - 4, 8)]
    assert [int.from_bytes(each[:2], "little") for each in entries] == [1, 2, 2, 4, 16, 32]
    assert [int.from_bytes(each[2:4], "little") for each in entries] == [6, 6, 6, 4, 6, 0]
    assert [int.from_bytes(each[4:], "little") for each in entries][1:3] == [33, 998]


def test_a_door_is_opened_to_whom_it_admits_and_closed_again(tmp_path: Path) -> None:
    folder = tmp_path / "control"
    folder.mkdir(mode=0o700)
    address = str(folder / "agent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        os.chmod(address, 0o600)
        door = SocketDoor(listener, who_is=lambda _: "uid:0")
        if not _has_lists(tmp_path):
            with pytest.raises(SystemFault, match="cannot be opened to single users"):
                door.admit(["uid:998"])
            return

        door.admit(["uid:998", "uid:33"])

        assert os.getxattr(address, "system.posix_acl_access") == access_list(
            0o600, [33, 998], may=RW
        )
        assert os.getxattr(folder, "system.posix_acl_access") == access_list(
            0o700, [33, 998], may=1
        )
        door.admit([])
        assert "system.posix_acl_access" not in os.listxattr(address)
        assert stat.S_IMODE(os.stat(address).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
