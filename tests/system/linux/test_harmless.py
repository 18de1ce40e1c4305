"""Who has given up all rights has none, gets none, and runs nothing; with real processes."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import SystemFault
from svcctl.system.posix import harmless

pytestmark = pytest.mark.slow

NOBODY = pwd.getpwnam("nobody")

_TELL = """
import json, os, pwd, socket, sys, threading
from svcctl.system.posix.harmless import become_harmless

def tried(call):
    try:
        call()
    except OSError as error:
        return error.strerror
    return "done"

account = pwd.getpwnam("nobody") if "root" in sys.argv else None
lacking = become_harmless(account)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
worked = []
thread = threading.Thread(target=lambda: worked.append(1))
thread.start()
thread.join()
socket.create_server(("127.0.0.1", 0)).close()
print(json.dumps({
    "lacking": lacking,
    "status": {name: value.split()[0] for name, value in status.items() if value.split()},
    "exec": tried(lambda: os.execv(sys.executable, [sys.executable, "-c", "pass"])),
    "fork": tried(os.fork),
    "spawn": tried(lambda: os.posix_spawn("/bin/true", ["true"], {})),
    "root": tried(lambda: os.setuid(0)),
    "thread": len(worked),
}))
"""


def _told(*args: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_TELL), *args],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.needs_root
def test_root_becomes_somebody_without_any_right_for_good() -> None:
    told = _told("root")

    status = told["status"]
    assert status["Uid"] == str(NOBODY.pw_uid)
    sets = [status[f"Cap{each}"] for each in ("Eff", "Prm", "Inh", "Bnd", "Amb")]
    assert {int(each, 16) for each in sets} == {0}
    assert status["NoNewPrivs"] == "1"
    assert told["root"] == "Operation not permitted"
    assert told["thread"] == 1


def test_who_is_harmless_runs_no_program_and_makes_no_process_but_threads() -> None:
    told = _told()

    if told["lacking"]:  # a kernel without filters says so, and all else holds
        assert "filter of system calls" in told["lacking"][0]
    else:
        assert told["status"]["Seccomp"] == "2"
        refused = {told[each] for each in ("exec", "fork", "spawn")}
        assert refused == {"Operation not permitted"}
    assert told["status"]["NoNewPrivs"] == "1"
    assert int(told["status"]["CapEff"], 16) == 0
    assert told["thread"] == 1


def test_who_is_not_root_stays_who_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)

    assert harmless.account_of("") is None
    assert harmless.account_of("nobody") is None
    with pytest.raises(SystemFault, match="only root can become"):
        harmless.account_of("daemon")


def test_root_serves_nobody_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    found = harmless.account_of("nobody")
    assert found is not None
    assert found.pw_uid == NOBODY.pw_uid
    assert harmless.account_of(str(NOBODY.pw_uid)) == found
    for name, said in (("root", "not served as root"), ("no-such-account", "no account")):
        with pytest.raises(SystemFault, match=said):
            harmless.account_of(name)


def test_a_folder_is_for_whom_it_is_made_alone(tmp_path: Path) -> None:
    made = harmless.own_folder(str(tmp_path / "a" / "front"), None)

    assert Path(made).stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="no folder"):
        harmless.own_folder(str(tmp_path / "file" / "front"), None)
