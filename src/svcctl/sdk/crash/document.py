"""Lays out a crash report: what stands in the file, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from svcctl.ports import Document
from svcctl.sdk.crash.circumstances import frame_documents
from svcctl.sdk.crash.frames import Frame
from svcctl.sdk.crash.problem import Problem
from svcctl.sdk.redaction import shown_text
from svcctl.spec.secrecy import scrubbed

FORMAT = 1
"""Of the report; it grows where a later one cannot be read as this one."""

_LONGEST_MESSAGE = 4000
_LONGEST_LINE = 1000
_MOST_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who crashed: a service, which copy of it, and of what version."""

    service: str
    instance: str = ""
    version: str = ""


def stamp_of(at: float) -> str:
    """Give a time as file names have it: ``20261121T141500.123456Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def report_document(
    subject: Subject,
    problems: tuple[Problem, ...],
    *,
    at: float,
    where: str,
    fingerprint: str,
    more: Document,
) -> Document:
    """Give the report on *problems*, the first of which is the crash; *more* follows as it is."""
    crash, *others = problems
    return {
        "format": FORMAT,
        "time": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "at": at,
        "service": subject.service,
        "instance": subject.instance,
        "version": subject.version,
        "where": where,
        "error": {"kind": crash.kind, "message": shown_message(crash), "notes": _notes(crash)},
        "fingerprint": fingerprint,
        "stack": _stack(crash.frames),
        "others": [
            {
                "relation": each.relation,
                "kind": each.kind,
                "message": shown_message(each),
                "notes": _notes(each),
                "stack": _stack(each.frames),
            }
            for each in others
        ],
        **more,
    }


def shown_message(problem: Problem) -> str:
    """Give what an error said, without what looks like a secret."""
    return shown_text(problem.message, _LONGEST_MESSAGE)


def shown_lines(lines: Iterable[str]) -> list[str]:
    """Give the last of *lines* of a log, without what looks like a secret."""
    return [shown_text(each, _LONGEST_LINE) for each in list(lines)[-_MOST_LINES:]]


def _notes(problem: Problem) -> list[str]:
    return [shown_text(each, _LONGEST_LINE) for each in problem.notes]


def _stack(frames: tuple[Frame, ...]) -> list[Document]:
    return [{**each, "code": scrubbed(str(each["code"]))} for each in frame_documents(frames)]
