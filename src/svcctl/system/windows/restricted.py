"""Runs a program with fewer rights than our own: a restricted token, in a job that ends with us.

See CreateRestrictedToken: no privilege but one, groups that give rights count for denials alone,
and the integrity of a plain user.  No privilege is needed for that.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from ctypes import wintypes
from functools import cache, partial
from typing import Any

from svcctl.errors import SvcctlError, SystemFault
from svcctl.spec.policy import Limits
from svcctl.system.windows.command_line import command_line, environment_block
from svcctl.system.windows.console_signals import left_to_another
from svcctl.system.windows.create import SUSPENDED, Creation, create_process
from svcctl.system.windows.job import Job
from svcctl.system.windows.kernel import close_handle, exit_code, kernel32
from svcctl.system.windows.privilege import own_token
from svcctl.system.windows.restriction import (
    MEDIUM,
    Privilege,
    groups_to_deny,
    privileges_to_remove,
)
from svcctl.system.windows.security import access_list, own_sid
from svcctl.system.windows.stdio import own_handles
from svcctl.system.windows.token import OWN, standing
from svcctl.system.windows.winapi import check, declare, library

_ACCESS = 0x8B  # TOKEN_ASSIGN_PRIMARY | _DUPLICATE | _QUERY | _ADJUST_DEFAULT
_DEFAULT_ACCESS_LIST, _INTEGRITY = 6, 25  # TOKEN_INFORMATION_CLASS
_SE_GROUP_INTEGRITY = 0x20
_FOR_EVER = 0xFFFF_FFFF
_SIGN = 1 << 31

# One, and it is that: nothing can be run at all, as seccomp(2) has it on Linux.
_PROCESSES = 1


def run_restricted(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run *argv* (its first word a full path) until it ends; give its exit status, signed.

    It has our streams, our folder and our console, whose events we leave to it, and can start
    nothing itself.  Raises SystemFault or Denied where it cannot be had with fewer rights.
    """
    with ExitStack() as stack:
        token = stack.enter_context(_restricted())
        job = Job()
        stack.callback(job.close)
        job.limit(Limits(tasks=_PROCESSES))  # it looks itself whether that holds
        process = _begin(argv, env, token=token, job=job)
        stack.callback(close_handle, process)
        wait = partial(kernel32().WaitForSingleObject, process, _FOR_EVER)
        with left_to_another(wait):
            wait()
        status = exit_code(process)
        return status - 2 * _SIGN if status >= _SIGN else status


def _begin(argv: Sequence[str], env: Mapping[str, str], *, token: int, job: Job) -> int:
    """Start it, in *job*; give the handle of its process."""
    with ExitStack() as stack:
        creation = Creation(
            program=argv[0],
            line=command_line(argv),
            block=environment_block(env),
            folder=os.getcwd(),
            handles=own_handles(stack),
            flags=SUSPENDED,
            token=token,
        )
        try:
            created = create_process(creation)
        except OSError as error:
            raise SystemFault(
                f"'{argv[0]}' cannot be run with fewer rights: {error.strerror}",
                hint="its account must be able to read it: install Python for all users",
            ) from error
    try:
        job.add(created.process)
        kernel32().ResumeThread(created.thread)
    except SvcctlError:
        kernel32().TerminateProcess(created.process, 1)
        close_handle(created.process)
        raise
    finally:
        close_handle(created.thread)
    return created.process


@contextmanager
def _restricted() -> Iterator[int]:
    """Give our own token without what gives rights."""
    held = standing(OWN)
    with ExitStack() as stack:
        ours = stack.enter_context(own_token(_ACCESS))
        _share_with_our_account(ours)
        groups = [stack.enter_context(_sid_of(each)) for each in groups_to_deny(held)]
        removed = privileges_to_remove(held)
        made = wintypes.HANDLE()
        done = _calls().CreateRestrictedToken(
            *(ours, 0),
            *(len(groups), _sids(groups)),
            *(len(removed), _luids(removed)),
            *(0, None, ctypes.byref(made)),
        )
        check(done, "fewer rights cannot be had")
        stack.callback(close_handle, made.value or 0)
        if held.integrity > MEDIUM:
            _lower(made.value or 0)
        yield made.value or 0


def _share_with_our_account(token: int) -> None:
    """Let whoever has our account open what is made from now on.

    Of an administrator it would be for administrators: who is none any more could not open his
    own process.
    """
    with access_list(f"D:(A;;GA;;;SY)(A;;GA;;;{own_sid()})") as acl:
        _set(token, _DEFAULT_ACCESS_LIST, struct.pack("P", acl.value))


def _lower(token: int) -> None:
    with _sid_of(f"S-1-16-{MEDIUM}") as label:
        _set(token, _INTEGRITY, struct.pack("PI0P", label, _SE_GROUP_INTEGRITY))


def _set(token: int, kind: int, value: bytes) -> None:
    done = _calls().SetTokenInformation(token, kind, value, len(value))
    check(done, "the rights of a process cannot be changed")


def _sids(addresses: Sequence[int]) -> bytes:
    """Give SID_AND_ATTRIBUTES for each, without attributes."""
    return b"".join(struct.pack("PI0P", each, 0) for each in addresses)


def _luids(privileges: Sequence[Privilege]) -> bytes:
    """Give LUID_AND_ATTRIBUTES for each, without attributes."""
    return b"".join(struct.pack("IiI", each.low, each.high, 0) for each in privileges)


@contextmanager
def _sid_of(text: str) -> Iterator[int]:
    """Give the address of the SID written as *text*, good as long as the block lasts."""
    found = ctypes.c_void_p()
    done = _calls().ConvertStringSidToSidW(text, ctypes.byref(found))
    check(done, f"reading the SID {text!r}")
    try:
        yield found.value or 0
    finally:
        _calls().LocalFree(found)


class _Calls:
    """The calls made here, of the DLLs they are in."""

    def __init__(self) -> None:
        advapi = library("advapi32")
        pointer, dword, handle = ctypes.c_void_p, wintypes.DWORD, wintypes.HANDLE
        self.CreateRestrictedToken = declare(
            advapi.CreateRestrictedToken,
            *(wintypes.BOOL, handle, dword, dword, pointer, dword, pointer, dword, pointer),
            pointer,
        )
        self.SetTokenInformation = declare(
            advapi.SetTokenInformation, wintypes.BOOL, handle, dword, pointer, dword
        )
        self.ConvertStringSidToSidW = declare(
            advapi.ConvertStringSidToSidW, wintypes.BOOL, ctypes.c_wchar_p, pointer
        )
        self.LocalFree = declare(library("kernel32").LocalFree, pointer, pointer)


@cache
def _calls() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    return _Calls()
