"""Names the world gave (signals, limits, capabilities), and what ours may look like."""

from __future__ import annotations

import re
from collections.abc import Iterable

SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""What a service, and a group, may be called; no name can be taken for a path or a flag."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

FOR_ALL = ("alerting", "healing", "shipping", "access")
"""Tables of what is said once for all services of a machine: the members of CommonSpec."""

SIGNALS = (
    *("ABRT", "ALRM", "CHLD", "CONT", "HUP", "INT", "IO", "KILL", "PIPE", "PROF", "PWR", "QUIT"),
    *("STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM"),
    *("WINCH", "XCPU", "XFSZ"),
)
"""Signals a person may want to send: signal(7) without those that only faults raise."""

WINDOWS_SIGNALS = ("CTRL_C", "CTRL_BREAK", "WM_CLOSE", "WM_QUIT")
"""Ways to ask a program on Windows to end, in the order in which they are tried by default."""

RESOURCE_LIMITS = ("as", "core", "cpu", "data", "fsize", "memlock", "nproc", "stack")
"""Names of ``limits.rlimit``: setrlimit(2); ``nofile`` and ``nice`` are options of their own."""

CAPABILITIES = (
    *("audit_control", "audit_read", "audit_write", "block_suspend", "bpf", "checkpoint_restore"),
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "ipc_lock", "ipc_owner"),
    *("kill", "lease", "linux_immutable", "mac_admin", "mac_override", "mknod", "net_admin"),
    *("net_bind_service", "net_broadcast", "net_raw", "perfmon", "setfcap", "setgid", "setpcap"),
    *("setuid", "sys_admin", "sys_boot", "sys_chroot", "sys_module", "sys_nice", "sys_pacct"),
    *("sys_ptrace", "sys_rawio", "sys_resource", "sys_time", "sys_tty_config", "syslog"),
    "wake_alarm",
)
"""capabilities(7), without their ``CAP_``."""


_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def dashed(name: str) -> str:
    """Give the name of a class as that of a service: ``OrderMailer`` is ``order-mailer``."""
    return _WORD.sub("-", name).lower()


_LONGEST = 80  # characters of a word that are looked at
_MOST = 500  # words it is compared with: a file may have thousands of mistakes


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give a hint naming the known word nearest to *word*, or nothing."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word nearest to *word*, or nothing; letter case does not count."""
    import difflib  # noqa: PLC0415 - for mistakes only

    word = word[:_LONGEST].lower()
    alike = list(known)
    if len(alike) > _MOST:
        alike = [each for each in alike if each.startswith(word[:2])][:_MOST]
    by_lower = {each.lower(): each for each in alike}
    found = difflib.get_close_matches(word, by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
