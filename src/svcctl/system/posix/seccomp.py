"""Has the kernel refuse what a process that serves others never needs: seccomp(2) filters.

What is refused fails with EPERM.  New threads may be made, new processes not; a filter holds for
ever, for every thread, and for whatever the process would become.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from svcctl.errors import SystemFault

# linux/audit.h, linux/bpf_common.h, linux/seccomp.h, linux/sched.h
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _FAIL_WITH, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000  # the bit of a second table of calls that x86-64 has
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter

REFUSED: dict[str, tuple[int, int]] = {
    # becoming, and looking into, other programs
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "fork": (57, -1),
    "vfork": (58, -1),
    # what the machine is made of
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "setns": (308, 268),
    "unshare": (272, 97),
    "open_by_handle_at": (304, 265),
    "mknod": (133, -1),
    "mknodat": (259, 33),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "fanotify_init": (300, 262),
    # the kernel itself, and its rarely trodden paths
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "syslog": (103, 116),
    "personality": (135, 92),
    "iopl": (172, -1),
    "ioperm": (173, -1),
    "modify_ldt": (154, -1),
    # clocks and names
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}
"""The calls that are refused, by their numbers on x86-64 and on aarch64 (-1: there is none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One kind of processor: what the kernel calls it, and the numbers of its calls."""

    name: str
    architecture: int
    column: int
    clone: int
    clone3: int
    seccomp: int

    @property
    def refused(self) -> list[int]:
        """Give the numbers of all calls that are refused."""
        return sorted(each[self.column] for each in REFUSED.values() if each[self.column] >= 0)


MACHINES = (
    Machine(name="x86_64", architecture=0xC000003E, column=0, clone=56, clone3=435, seccomp=317),
    Machine(name="aarch64", architecture=0xC00000B7, column=1, clone=220, clone3=435, seccomp=277),
)


def program(machine: Machine) -> bytes:
    """Give the filter for *machine* in classic BPF, as ``struct sock_filter[]``.

    The arguments of clone3 are out of a filter's reach: it does not exist, and the C library takes
    clone instead, which may make threads.
    """
    lines: list[tuple[int, int, str, str]] = [
        (_LOAD, _ARCHITECTURE_AT, "", ""),
        (_JUMP_IF_EQUAL, machine.architecture, "", "kill"),
        (_LOAD, _NUMBER_AT, "", ""),
    ]
    if machine.name == "x86_64":
        lines.append((_JUMP_IF_AT_LEAST, _X32, "refuse", ""))
    lines += [(_JUMP_IF_EQUAL, number, "refuse", "") for number in machine.refused]
    lines += [
        (_JUMP_IF_EQUAL, machine.clone3, "absent", ""),
        (_JUMP_IF_EQUAL, machine.clone, "", "allow"),
        (_LOAD, _FIRST_ARGUMENT_AT, "", ""),
        (_JUMP_IF_SET, _CLONE_THREAD, "allow", "refuse"),
    ]
    ends = {
        "allow": _ALLOW,
        "refuse": _FAIL_WITH | _EPERM,
        "absent": _FAIL_WITH | _ENOSYS,
        "kill": _KILL,
    }
    where = {name: len(lines) + at for at, name in enumerate(ends)}
    return _assembled(lines, where) + b"".join(
        _INSTRUCTION.pack(_RETURN, 0, 0, end) for end in ends.values()
    )


def _assembled(lines: Iterable[tuple[int, int, str, str]], where: dict[str, int]) -> bytes:
    """Give instructions, with how far it is to where each jumps (empty: to the next one)."""
    made = []
    for at, (code, operand, fits, differs) in enumerate(lines):
        jumps = [where[name] - at - 1 if name else 0 for name in (fits, differs)]
        made.append(_INSTRUCTION.pack(code, *jumps, operand))
    return b"".join(made)


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_calls() -> None:
    """Have the kernel refuse them from now on, in every thread of this process.

    Raises SystemFault where it has no filters, or none for this kind of processor.  To be called
    after no_new_privs was set.
    """
    machine = next((each for each in MACHINES if each.name == platform.machine()), None)
    if machine is None:
        raise SystemFault(f"no filter of system calls is known for {platform.machine()!r}")
    made = program(machine)
    wanted = _Program(len(made) // _INSTRUCTION.size, made)
    libc = ctypes.CDLL(None, use_errno=True)
    call = libc.syscall
    call.restype = ctypes.c_long
    done = call(
        ctypes.c_long(machine.seccomp),
        ctypes.c_ulong(_SET_MODE_FILTER),
        ctypes.c_ulong(_ALL_THREADS),
        ctypes.byref(wanted),
    )
    if done != 0:
        why = os.strerror(ctypes.get_errno()) if done < 0 else f"thread {done} cannot be reached"
        raise SystemFault(f"the kernel takes no filter of system calls: {why}")
