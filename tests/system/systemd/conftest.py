"""A Debian whose PID 1 is a real systemd, in a container of its own, with svcctl in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.system.systemd.remote import Served, serving

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0  # seconds: the machine may be busy with others
LACKING = 77
_REBOOT = 133
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def until(check: Callable[[], Any], *, what: str, within: float = PATIENCE) -> Any:
    """Give the first true value of *check*, or fail."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {within:g}s: {what}")


class Host:
    """One such machine, from its boot to its power-off."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = f"svcctl-{uuid.uuid4().hex[:12]}"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0

    def boot(self) -> None:
        """Come back once systemd says that it runs."""
        command = ["systemd-nspawn", "--quiet", "-D", str(self.root), f"--machine={self.name}"]
        command += ["--register=no", "--keep-unit", "--boot", "--private-network"]
        console = self.root.with_suffix(".console").open("ab")
        self._nspawn = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
        )
        console.close()
        until(self._booted, what="the machine has booted")

    def _booted(self) -> bool:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, self.root.with_suffix(".console").read_text()
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text()
        if not children:
            return False
        self._init = int(children.split()[0])
        state = self.run("systemctl", "is-system-running", check=False)
        return state.stdout.strip() in {"running", "degraded"}

    def reboot(self) -> None:
        """Reboot it and come back once it runs again: nspawn ends with 133 to be started anew."""
        assert self._nspawn is not None
        self.run("systemctl", "reboot", "--no-block", check=False)
        assert self._nspawn.wait(PATIENCE) == _REBOOT
        self.boot()

    def power_off(self) -> None:
        """End it, whatever it is doing."""
        if self._nspawn is None or self._nspawn.poll() is not None:
            return
        self.run("systemctl", "poweroff", "--no-block", check=False)
        try:
            self._nspawn.wait(60.0)
        except subprocess.TimeoutExpired:
            os.kill(self._init, signal.SIGKILL)
            self._nspawn.kill()
            self._nspawn.wait(60.0)

    def run(
        self, *argv: str, check: bool = True, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in there, as root."""
        inside = {
            "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/srv",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            ["nsenter", "-t", str(self._init), "-a", *argv],
            env=inside | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500.0,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def sh(self, script: str, *, check: bool = True) -> str:
        """Give what a shell script writes in there."""
        return self.run("sh", "-c", script, check=check).stdout

    def pytest(self, file: str) -> subprocess.CompletedProcess[str]:
        """Run a file of tests in there."""
        return self.run(
            "sh",
            "-c",
            f"cd /opt/project && exec python3 -m pytest -c inside.ini -q {file}",
            check=False,
            PYTHONPATH="/opt/svcctl:/opt/site:/opt/project",
            SVCCTL_LAB="systemd",
        )

    def svcctl(self, *words: str, status: int = 0, **environ: str) -> str:
        """Run svcctl in there, and give what it says, all of it."""
        done = self.run("svcctl", *words, check=False, **environ)
        said = _ANSI.sub("", done.stdout + done.stderr)
        assert done.returncode == status, f"svcctl {words}: {done.returncode}\n{said}"
        return said

    def json(self, *words: str, **environ: str) -> Any:
        """Give what svcctl says as JSON."""
        done = self.run("svcctl", *words, "-o", "json", check=False, **environ)
        assert done.returncode in {0, 3}, done.stderr
        return json.loads(done.stdout)

    def status(self, name: str, **environ: str) -> dict[str, Any]:
        """Give how the one instance of a service is."""
        (found,) = self.json("status", name, **environ)
        return dict(found)

    def apply(self, text: str, *more: str, status: int = 0) -> str:
        """Apply definitions."""
        self.write("/srv/svcctl.toml", text)
        return self.svcctl("apply", "/srv/svcctl.toml", "--yes", *more, status=status)

    def write(self, path: str, text: str) -> None:
        """Write a file in there."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def show(self, unit: str, prop: str) -> str:
        """Give one property of a unit."""
        return self.run("systemctl", "show", unit, "--value", f"--property={prop}").stdout.strip()

    def await_phase(self, name: str, phase: str) -> dict[str, Any]:
        """Wait until a service is in *phase*."""
        found: dict[str, Any] = until(
            lambda: (now := self.status(name))["phase"] == phase and now, what=f"{name} is {phase}"
        )
        return found

    def await_failed(self, name: str) -> dict[str, Any]:
        """Wait until a service has failed, and its host, which goes with it, is gone."""
        until(lambda: self.show(name, "ActiveState") == "failed", what=f"the unit of {name} failed")
        return self.await_phase(name, "failed")

    def await_without_traces(self, name: str, *, but: Sequence[str] = ()) -> None:
        """Wait until nothing but *but* is called after a service: systemd forgets when it likes."""
        until(lambda: self.traces(name) == [*but], what=f"no trace is left of {name}")

    def traces(self, name: str) -> list[str]:
        """Give every file in there that is called after a service."""
        found = self.sh(
            f"find / -xdev -name '*{name}*' -not -path '/proc/*' -not -path '/opt/*' -not -path "
            f"'/usr/*' -not -path '/srv/*' 2>/dev/null; find /run -name '*{name}*' 2>/dev/null",
            check=False,
        )
        return sorted(set(found.split()))


_INSIDE = """[pytest]
addopts = --import-mode=importlib -p no:cacheprovider
filterwarnings = error
"""

_SVCCTL = """#!/bin/sh
PYTHONPATH=/opt/svcctl:/opt/site exec python3 -m svcctl "$@"
"""


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Give a machine that is booted, and has no services of ours."""
    lab = _lab()
    root = tmp_path_factory.mktemp("host") / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", str(lab), str(root)], check=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "svcctl", root / "opt/svcctl/svcctl", ignore=ignored)
    shutil.copytree(ROOT / "tests", root / "opt/project/tests", ignore=ignored)
    (root / "opt/project/inside.ini").write_text(_INSIDE)
    program = root / "usr/local/bin/svcctl"
    program.write_text(_SVCCTL)
    program.chmod(0o755)
    machine = Host(root)
    try:
        machine.boot()
        machine.run("python3", "-m", "compileall", "-q", "/opt/svcctl", "/opt/site")
        yield machine
    finally:
        machine.power_off()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def clean(host: Host) -> Iterator[Host]:
    """Give the machine, and take away afterwards what was installed."""
    yield host
    listed = host.sh("ls /var/lib/svcctl/native", check=False).split()
    names = [each.removesuffix(".json") for each in listed]
    if names:
        host.svcctl("remove", *names, "--yes", "--logs")
    if host.sh("ls /var/lib/svcctl/state.db", check=False):  # an agent ran, and knows its services
        host.run("svcctl", "agent", "stop", check=False)
    host.sh("rm -rf /var/log/svcctl/* /var/lib/svcctl/state.db*")


@pytest.fixture
def served(clean: Host) -> Iterator[Served]:
    """Give the machine as it is asked from elsewhere, over HTTP."""
    with serving(clean) as found:
        yield found


class User:
    """Somebody with an account, and services of their own."""

    def __init__(self, host: Host, name: str) -> None:
        self.host, self._name = host, name
        host.run("useradd", "-m", name, check=False)
        host.run("loginctl", "enable-linger", name)
        uid = host.run("id", "-u", name).stdout.strip()
        runtime = f"/run/user/{uid}"
        self._environ = [
            f"XDG_RUNTIME_DIR={runtime}",
            f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus",
            f"HOME=/home/{name}",
            "NO_COLOR=1",
        ]
        door = f"{runtime}/bus"
        until(lambda: host.run("test", "-S", door, check=False).returncode == 0, what=door)

    def __call__(self, *words: str) -> str:
        """Run a command as this user, and give what it says, all of it."""
        argv = ("runuser", "-u", self._name, "--", "env", *self._environ, *words)
        done = self.host.run(*argv, check=False)
        assert done.returncode in {0, 3}, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, definitions: str) -> None:
        """Write the user's definitions."""
        self.host.write(f"/home/{self._name}/svcctl.toml", definitions)


@pytest.fixture
def ann(host: Host) -> Iterator[User]:
    """Give a user who has no services yet."""
    user = User(host, "ann")
    yield user
    if host.sh("ls /home/ann/.local/state/svcctl/native", check=False):
        user("svcctl", "remove", "web", "--yes", "--logs")


def _lab() -> Path:
    built = subprocess.run(
        [str(ROOT / "tests/labs/systemd-host.sh")],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=900.0,
        check=False,
    )
    if built.returncode == LACKING:
        pytest.skip(built.stderr.splitlines()[-1])
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())
