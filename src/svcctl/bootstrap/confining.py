"""Has a process that serves others give up what it does not need, whatever machine it is on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.errors import SystemFault
from svcctl.system.detect import Platform, platform

if TYPE_CHECKING:
    from svcctl.bootstrap.local import Paths


_HANDED_OVER = "SVCCTL_CONFINED"
"""The variable that keeps a process from being started again once it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """Who this process is now, and what of its confinement this machine cannot do."""

    user: str
    lacking: tuple[str, ...]


def hand_over(where: Paths, *, system: bool) -> int | None:
    """Have this very command run with fewer rights where that takes another process: on Windows.

    Gives its exit status once it has ended; None: this process is the one to go on.  To be called
    before anything is loaded or opened that faces others.  *where* is whom it is about; *system*:
    the command says that it is the machine's agent.  Raises SystemFault or Denied where the other
    process cannot be had.
    """
    if platform() is not Platform.WINDOWS or _HANDED_OVER in os.environ:
        return None
    from svcctl.system.windows.restricted import run_restricted  # noqa: PLC0415 - Windows only

    state_folder(where, "")
    program = getattr(sys, "_base_executable", "") or sys.executable
    env = {**os.environ, _HANDED_OVER: "1"}
    if not system:  # who is no administrator any more would look for his own agent
        env["SVCCTL_HOME"] = os.path.dirname(where.state)  # noqa: PTH120 - pathlib is slow to load
    if program != sys.executable:  # the python.exe of a virtual environment starts another one
        env["__PYVENV_LAUNCHER__"] = sys.executable
    return run_restricted([program, *sys.orig_argv[1:]], env=env)


def insist_on_account(user: str) -> None:
    """Raise SystemFault where :func:`confine` could not become *user*, or would not do."""
    if platform() is Platform.WINDOWS:
        _on_windows(user)
        return
    from svcctl.system.posix import harmless  # noqa: PLC0415 - not there on Windows

    harmless.account_of(user)


def state_folder(where: Paths, user: str) -> str:
    """Give a folder in which *user* may write, made where it is missing; raises SystemFault.

    That is what systemd says (``StateDirectory=``), or one beside or in the state of the agent.
    """
    found = os.environ.get("STATE_DIRECTORY", "").partition(os.pathsep)[0]
    if found:
        return found
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.private import private_folder  # noqa: PLC0415 - Windows only

        private_folder(f"{where.state}\\front")
        return f"{where.state}\\front"
    from svcctl.system.posix import harmless  # noqa: PLC0415 - not there on Windows

    account = harmless.account_of(user)
    if account is None:
        return harmless.own_folder(f"{where.state}/front", account)
    return harmless.own_folder(f"{where.state}-front", account)


def confine(user: str) -> Confined:
    """Become *user* (empty: root its default account, others nobody else) and give up all rights.

    Root becomes the account ``svcctl-web`` then.  On Windows they were given up by
    :func:`hand_over`, and are looked for.  To be called while there is one thread.  Raises
    SystemFault where a right was kept.
    """
    if platform() is Platform.WINDOWS:
        return Confined(user="", lacking=_on_windows(user))
    from svcctl.system.posix import harmless  # noqa: PLC0415 - not there on Windows

    account = harmless.account_of(user)
    lacking = harmless.become_harmless(account)
    return Confined(user=account.pw_name if account else "", lacking=lacking)


def _on_windows(user: str) -> tuple[str, ...]:
    """Give what could not be given up; raises SystemFault where that cannot be done without."""
    from svcctl.system.windows.harmless import insist_on_harmless  # noqa: PLC0415 - Windows only

    if user:
        raise SystemFault(
            f"this process cannot become '{user}' on Windows",
            hint='have Windows run it under that account: manager = "scm"',
        )
    return insist_on_harmless()
