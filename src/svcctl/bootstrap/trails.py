"""Reads audit logs where no agent answers, and that of the command line, which needs none."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from svcctl.app.auditing import document, head_of
from svcctl.app.reading import moment
from svcctl.bootstrap.access import NATIVE
from svcctl.bootstrap.local import paths
from svcctl.engine.audit_trail import Sought, prove, read
from svcctl.ports import Document

__all__ = ["NATIVE", "STATE", "has_native", "rows", "verdict"]

STATE = "state.db"
"""The state file of an agent."""


def rows(home: str | None, file: str, args: Mapping[str, object]) -> list[Document]:
    """Give what the verb ``audit`` would give of *file*; raises StateFault, UsageError."""
    limit = args.get("lines")
    sought = Sought(
        since=moment(_text(args, "since"), now=time.time()),
        actor=_text(args, "actor"),
        verb=_text(args, "verb"),
        service=_text(args, "service"),
        limit=limit if isinstance(limit, int) else 0,
    )
    return read(_path(home, file), sought)


def verdict(home: str | None, file: str, args: Mapping[str, object]) -> Document:
    """Give what the verb ``audit-verify`` would give of *file*; raises StateFault, UsageError."""
    return document(prove(_path(home, file), known=head_of(_text(args, "head"))))


def has_native(home: str | None) -> bool:
    """Say whether the command line ever did something without an agent."""
    return os.path.exists(_path(home, NATIVE))  # noqa: PTH110 - pathlib is slow to load


def _path(home: str | None, file: str) -> str:
    return f"{paths(home).state}/{file}"


def _text(args: Mapping[str, object], name: str) -> str:
    value = args.get(name)
    return value if isinstance(value, str) else ""
