"""The local API's door: who finds it, and who may come in."""

from __future__ import annotations

import os
import pwd
import socket
import stat
from pathlib import Path

import pytest

from svcctl.errors import Conflict, Denied, SystemFault, UsageError
from svcctl.system.paths import private_folder
from svcctl.system.posix.local_socket import Peer, listen, may_connect, peer

NOBODY = pwd.getpwnam("nobody")


def mode_of(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def call(path: str) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX)
    caller.connect(path)
    return caller


def test_a_caller_is_known_by_the_kernel(tmp_path: Path) -> None:
    path = str(tmp_path / "control" / "agent.sock")

    with listen(path) as door, call(path):
        door.setblocking(True)
        connection, _ = door.accept()
        with connection:
            who = peer(connection)

    assert who == Peer(pid=os.getpid(), uid=os.geteuid(), gid=os.getegid())


def test_the_door_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "control" / "agent.sock"

    with listen(str(path)):
        assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)


@pytest.mark.needs_root
def test_the_door_is_open_to_a_group(tmp_path: Path) -> None:
    path = tmp_path / "control" / "agent.sock"

    with listen(str(path), group="daemon"):
        assert (mode_of(path), mode_of(path.parent)) == (0o660, 0o750)
        assert path.group() == "daemon"


def test_a_door_that_a_killed_agent_left_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "control" / "agent.sock")
    listen(path).close()

    with listen(path), call(path):
        assert os.path.exists(path)


def test_a_door_somebody_answers_at_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "control" / "agent.sock")

    with listen(path), pytest.raises(Conflict, match="already listens"):
        listen(path)


def test_a_path_too_long_for_a_socket_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match="cannot listen at") as caught:
        listen(str(tmp_path / ("x" * 120) / "agent.sock"))

    assert "short name" in caught.value.hint


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no group 'no-such-group'"):
        listen(str(tmp_path / "agent.sock"), group="no-such-group")


@pytest.mark.parametrize(
    ("who", "group", "may"),
    [
        (Peer(pid=1, uid=0, gid=0), None, True),
        (Peer(pid=1, uid=1234, gid=1), None, True),
        (Peer(pid=1, uid=NOBODY.pw_uid, gid=NOBODY.pw_gid), None, False),
        (Peer(pid=1, uid=NOBODY.pw_uid, gid=NOBODY.pw_gid), "daemon", False),
        (Peer(pid=1, uid=NOBODY.pw_uid, gid=1), "daemon", True),
        (Peer(pid=1, uid=54321, gid=54321), "daemon", False),
    ],
)
def test_root_the_owner_and_members_may_connect(who: Peer, group: str | None, may: bool) -> None:
    assert may_connect(who, owner=1234, group=group) is may


@pytest.mark.needs_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, NOBODY.pw_uid, -1)

    with pytest.raises(Denied, match="is not a folder of this user"):
        private_folder(str(folder))


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(Denied):
        private_folder(str(tmp_path / "link"))
