"""What svcctl asks of systemd, and the way through ``systemctl``, which is always there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from svcctl.errors import Conflict, Denied, SvcctlError, SystemFault, TimedOut

PROPERTIES = (
    *(
        "ActiveState",
        "SubState",
        "Result",
        "MainPID",
        "ExecMainStatus",
        "ExecMainCode",
        "NRestarts",
    ),
    *("LoadState", "UnitFileState", "StatusText", "ActiveEnterTimestampMonotonic", "MemoryCurrent"),
    *("NextElapseUSecRealtime", "NextElapseUSecMonotonic"),
    *("TasksCurrent", "FragmentPath", "DropInPaths", "NeedDaemonReload", "CPUUsageNSec"),
)
"""Properties of a unit that are looked at: org.freedesktop.systemd1(5)."""

_PATIENCE = 30.0  # seconds systemd gets to take an order; it does not wait for what comes of it


class SystemdBus(Protocol):
    """Orders to systemd; each comes back when it was taken, not when it is carried out."""

    def properties(self, units: Sequence[str]) -> dict[str, dict[str, str]]:
        """Give :data:`PROPERTIES` of each unit; those of an unknown one say ``not-found``."""

    def reload_units(self) -> None:
        """Have unit files read again."""

    def start(self, unit: str) -> None: ...
    def stop(self, unit: str) -> None: ...
    def restart(self, unit: str) -> None: ...
    def reload(self, unit: str) -> None: ...
    def kill(self, unit: str, signal: str) -> None:
        """Send a signal, by its name without ``SIG``, to the main process of *unit*."""

    def version(self) -> int:
        """Give the version of systemd; 0 where it does not say."""

    def reset_failed(self, unit: str) -> None:
        """Forget failures and count starts anew; harmless where *unit* is not loaded."""

    def enable(self, units: Iterable[str]) -> None: ...
    def disable(self, units: Iterable[str]) -> None: ...


class Systemctl:
    """The way through the command; *user*: the manager of this user instead of the machine's."""

    def __init__(self, *, user: bool = False) -> None:
        self._head = ["systemctl", *(["--user"] if user else []), "--no-pager", "--no-ask-password"]

    def properties(self, units: Sequence[str]) -> dict[str, dict[str, str]]:
        """See :class:`SystemdBus`."""
        if not units:
            return {}
        wanted = ",".join(("Id", *PROPERTIES))
        said = self._run("show", f"--property={wanted}", "--", *units)
        blocks = [_block(each) for each in said.split("\n\n")]
        found = dict(zip(units, [each for each in blocks if each], strict=True))
        if any(each.endswith(".timer") for each in units):
            self._add_elapses(found)
        return found

    def _add_elapses(self, found: dict[str, dict[str, str]]) -> None:
        """Say when timers elapse in numbers, as D-Bus does; ``show`` does so for people."""
        try:
            elapses = json.loads(self._run("list-timers", "--all", "--output=json"))
        except ValueError:  # systemd before 250 prints its table all the same
            return
        for each in elapses:
            if each["unit"] in found:
                found[each["unit"]]["NextElapseUSecRealtime"] = str(each["next"] or 0)

    def cat(self, unit: str) -> str | None:
        """Give the text of *unit* with its drop-ins; None where there is no such unit."""
        if self.properties([unit])[unit].get("LoadState") == "not-found":
            return None
        return self._run("cat", "--", unit)

    def reload_units(self) -> None:
        """See :class:`SystemdBus`."""
        self._run("daemon-reload")

    def start(self, unit: str) -> None:
        """See :class:`SystemdBus`."""
        self._run("start", "--no-block", "--", unit)

    def stop(self, unit: str) -> None:
        """See :class:`SystemdBus`."""
        self._run("stop", "--no-block", "--", unit)

    def restart(self, unit: str) -> None:
        """See :class:`SystemdBus`."""
        self._run("restart", "--no-block", "--", unit)

    def reload(self, unit: str) -> None:
        """See :class:`SystemdBus`."""
        self._run("reload", "--no-block", "--", unit)

    def kill(self, unit: str, signal: str) -> None:
        """See :class:`SystemdBus`."""
        self._run("kill", "--kill-who=main", f"--signal={signal}", "--", unit)

    def version(self) -> int:
        """See :class:`SystemdBus`."""
        return version_number(self._run("show", "--property=Version", "--value"))

    def reset_failed(self, unit: str) -> None:
        """See :class:`SystemdBus`."""
        with unless_loaded():
            self._run("reset-failed", "--", unit)

    def enable(self, units: Iterable[str]) -> None:
        """See :class:`SystemdBus`."""
        self._run("--no-reload", "enable", "--quiet", "--", *units)

    def disable(self, units: Iterable[str]) -> None:
        """See :class:`SystemdBus`."""
        self._run("--no-reload", "disable", "--quiet", "--", *units)

    def _run(self, *words: str) -> str:
        argv = [*self._head, *words]
        try:
            done = subprocess.run(
                argv,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
            )
        except FileNotFoundError as error:
            raise SystemFault("there is no systemctl on this machine") from error
        except subprocess.TimeoutExpired as error:
            raise TimedOut(f"systemd did not answer within {_PATIENCE:g}s") from error
        if done.returncode:
            raise refusal(" ".join(words), done.stderr)
        return done.stdout


def refusal(order: str, said: str) -> SvcctlError:
    """Give the error of ours that systemd's words for a refused *order* are."""
    text = " ".join(said.split()) or "it gave no reason"
    problem = f"systemd refused to {order!r}: {text}".rstrip(".")
    low = text.lower()
    if "denied" in low or "authentication" in low or "not permitted" in low:
        return Denied(problem, hint="run it as root, or use --scope user")
    if "masked" in low:
        found = re.search(r"Unit (\S+) is masked", text)
        return Conflict(problem, hint=f"systemctl unmask {found[1] if found else 'UNIT'}")
    if "failed to connect to bus" in low:
        hint = "a user's services need a session: log in, or as root: loginctl enable-linger USER"
        return SystemFault(problem, hint=hint)
    return SystemFault(problem)


@contextmanager
def unless_loaded() -> Iterator[None]:
    """Pass over systemd's word that there is nothing to forget of a unit."""
    try:
        yield
    except SystemFault as error:
        if "not loaded" not in error.problem:
            raise


def version_number(text: str) -> int:
    """Give the number in a version of systemd, such as ``252.36-1~deb12u1``; 0 where none is."""
    found = re.match(r"v?(\d+)", text.strip())
    return int(found[1]) if found else 0


def _block(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value for key, _, value in pairs}
