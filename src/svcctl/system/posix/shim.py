"""Becomes the program, after setting for itself what posix_spawn cannot set.

Runs as ``python -I -S -E shim.py FD``: the descriptor holds its settings, marshalled, so that no
secret shows among the arguments.  Imports nothing of svcctl and as little else as it can (json
alone would cost 6 ms): it stands in the way of every start that needs it.  Exit codes are those
of systemd.exec(5).
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False  # importing typing would cost 4 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CHDIR, EXEC, LIMITS, GROUP, USER, CAPABILITIES, CGROUP = 200, 203, 205, 216, 217, 218, 219
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4


class _RefusedError(Exception):
    """The system said no to one of the settings."""

    def __init__(self, status: int, doing: str, cause: object) -> None:
        super().__init__(f"svcctl: cannot {doing}: {cause}")
        self.status = status


def _attempt(status: int, doing: str, call: Callable[..., object], *arguments: object) -> None:
    try:
        call(*arguments)
    except (OSError, ValueError, OverflowError) as error:
        raise _RefusedError(status, doing, error) from error


def _become(settings: dict[str, Any]) -> None:
    """Apply the settings in the order in which each is still allowed, then be the program."""
    if settings["cgroup"]:
        _attempt(CGROUP, "join its cgroup", _join, settings["cgroup"])
    if settings["no_new_privs"] or settings["cap_drop"]:
        import ctypes  # noqa: F401, PLC0415  # the account may have no way to the library
    _limit(settings)
    _change_account(settings)
    if settings["no_new_privs"]:
        _prctl("give up new privileges", _PR_SET_NO_NEW_PRIVS, 1)
    _attempt(CHDIR, f"enter '{settings['cwd']}'", os.chdir, settings["cwd"])
    program = settings["program"]
    _attempt(EXEC, f"run '{program}'", os.execve, program, settings["argv"], settings["env"])


def _limit(settings: dict[str, Any]) -> None:
    if settings["rlimits"]:
        import resource  # noqa: PLC0415

        for which, soft, hard in settings["rlimits"]:
            _attempt(LIMITS, "set a limit", resource.setrlimit, which, (soft, hard))
    if settings["nice"]:
        _attempt(LIMITS, "set nice", os.setpriority, os.PRIO_PROCESS, 0, settings["nice"])
    if settings["affinity"]:
        _attempt(LIMITS, "set affinity", os.sched_setaffinity, 0, settings["affinity"])


def _change_account(settings: dict[str, Any]) -> None:
    if settings["groups"] is not None:
        _attempt(GROUP, "set groups", os.setgroups, settings["groups"])
    if settings["gid"] is not None:
        _attempt(GROUP, "set the group", os.setgid, settings["gid"])
    for number in settings["cap_drop"]:
        _prctl("drop a capability", _PR_CAPBSET_DROP, number)
    if settings["cap_drop"]:
        _prctl("clear ambient capabilities", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    if settings["uid"] is not None:
        _attempt(USER, "set the user", os.setuid, settings["uid"])


def _join(path: str) -> None:
    with open(path, "w") as members:
        members.write("0")


def _prctl(doing: str, option: int, argument: int) -> None:
    import ctypes  # noqa: PLC0415

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(0), 0, 0) != 0:
        raise _RefusedError(CAPABILITIES, doing, os.strerror(ctypes.get_errno()))


def main() -> None:
    """Read the settings and become the program, or exit with what went wrong."""
    with open(int(sys.argv[1]), "rb") as source:
        settings = marshal.load(source)  # noqa: S302  # our own agent wrote it
    try:
        _become(settings)
    except _RefusedError as error:
        os.write(2, f"{error}\n".encode(errors="surrogateescape"))
        os._exit(error.status)


if __name__ == "__main__":
    main()
