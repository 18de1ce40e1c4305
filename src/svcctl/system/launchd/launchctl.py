"""What svcctl asks of launchd, by way of launchctl(1).

Not tried on macOS: made after the manual, tested with recorded answers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from svcctl.errors import Denied, SvcctlError, SystemFault, TimedOut

_PATIENCE = 30.0  # seconds launchctl gets; it does not wait for what comes of an order
_GONE = frozenset((3, 113))  # ESRCH; "Could not find service"
_UNDER_WAY = 36  # EINPROGRESS: what was asked to go is still ending
_DENIED = frozenset((1, 13, 150))  # EPERM, EACCES; "Operation not permitted while SIP is engaged"
_LOADED = frozenset((17, 37))  # EEXIST, EALREADY
_PAIR = re.compile(
    r"^\t(state|pid|runs|last exit code|last terminating signal) = (.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str = ""
    err: str = ""


Run = Callable[[Sequence[str]], Ran]
"""Run a command and wait for its end; raises SystemFault or TimedOut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What launchd says of a job it has loaded; *exit_code* and *signal* are of its last run."""

    running: bool
    pid: int | None = None
    runs: int = 0
    exit_code: int | None = None
    signal: str = ""


class Launchctl:
    """Orders to the launchd of *domain* (``system`` or ``gui/UID``)."""

    def __init__(self, domain: str, *, run: Run) -> None:
        self._domain, self._run = domain, run

    def job(self, label: str) -> Job | None:
        """Say how a job is; None where it is not loaded."""
        ran = self._run(("launchctl", "print", self._target(label)))
        if ran.code in _GONE:
            return None
        _insist(ran, f"print {label}")
        return parse_job(ran.out)

    def bootstrap(self, path: str) -> None:
        """Load the property list at *path*; one that is loaded already stays so."""
        ran = self._run(("launchctl", "bootstrap", self._domain, path))
        if ran.code not in _LOADED:
            _insist(ran, f"bootstrap {path}")

    def bootout(self, label: str) -> None:
        """Stop a job and unload it; it may take a while yet when this comes back."""
        ran = self._run(("launchctl", "bootout", self._target(label)))
        if ran.code not in _GONE and ran.code != _UNDER_WAY:
            _insist(ran, f"bootout {label}")

    def kickstart(self, label: str) -> None:
        """Start a job that is loaded, now."""
        _insist(self._run(("launchctl", "kickstart", self._target(label))), f"kickstart {label}")

    def set_allowed(self, label: str, *, allowed: bool) -> None:
        """Have launchd load the job at all, or refuse to until it is allowed again."""
        verb = "enable" if allowed else "disable"
        _insist(self._run(("launchctl", verb, self._target(label))), f"{verb} {label}")

    def _target(self, label: str) -> str:
        return f"{self._domain}/{label}"


def parse_job(printed: str) -> Job:
    """Read what ``launchctl print`` says; whatever it leaves out is not known."""
    said = dict(_PAIR.findall(printed))
    return Job(
        running=said.get("state") in {"running", "spawn scheduled"},
        pid=_number(said.get("pid")),
        runs=_number(said.get("runs")) or 0,
        exit_code=_number(said.get("last exit code")),
        signal=said.get("last terminating signal", ""),
    )


def run_command(argv: Sequence[str]) -> Ran:
    """Run a command; see :data:`Run`."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except FileNotFoundError as error:
        raise SystemFault(f"there is no {argv[0]!r} on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"launchd did not answer within {_PATIENCE:g}s") from error
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def _insist(ran: Ran, order: str) -> None:
    if ran.code:
        raise _refusal(ran, order)


def _refusal(ran: Ran, order: str) -> SvcctlError:
    text = " ".join(ran.err.split()) or f"it gave no reason (status {ran.code})"
    problem = f"launchd refused to {order!r}: {text}".rstrip(".")
    if ran.code in _DENIED:
        return Denied(problem, hint="run it as root, or use --scope user")
    return SystemFault(problem, hint="log show --predicate 'process == \"launchd\"' --last 5m")


def _number(text: str | None) -> int | None:
    found = re.match(r"\d+", text or "")
    return int(found.group()) if found else None
