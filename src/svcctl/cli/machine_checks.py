"""What ``svcctl doctor`` looks at on the machine itself: interpreter, clock, folders, limits."""

from __future__ import annotations

import os
import platform
import stat
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from svcctl.bootstrap.doctor import on_windows, who_else_may_change

_OLDEST = (3, 11)
_FEW_FILES = 1024  # an instance takes about four descriptors of the agent
_WRITTEN_IN = 1_767_225_600  # 2026-01-01: a clock before that stands wrong
_CGROUPS = Path("/sys/fs/cgroup")


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was found, why that matters, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    found: str
    hint: str = ""
    why: str = ""


def python_check(version: tuple[int, ...]) -> Check:
    """Look at the interpreter."""
    found = f"{platform.python_implementation()} {'.'.join(map(str, version))}"
    if version >= _OLDEST:
        return Check(name="python", verdict=Verdict.OK, found=found)
    wanted = ".".join(map(str, _OLDEST))
    return Check(
        name="python", verdict=Verdict.FAIL, found=found, hint=f"install Python {wanted} or newer"
    )


def clock_check(now: float) -> Check:
    """Look at the clock (*now* in seconds since 1970): schedules and log times hang on it."""
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now >= _WRITTEN_IN:
        return Check(name="clock", verdict=Verdict.OK, found=found)
    return Check(name="clock", verdict=Verdict.FAIL, found=found, hint="set it, for example by NTP")


def folder_check(name: str, folder: Path) -> Check:
    """Look at one of our folders: ours to write, and nobody else's."""
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if nearest != folder:
        if os.access(nearest, os.W_OK | os.X_OK):
            return Check(name=name, verdict=Verdict.OK, found=f"{folder} (made when needed)")
        return _folder_fails(name, f"{folder} is missing and {nearest} is closed to us", folder)
    if not folder.is_dir():
        return _folder_fails(name, f"{folder} is not a folder", folder)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return _folder_fails(name, f"{folder} is closed to us", folder)
    whose, hint = _others(folder)
    if whose:
        found = f"{folder} can be written by {whose}"
        return Check(name=name, verdict=Verdict.WARN, found=found, hint=hint)
    return Check(name=name, verdict=Verdict.OK, found=str(folder))


def _others(folder: Path) -> tuple[str, str]:
    """Name who else may write into *folder*, and say how to keep them out; empty: nobody."""
    if on_windows():
        groups, hint = who_else_may_change(str(folder))
        return " and ".join(groups), hint
    if folder.stat().st_mode & stat.S_IWOTH:
        return "anybody", f"chmod o-w {folder}"
    return "", ""


def _folder_fails(name: str, found: str, folder: Path) -> Check:
    hint = "run it from an elevated prompt, as administrator  (or set SVCCTL_HOME)"
    if not on_windows():
        hint = f"give it to this user: chown {os.geteuid()} {folder}  (or set SVCCTL_HOME)"
    return Check(name=name, verdict=Verdict.FAIL, found=found, hint=hint)


def files_check() -> Check:
    """Look at how many files an agent may have open (POSIX)."""
    try:
        import resource  # noqa: PLC0415 - there is none on every system
    except ImportError:
        return Check(name="open files", verdict=Verdict.OK, found="no limit on this system")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= _FEW_FILES:
        return Check(
            name="open files",
            verdict=Verdict.WARN,
            found=f"at most {hard}: enough for some {hard // 4} instances",
            hint="raise the hard limit: ulimit -Hn, or LimitNOFILE= in the agent's unit",
        )
    return Check(name="open files", verdict=Verdict.OK, found=f"soft {soft}, hard {hard}")


def cgroup_check() -> Check:
    """Look at whether limits of memory can be enforced (Linux)."""
    name = "memory limits"
    if not (_CGROUPS / "cgroup.controllers").exists():
        return Check(
            name=name,
            verdict=Verdict.WARN,
            found="no cgroup v2: limits.memory cannot be enforced",
            hint="limits.memory_restart works without",
        )
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    own = next((each[3:] for each in lines if each.startswith("0::")), "/")
    folder = _CGROUPS / own.lstrip("/")
    if os.access(folder / "cgroup.procs", os.W_OK) and os.access(folder, os.W_OK):
        return Check(name=name, verdict=Verdict.OK, found=f"cgroup v2, {folder} is ours")
    return Check(
        name=name,
        verdict=Verdict.WARN,
        found="cgroup v2, but not delegated to us: limits.memory cannot be enforced",
        hint="run the agent from a unit with Delegate=yes",
    )
