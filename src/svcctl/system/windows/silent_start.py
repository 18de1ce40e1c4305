"""Says why a service of ours does not start, or never speaks to Windows (error 1053); pure.

Everything that has to be looked up is in :class:`Start`.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from svcctl.errors import quoted
from svcctl.system.windows.exit_meanings import meaning, shown
from svcctl.system.windows.finding import Fact, Finding
from svcctl.system.windows.launched import Launched
from svcctl.system.windows.scm_status import ScmStatus
from svcctl.system.windows.scm_words import SERVICE_SPECIFIC
from svcctl.system.windows.service_status import State

USUAL_PATIENCE = 30_000
"""Milliseconds Windows waits for a service to speak, unless ServicesPipeTimeout says otherwise."""

_SILENT = 1053
_LAST_WORDS = 10  # lines of the host's own log
_NO_NEED = frozenset(("sechangenotifyprivilege",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known of the start of a service of ours.

    *trouble*: why its registration cannot be read; *patience*: ServicesPipeTimeout, in
    milliseconds; *log*: the last lines its host wrote; *profiles*: the folder of users' own.
    """

    launched: Launched
    account: str
    status: ScmStatus
    has_program: bool = True
    has_script: bool = True
    redirected: bool = False
    trouble: str = ""
    spec: Mapping[str, object] = field(default_factory=dict)
    patience: int = USUAL_PATIENCE
    profiles: str = r"C:\Users"
    log: Sequence[str] = ()


def reasons(start: Start) -> Iterator[Finding]:
    """Find what keeps the service from starting, the likeliest first."""
    yield from _files(start)
    yield from _profile(start)
    if start.redirected:
        yield _redirector(start.launched)
    if start.trouble:
        yield _finding(
            start,
            start.trouble,
            why="its host ends at once, for it does not know what to run",
            hint=_anew(start),
        )
    if start.patience < USUAL_PATIENCE:
        yield _impatient(start)
    yield from _end(start)
    yield from _too_mighty(start)


def facts(start: Start) -> Iterator[Fact]:
    """Give all that is known about the start, for who asks about this one service."""
    service = start.launched.service
    yield Fact(service=service, name="command", text=start.launched.command)
    yield Fact(service=service, name="account", text=start.account or "unknown")
    waits = f"Windows waits {start.patience / 1000:g} s for its first word"
    yield Fact(service=service, name="patience", text=waits)
    yield Fact(service=service, name="last end", text=_how(start.status))
    words = "\n".join(start.log[-_LAST_WORDS:]) or "(its host wrote nothing)"
    yield Fact(service=service, name="host.log", text=words)


def redirector(each: Launched) -> Finding:
    """Give the finding that a service of anybody's runs the Python of a virtual environment."""
    return _redirector(each)


def _files(start: Start) -> Iterator[Finding]:
    if not start.has_program:
        yield _finding(
            start,
            f"its interpreter {quoted(start.launched.program)} does not exist",
            why="Windows cannot start the service: error 2 or 1053",
            hint=f"install Python for all users, then: {_anew(start)}",
        )
    host = start.launched.host
    if host is not None and not start.has_script:
        yield _finding(
            start,
            f"its host {quoted(host.script)} does not exist",
            why="the interpreter ends at once, and Windows reports error 1053",
            hint=f"py -m pip install svcctl, then: {_anew(start)}",
        )


def _profile(start: Start) -> Iterator[Finding]:
    program = start.launched.program
    owner = profile_of(program, start.profiles)
    if owner and start.account and not _may_read_profile(start.account, owner):
        yield _finding(
            start,
            f"its interpreter {quoted(program)} is in the profile of {owner}",
            why=f"{start.account} cannot read it, and Windows reports error 5 or 1053",
            hint=f"install Python for all users, and svcctl with it, then: {_anew(start)}",
        )


def profile_of(path: str, profiles: str) -> str:
    """Give the user in whose profile *path* lies; empty where it is in nobody's."""
    folder = ntpath.normcase(profiles).rstrip("\\") + "\\"
    if not ntpath.normcase(path).startswith(folder):
        return ""
    owner, inside, _ = path[len(folder) :].partition("\\")
    return owner if inside and owner.casefold() != "public" else ""


def _may_read_profile(account: str, owner: str) -> bool:
    name = account.casefold()
    user = name.rpartition("\\")[2].partition("@")[0]
    return name in {"localsystem", "nt authority\\system"} or user == owner.casefold()


def _redirector(each: Launched) -> Finding:
    return Finding(
        service=each.service,
        problem=f"it runs {quoted(each.program)}, the Python of a virtual environment",
        why="that only starts another process, which Windows does not know as the service (7039)",
        hint=f"let it run the Python the environment was made of: {_home_of(each.program)}",
        grave=False,
    )


def _home_of(program: str) -> str:
    """Say where to read it."""
    folder = ntpath.dirname(program)
    above = ntpath.dirname(folder) if ntpath.basename(folder).casefold() == "scripts" else folder
    return f'findstr home "{ntpath.join(above, "pyvenv.cfg")}"'


def _impatient(start: Start) -> Finding:
    key = r"HKLM\SYSTEM\CurrentControlSet\Control"
    return _finding(
        start,
        f"Windows waits only {start.patience} ms for a service to speak (ServicesPipeTimeout)",
        why="a machine that is booting may need longer to start an interpreter: error 1053",
        hint=f'reg add "{key}" /v ServicesPipeTimeout /t REG_DWORD /d {USUAL_PATIENCE} /f',
        grave=False,
    )


def _end(start: Start) -> Iterator[Finding]:
    status, name = start.status, start.launched.service
    if status.state is not State.STOPPED or status.exit_code not in {SERVICE_SPECIFIC, _SILENT}:
        return
    said = next((line for line in reversed(start.log) if line.strip()), "")
    why = f"its host said last: {said.strip()}" if said else "its host wrote nothing at all"
    yield _finding(
        start,
        _how(status),
        why=why,
        hint=f"svcctl logs {name}, or run it in this terminal: svcctl host {name}",
    )


def _how(status: ScmStatus) -> str:
    if status.state is not State.STOPPED:
        return "it has not ended"
    if status.exit_code == SERVICE_SPECIFIC:
        told = meaning(status.specific_code)
        more = f": {told}" if told else ""
        return f"it ended with code {shown(status.specific_code)} (error 1066){more}"
    if status.exit_code == _SILENT:
        return "its host did not speak to Windows in time (error 1053)"
    return f"it ended with error {status.exit_code} of Windows" if status.exit_code else "well"


def _too_mighty(start: Start) -> Iterator[Finding]:
    if start.account.casefold() != "localsystem" or not start.spec or _needs_might(start.spec):
        return
    name = start.launched.service
    yield _finding(
        start,
        "it runs as LocalSystem, and its definition asks for nothing that needs it",
        why="whoever finds a hole in the program has the whole machine",
        hint=f"take `user` out of its definition, then: svcctl install {name}; "
        f"it runs as NT SERVICE\\{name} then",
        grave=False,
    )


def _needs_might(spec: Mapping[str, object]) -> bool:
    """Say whether *spec* asks for what only LocalSystem has: privileges, a real-time class."""
    windows = spec.get("windows")
    options: Mapping[str, object] = windows if isinstance(windows, Mapping) else {}
    if options.get("priority") == "realtime":
        return True
    asked = options.get("privileges", tuple(_NO_NEED))
    if not isinstance(asked, Sequence):
        return True
    return not asked or not {str(each).casefold() for each in asked} <= _NO_NEED


def _anew(start: Start) -> str:
    return f"svcctl install {start.launched.service}"


def _finding(start: Start, problem: str, *, why: str, hint: str, grave: bool = True) -> Finding:
    return Finding(service=start.launched.service, problem=problem, why=why, hint=hint, grave=grave)
