"""Says which events are worth an operator's time, and in which words the Event Log tells them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from svcctl.events import (
    AgentStarted,
    AgentStopped,
    CapturePaused,
    CaptureResumed,
    Event,
    HookFailed,
    InstanceExited,
    LimitNotEnforced,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
    ProbePassed,
    ReloadDone,
    RunSkipped,
    SpecApplied,
    TreeKilled,
)

ENGLISH, CHINESE = 0x409, 0x804

_LONGEST = 8000  # characters of one text; all of an event may have 31,839: ReportEventW
_NUMBERED = re.compile(r"%(?=\d)")
_AT_REST = frozenset(("stopped", "finished", "failed"))
_UNKNOWN = "nobody knows how"

_Told = tuple[Any, ...]
"""A message and what is to be put into it after the name of the instance."""


class Severity(IntEnum):
    """How bad it is: the two highest bits of a message's id."""

    INFORMATION = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text with places for strings (``%1``), in both languages; *code* is what people see."""

    code: int
    severity: Severity
    english: str
    chinese: str

    @property
    def id(self) -> int:
        """Give the whole id, as a message table and ReportEventW want it."""
        return self.severity << 30 | self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is written to the Event Log: a message and the strings for it, ``%1`` first."""

    message: Message
    strings: tuple[str, ...]


def _message(code: int, english: str, chinese: str) -> Message:
    severity = {1: Severity.INFORMATION, 2: Severity.WARNING, 3: Severity.ERROR}[code // 100]
    return Message(code=code, severity=severity, english=english, chinese=chinese)


STARTING = _message(100, "Service %1 is starting.", "服务 %1 正在启动。")
READY = _message(101, "Service %1 is running and ready.", "服务 %1 正在运行，已就绪。")
STOPPED = _message(102, "Service %1 has stopped.", "服务 %1 已停止。")
FINISHED = _message(103, "Service %1 has done its work: %2.", "服务 %1 已完成工作：%2。")
PAUSED = _message(104, "Service %1 is paused.", "服务 %1 已暂停。")
RESUMED = _message(105, "Service %1 goes on.", "服务 %1 已继续运行。")
RESTARTED = _message(106, "Service %1 is being restarted.", "服务 %1 正在重新启动。")
RELOADED = _message(
    107,
    "Service %1 was told to reload its configuration (%2).",
    "已通知服务 %1 重新加载配置（%2）。",
)
APPLIED = _message(
    108, "The definition of service %1 was %2 (revision %3).", "服务 %1 的定义：%2（修订 %3）。"
)
PROBE_PASSED = _message(
    109, "The %3 probe %2 of service %1 passes again.", "服务 %1 的 %3 探测 %2 已恢复。"
)
OUTPUT_RESUMED = _message(
    110, "The output of service %1 (%2) is written again.", "服务 %1 的输出（%2）已恢复写入。"
)
AGENT_STARTED = _message(111, "The agent of svcctl has started.", "svcctl 代理已启动。")
AGENT_STOPPED = _message(112, "The agent of svcctl has stopped.", "svcctl 代理已停止。")
LOGGED = _message(113, "Service %1: %2", "服务 %1：%2")

CRASHED = _message(
    200,
    "Service %1 failed: %2. It is started again after a while.",
    "服务 %1 出错：%2。稍后将重新启动。",
)
CRASHED_AT_ONCE = _message(
    201,
    "Service %1 ended unasked: %2. It is started again at once.",
    "服务 %1 意外结束：%2。立即重新启动。",
)
PROBE_FAILED = _message(
    202, "The %3 probe %2 of service %1 fails: %4.", "服务 %1 的 %3 探测 %2 失败：%4。"
)
HOOK_FAILED = _message(203, "The %2 hook of service %1 failed: %3.", "服务 %1 的 %2 钩子失败：%3。")
MEMORY_EXCEEDED = _message(
    204,
    "Service %1 uses %2 bytes of memory; its limit is %3.",
    "服务 %1 占用内存 %2 字节，上限为 %3 字节。",
)
NOT_ENFORCED = _message(
    205,
    "The limit %2 of service %1 cannot be enforced: %3.",
    "服务 %1 的限制 %2 无法生效：%3。",
)
KILLED = _message(
    206,
    "Processes that service %1 left behind were ended: %2.",
    "服务 %1 遗留的进程已被终止：%2。",
)
SKIPPED = _message(
    207,
    "A scheduled run of service %1 was left out: the last one still runs.",
    "服务 %1 的一次计划运行被跳过：上一次仍在运行。",
)
OUTPUT_PAUSED = _message(
    208,
    "The output of service %1 (%2) cannot be written: %3.",
    "服务 %1 的输出（%2）无法写入：%3。",
)
LOGGED_WARNING = _message(209, "Service %1: %2", "服务 %1：%2")

FAILED = _message(
    300,
    "Service %1 has failed and is not started again: %2.",
    "服务 %1 已失败，不再重新启动：%2。",
)
LOGGED_ERROR = _message(301, "Service %1: %2", "服务 %1：%2")

MESSAGES = (
    *(STARTING, READY, STOPPED, FINISHED, PAUSED, RESUMED, RESTARTED, RELOADED, APPLIED),
    *(PROBE_PASSED, OUTPUT_RESUMED, AGENT_STARTED, AGENT_STOPPED, LOGGED),
    *(CRASHED, CRASHED_AT_ONCE, PROBE_FAILED, HOOK_FAILED, MEMORY_EXCEEDED, NOT_ENFORCED),
    *(KILLED, SKIPPED, OUTPUT_PAUSED, LOGGED_WARNING),
    *(FAILED, LOGGED_ERROR),
)
"""Every message; a code once given keeps its meaning, for people filter by it."""


def texts() -> dict[int, dict[int, str]]:
    """Give all messages by language and id, as a message table is made of them."""
    return {
        ENGLISH: {each.id: each.english for each in MESSAGES},
        CHINESE: {each.id: each.chinese for each in MESSAGES},
    }


class Narrative:
    """Turns events into entries; remembers how instances ended, and which probes fail."""

    def __init__(self) -> None:
        self._ends: dict[str, str] = {}
        self._unasked: set[str] = set()
        self._failing: set[tuple[str, str]] = set()

    def entry(self, event: Event) -> Entry | None:
        """Give what to write of *event*, or None where it is not worth an operator's time."""
        found = self._told(event)
        if found is None:
            return None
        message, *more = found
        strings = (event.instance or event.service, *map(str, more))
        return Entry(message=message, strings=tuple(map(printable, strings)))

    def _told(self, event: Event) -> _Told | None:
        match event:
            case InstanceExited():
                self._ends[event.instance] = _end(event)
                return None
            case PhaseChanged(new="starting"):
                return self._begins(event)
            case PhaseChanged():
                return self._changed(event)
            case ProbeFailed():
                self._failing.add((event.instance, event.probe))
                return PROBE_FAILED, event.probe, event.purpose, event.problem
            case ProbePassed() if (event.instance, event.probe) in self._failing:
                self._failing.discard((event.instance, event.probe))
                return PROBE_PASSED, event.probe, event.purpose
            case _:
                tell = _TOLD.get(type(event))
                return tell(event) if tell else None

    def _begins(self, event: PhaseChanged) -> _Told | None:
        """A start, and why; after a backoff it was announced already."""
        name = event.instance
        end, unasked = self._ends.pop(name, _UNKNOWN), name in self._unasked
        self._unasked.discard(name)
        self._failing = {each for each in self._failing if each[0] != name}
        if event.old in _AT_REST:
            return (STARTING,)
        if event.old == "backoff":
            return None
        if event.old == "stopping" and not unasked:
            return (RESTARTED,)
        return CRASHED_AT_ONCE, end

    def _changed(self, event: PhaseChanged) -> _Told | None:
        if event.new == "stopping" and event.instance in self._ends:
            self._unasked.add(event.instance)  # it ended first, and is only being swept up
        ending = _ENDINGS.get(event.new)
        if ending:
            return ending, event.reason or self._ends.get(event.instance, _UNKNOWN)
        plain = _PHASES.get((event.old, event.new)) or _PHASES.get(("", event.new))
        return (plain,) if plain else None


def printable(text: str) -> str:
    """Give *text* as the Event Log can show it.

    It ends at a NUL, and Event Viewer takes ``%1`` in it for a place of its own: ReportEventW.
    """
    return _NUMBERED.sub("% ", text.replace("\0", ""))[:_LONGEST]


def _end(event: InstanceExited) -> str:
    if event.signal is not None:
        return f"ended by {event.signal}"
    return _UNKNOWN if event.code is None else f"exit code {event.code}"


_PHASES: Mapping[tuple[str, str], Message] = {
    ("resuming", "running"): RESUMED,
    ("", "running"): READY,
    ("", "paused"): PAUSED,
    ("", "stopped"): STOPPED,
}

_ENDINGS: Mapping[str, Message] = {
    "backoff": CRASHED,
    "failed": FAILED,
    "finished": FINISHED,
}

_TOLD: Mapping[type[Event], Callable[[Any], _Told]] = {
    AgentStarted: lambda _: (AGENT_STARTED,),
    AgentStopped: lambda _: (AGENT_STOPPED,),
    CapturePaused: lambda event: (OUTPUT_PAUSED, event.stream, event.problem),
    CaptureResumed: lambda event: (OUTPUT_RESUMED, event.stream),
    HookFailed: lambda event: (HOOK_FAILED, event.hook, event.problem),
    LimitNotEnforced: lambda event: (NOT_ENFORCED, event.limit, event.problem),
    MemoryExceeded: lambda event: (MEMORY_EXCEEDED, event.memory_bytes, event.limit_bytes),
    ReloadDone: lambda event: (RELOADED, event.how),
    RunSkipped: lambda _: (SKIPPED,),
    SpecApplied: lambda event: (APPLIED, event.change, event.revision),
    TreeKilled: lambda event: (KILLED, ", ".join(event.killed)),
}
