"""Where things are kept: one folder, the system's, or the user's; never two agents in one place."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from svcctl.errors import Denied
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths, find_paths


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)


def test_one_variable_moves_everything() -> None:
    assert find_paths({"SVCCTL_HOME": "/srv/s"}) == Paths(
        config="/srv/s/config", state="/srv/s/state", run="/srv/s/run", logs="/srv/s/logs"
    )


def test_a_relative_home_is_taken_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_paths({"SVCCTL_HOME": "s"}).state == f"{tmp_path}/s/state"


def test_root_uses_the_folders_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    paths = find_paths({"HOME": "/root", "XDG_STATE_HOME": "/ignored"})

    assert astuple(paths) == ("/etc/svcctl", "/var/lib/svcctl", "/run/svcctl", "/var/log/svcctl")
    assert paths.socket == "/run/svcctl/control/agent.sock"


@pytest.mark.usefixtures("as_user")
def test_users_have_their_own_folders() -> None:
    paths = find_paths({"HOME": "/home/ann", "XDG_RUNTIME_DIR": "/run/user/1234"})

    assert paths == Paths(
        config="/home/ann/.config/svcctl",
        state="/home/ann/.local/state/svcctl",
        run="/run/user/1234/svcctl",
        logs="/home/ann/.local/state/svcctl/logs",
    )


@pytest.fixture
def short() -> Iterator[Path]:
    """A temporary folder with a name short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.usefixtures("as_user")
def test_without_a_runtime_folder_there_is_one_among_temporary_files(short: Path) -> None:
    paths = find_paths({"HOME": "/home/ann", "TMPDIR": str(short)})

    assert paths.run == f"{short}/svcctl-1234/{paths.agent}"


@pytest.mark.usefixtures("as_user")
def test_a_temporary_folder_laid_out_by_somebody_else_is_refused(short: Path) -> None:
    (short / "svcctl-1234").mkdir()  # ours, while we pretend to be 1234

    with pytest.raises(Denied, match="is not a folder of this user"):
        find_paths({"HOME": "/home/ann", "TMPDIR": str(short)})


def test_a_temporary_folder_with_a_name_too_long_for_sockets_is_passed_over() -> None:
    paths = find_paths({"SVCCTL_HOME": "/srv/" + "x" * 90, "TMPDIR": "/srv/" + "y" * 60})

    assert len(paths.socket) < 100


def test_long_homes_get_a_short_place_for_sockets_each_its_own() -> None:
    long = "/srv/" + "x" * 90

    one, again, other = (find_paths({"SVCCTL_HOME": each}) for each in (long, long, long + "y"))

    assert one == again
    assert one.run != other.run
    assert len(one.socket) < 100
    assert one.state == f"{long}/state"


def test_finding_paths_is_cheap() -> None:
    """What the command line must not pay for on its way to the socket."""
    source = (
        "import sys; from svcctl.system.paths import find_paths; find_paths({'HOME': '/h'});"
        "print(sys.modules.keys() & {'asyncio', 'tempfile', 'hashlib', 'socket'})"
    )

    done = subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "XDG_RUNTIME_DIR": "/run"},
    )

    assert done.stdout == "set()\n"


def test_this_is_linux() -> None:
    assert platform() is Platform.LINUX
