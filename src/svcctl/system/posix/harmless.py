"""Gives up every right this process has and does not need, for good."""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import struct
import sys

from svcctl.errors import SystemFault
from svcctl.system.posix.seccomp import refuse_calls

# linux/prctl.h, linux/capability.h
_SET_DUMPABLE, _DROP_FROM_BOUND, _NO_NEW_PRIVILEGES = 4, 24, 38
_AMBIENT, _CLEAR_AMBIENT = 47, 4
_CAPABILITIES_VERSION = 0x20080522
_HEADER, _SETS = struct.Struct("=Ii"), struct.Struct("=6I")

DEFAULT = "svcctl-web"
"""The account that root becomes unless told otherwise."""

_UMASK = 0o077


def account_of(name: str) -> pwd.struct_passwd | None:
    """Give the account to become: *name*, for root at least DEFAULT; None: to stay who we are.

    Raises SystemFault where there is none, and where only root could become it.
    """
    is_root = os.geteuid() == 0
    wanted = name or (DEFAULT if is_root else "")
    if not wanted:
        return None
    try:
        found = pwd.getpwuid(int(wanted)) if wanted.isdecimal() else pwd.getpwnam(wanted)
    except KeyError:
        raise SystemFault(
            f"there is no account '{wanted}' to serve others as, and root is not to",
            hint=f"useradd --system --shell /usr/sbin/nologin {wanted}; or another: --user NAME",
        ) from None
    if found.pw_uid == 0:
        raise SystemFault("others are not served as root", hint="--user NAME, of no rights")
    if not is_root and found.pw_uid != os.geteuid():
        raise SystemFault(
            f"only root can become '{wanted}'", hint="start it as that user, or leave out --user"
        )
    return found if is_root else None


def own_folder(path: str, account: pwd.struct_passwd | None) -> str:
    """Give *path*, a folder for *account* (None: for us) and nobody else; raises SystemFault."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
        os.chmod(path, 0o700)
    except OSError as error:
        raise SystemFault(
            f"there is no folder '{path}' to be had: {error.strerror}",
            hint="a folder of systemd will do: StateDirectory=",
        ) from error
    return path


def become_harmless(account: pwd.struct_passwd | None) -> tuple[str, ...]:
    """Become *account* (None: stay) and give up all rights; give what this system cannot do.

    After that nothing can be gained by what is run, no program can be run at all where the kernel
    has filters, and no memory is written to disk.  To be called while there is one thread.  Raises
    SystemFault where a right was kept.
    """
    lacking = []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(_UMASK)
    is_linux = sys.platform == "linux"
    if account is not None:
        if is_linux:
            _drop_bounding_set()
        _become(account)
    if not is_linux:
        return ("capabilities, no_new_privs and filters of system calls are of Linux",)
    _give_up_capabilities()
    _prctl(_NO_NEW_PRIVILEGES, 1)
    _prctl(_SET_DUMPABLE, 0)  # so that nobody of this account looks into our memory
    try:
        refuse_calls()
    except SystemFault as error:
        lacking.append(error.problem)
    return tuple(lacking)


def _become(account: pwd.struct_passwd) -> None:
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    try:
        os.setgroups(groups)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    except OSError as error:
        raise SystemFault(f"cannot become '{account.pw_name}': {error.strerror}") from error
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise SystemFault(f"'{account.pw_name}' can become root again")


def _drop_bounding_set() -> None:
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as source:
        last = int(source.read())
    for number in range(last + 1):
        _prctl(_DROP_FROM_BOUND, number)


def _give_up_capabilities() -> None:
    _prctl(_AMBIENT, _CLEAR_AMBIENT)
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.capset(
        ctypes.c_char_p(_HEADER.pack(_CAPABILITIES_VERSION, 0)),
        ctypes.c_char_p(_SETS.pack(*[0] * 6)),
    )
    if done != 0:
        why = os.strerror(ctypes.get_errno())
        raise SystemFault(f"capabilities cannot be given up: {why}")


def _prctl(option: int, argument: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero) != 0:
        why = os.strerror(ctypes.get_errno())
        raise SystemFault(f"a right cannot be given up (prctl {option}): {why}")
