"""``svcctl doctor``: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import os
import platform
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import click

from svcctl import __version__
from svcctl.bootstrap.local import paths
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Session
from svcctl.cli.verb_command import Command
from svcctl.client.wire import Request
from svcctl.errors import AgentUnreachable, SvcctlError

_OLDEST = (3, 11)
_FEW_FILES = 1024  # an instance takes about four descriptors of the agent
_WRITTEN_IN = 1_767_225_600  # 2026-01-01: a clock before that stands wrong
_CGROUPS = Path("/sys/fs/cgroup")
_PATIENCE = 5.0


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at: what was found, and what to do unless it is ok."""

    name: str
    verdict: Verdict
    found: str
    hint: str = ""


_SIGNS = {Verdict.OK: "good", Verdict.WARN: "warn", Verdict.FAIL: "bad"}


@click.command(
    cls=Command,
    params=[
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
    ],
    help="Find out what is wrong with this machine; exit status 1 if something is.",
)
@click.pass_obj
def doctor(session: Session, /, *, output: str) -> int:
    checks = list(examine(session))
    if output == "json":
        session.out.line(as_json([asdict(each) for each in checks]))
    else:
        rows = [
            [Cell(each.verdict, _SIGNS[each.verdict]), Cell(each.name), Cell(each.found)]
            for each in checks
        ]
        session.out.table(("", "CHECK", "FOUND"), rows)
        for each in checks:
            if each.hint:
                session.out.line(f"hint: {each.name}: {each.hint}")
    return 1 if any(each.verdict is Verdict.FAIL for each in checks) else 0


def examine(session: Session) -> Iterator[Check]:
    """Look at everything there is to look at."""
    yield python_check(sys.version_info[:3])
    yield clock_check(time.time())
    try:
        where = paths(session.home)
    except SvcctlError as error:
        yield Check(name="folders", verdict=Verdict.FAIL, found=error.problem, hint=error.hint)
        return
    for name in ("config", "state", "run", "logs"):
        yield folder_check(name, Path(getattr(where, name)))
    yield _agent_check(session, Path(where.socket))
    yield _files_check()
    yield _cgroup_check()


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
    if folder.stat().st_mode & stat.S_IWOTH:
        return Check(
            name=name,
            verdict=Verdict.WARN,
            found=f"{folder} can be written by anybody",
            hint=f"chmod o-w {folder}",
        )
    return Check(name=name, verdict=Verdict.OK, found=str(folder))


def _folder_fails(name: str, found: str, folder: Path) -> Check:
    hint = f"give it to this user: chown {os.geteuid()} {folder}  (or set SVCCTL_HOME)"
    return Check(name=name, verdict=Verdict.FAIL, found=found, hint=hint)


def _agent_check(session: Session, socket: Path) -> Check:
    try:
        with session.client(timeout=_PATIENCE) as client:
            about = client.ask(Request(verb="agent-status"))
    except AgentUnreachable:
        found, hint = "does not run", "start it: svcctl agent run --detach"
        if socket.exists():
            found = f"does not answer; {socket} was left behind"
            hint = "start it again, it takes the socket over: svcctl agent run --detach"
        return Check(name="agent", verdict=Verdict.WARN, found=found, hint=hint)
    except SvcctlError as error:
        return Check(name="agent", verdict=Verdict.FAIL, found=error.problem, hint=error.hint)
    assert isinstance(about, dict)
    found = f"version {about['version']}, pid {about['pid']}"
    if about["version"] == __version__:
        return Check(name="agent", verdict=Verdict.OK, found=found)
    hint = f"svcctl agent upgrade  (this is version {__version__})"
    return Check(name="agent", verdict=Verdict.WARN, found=found, hint=hint)


def _files_check() -> Check:
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


def _cgroup_check() -> Check:
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


doctor.examples = ("svcctl doctor", "svcctl doctor -o json")
