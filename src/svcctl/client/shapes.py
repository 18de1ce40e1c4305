"""What agents answer with, as types for those who write against the Python client.

They are the documents as they come: a later agent may say more, so none of them is closed.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Row = dict[str, Any]
"""A document without a type of its own here; the reference of verbs says what it holds."""


class Standing(TypedDict):
    """How one instance stands; see :class:`svcctl.ports.InstanceStatus`.

    *cpu* is in percent of one processor; times are in seconds since 1970.
    """

    service: str
    instance: str
    phase: str
    ready: bool
    live: bool | None
    pid: int | None
    started_at: float | None
    restarts: int
    exit_code: int | None
    exit_signal: str | None
    manager: str
    spec_revision: str
    applied: bool
    enabled: bool
    cpu: float | None
    memory_bytes: int | None
    processes: int | None
    reason: str
    status_text: str
    next_at: float | None
    groups: list[str]
    labels: dict[str, str]
    description: str


class Outcome(TypedDict):
    """What became of one instance; *lines* are the last ones it wrote, where it failed."""

    service: str
    instance: str
    ok: bool
    phase: str
    problem: str
    hint: str
    lines: list[str]
    pid: int | None


class Reply(TypedDict):
    """What one instance's program answered to what it was asked itself."""

    service: str
    instance: str
    ok: bool
    answer: Any
    problem: str
    hint: str


class LogItem(TypedDict):
    """One line, or (with *event*) what happened to the service between two of them.

    *at* is in seconds since 1970.  Records that were asked for have *level* and more.
    """

    at: float
    service: str
    instance: str
    text: NotRequired[str]
    stream: NotRequired[str]
    event: NotRequired[str]
    level: NotRequired[str]


class EventItem(TypedDict):
    """One event; its *number* is greater than that of any before."""

    number: int
    at: float
    kind: str
    service: str
    instance: str
    fields: dict[str, Any]
