"""Gets the peers into the cache, and starts none of them; only s6 is installed into the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.cache import cache

_ROOT = Path(__file__).parent.parent
_UNPACKED = ("runit", "monit")


def install() -> list[str]:
    """Get all; give one line for each peer that could not be had, and why."""
    steps: dict[str, Callable[[], None]] = {
        "supervisord": lambda: _venv("supervisord", "supervisor"),
        "circus": lambda: _venv("circus", "circus"),
        "pm2": _pm2,
        "runit and monit": _debian,
        "s6": _s6,
        "svcctl": _svcctl,
    }
    problems = []
    for name, step in steps.items():
        print(f"getting {name} into {cache()}", file=sys.stderr)
        try:
            step()
        except (OSError, subprocess.SubprocessError) as error:
            problems.append(f"{name}: {error}")
    return problems


def refresh() -> None:
    """Copy the checkout's svcctl beside its dependencies, if those were installed.

    A copy is measured, so that the checkout may be worked on meanwhile.
    """
    for packages in (cache() / "svcctl" / "lib").glob("python*/site-packages"):
        target = packages / "svcctl"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(_ROOT / "src" / "svcctl", target, ignore=shutil.ignore_patterns("__pyc*"))
        _run(str(cache() / "svcctl" / "bin" / "python"), "-m", "compileall", "-q", str(target))


def _svcctl() -> None:
    _venv("svcctl", "-c", str(_ROOT / "constraints.txt"), "click", "cronsim", "pydantic")
    refresh()


def _venv(name: str, *wanted: str) -> None:
    """Make a virtual environment; all are made by the same Python, so that none is favoured."""
    folder = cache() / name
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted)


def _pm2() -> None:
    _run("npm", "install", "--silent", "--prefix", str(cache() / "pm2"), "pm2")


def _debian() -> None:
    """Unpack packages that would start a service if they were installed."""
    target = cache() / "debian"
    archives = target / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _run("apt-get", "update", "-q")
    _run("apt-get", "download", *_UNPACKED, folder=archives)
    for archive in archives.glob("*.deb"):
        _run("dpkg-deb", "-x", str(archive), str(target))


def _s6() -> None:
    """Install it: its programs look for one another in /usr/bin.  It has no service to start."""
    if shutil.which("s6-svscan"):
        return
    if os.geteuid() != 0:
        raise OSError("only root can install it: apt install s6")
    _run("apt-get", "install", "-q", "-y", "--no-install-recommends", "s6")


def _run(*command: str, folder: Path | None = None) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=600, stdout=subprocess.DEVNULL)
