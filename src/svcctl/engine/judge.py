"""What exits, checks and samples mean: pure verdicts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from svcctl.engine.life import Ending
from svcctl.ports import Exit
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.probe import Probe

_SAMPLES = 3  # memory samples in a row that must exceed the limit
_NEAR = 0.8  # of the limit
_SELDOM, _OFTEN = 5.0, 1.0  # seconds between samples far from the limit, and near it


_ABNORMAL = frozenset((0xC, 0xE))  # of 32 bits the first four: an error, and whose ([MS-ERREF] 2.3)
_STATUS = {
    0xC000_0005: "access violation",
    0xC000_0017: "out of memory",
    0xC000_001D: "illegal instruction",
    0xC000_0094: "division by zero",
    0xC000_00FD: "stack overflow",
    0xC000_0135: "a DLL was not found",
    0xC000_0139: "an entry point was not found in a DLL",
    0xC000_013A: "ended by Ctrl-C",
    0xC000_0142: "a DLL could not be initialized",
    0xC000_0374: "heap corruption",
    0xC000_0409: "aborted, or its stack was overrun",
    0xE043_4352: "an exception of .NET that nobody caught",
    0xE06D_7363: "an exception of C++ that nobody caught",
}


def ending(end: Exit, policy: RestartPolicy) -> Ending:
    """Say what an exit means; one that nobody saw counts as a failure.

    What a signal is elsewhere is an NTSTATUS error on Windows: 0xC0000005 after an access
    violation, 0xC000013A after Ctrl-C.
    """
    if end.signal is not None:
        return Ending.ABNORMAL
    if end.code in policy.ok_exit:
        return Ending.OK
    if end.code in policy.never_exit:
        return Ending.NEVER
    return Ending.ABNORMAL if _is_status(end.code) else Ending.BAD


def describe_code(code: int) -> str:
    """Give an exit code for people; what Windows ends a program with after a crash by name."""
    if not _is_status(code):
        return f"exit code {code}"
    known = _STATUS.get(code)
    return f"exit code 0x{code:08X} ({known})" if known else f"exit code 0x{code:08X}"


def _is_status(code: int | None) -> bool:
    """Say whether a code is an NTSTATUS error: no code of POSIX is, nor is -1 of Windows."""
    return code is not None and code >> 28 in _ABNORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a probe's checks amount to; *good* is None until there is a verdict.

    *passes* and *fails* count the last ones in a row; *recent* are the last checks, for the ratio.
    """

    good: bool | None = None
    passes: int = 0
    fails: int = 0
    recent: tuple[bool, ...] = ()


def judge(verdict: Verdict, *, passed: bool, probe: Probe, in_grace: bool) -> Verdict:
    """Take one more check into account; a failure in the grace time does not count at all."""
    if in_grace and not passed:
        return verdict
    recent = (*verdict.recent, passed)[-probe.ratio_window :]
    counted = replace(
        verdict,
        passes=verdict.passes + 1 if passed else 0,
        fails=0 if passed else verdict.fails + 1,
        recent=recent,
    )
    if counted.fails >= probe.fails or (not passed and _flaps(recent, probe)):
        return replace(counted, good=False)
    if counted.passes >= probe.passes and not _flaps(recent, probe):
        return replace(counted, good=True)
    return counted


def _flaps(recent: tuple[bool, ...], probe: Probe) -> bool:
    """Too many of the last checks failed, though never enough in a row."""
    full = len(recent) >= probe.ratio_window
    return full and 0 < probe.fail_ratio <= recent.count(False) / len(recent)


def memory_verdict(over: int, memory_bytes: int, limit: int) -> tuple[int, bool]:
    """Count samples in a row above *limit* (*over* before this one); say if they are too many."""
    over = over + 1 if memory_bytes > limit else 0
    return over, over >= _SAMPLES


def next_sample(memory_bytes: int, limit: int) -> float:
    """Give the seconds until the next sample: a leak is caught before it gets much worse."""
    return _OFTEN if memory_bytes >= _NEAR * limit else _SELDOM


def status_expected(expect: str, status: int, body: str) -> str:
    """Say what is wrong with an HTTP answer, or give an empty text.

    *expect* lists statuses and ranges (``200-299,304``), or is ``body:`` and a pattern that must
    be found in the body of a 2xx answer.
    """
    if expect.startswith("body:"):
        if not 200 <= status < 300:
            return f"status {status}, expected 2xx"
        pattern = expect.removeprefix("body:")
        return "" if re.search(pattern, body) else f"the body has no match for {pattern!r}"
    for part in expect.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return ""
    return f"status {status}, expected {expect}"
