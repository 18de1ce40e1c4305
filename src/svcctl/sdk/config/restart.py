"""Marks fields of a configuration whose change needs a new process."""

from __future__ import annotations

from typing import Final

RESTART: Final = "restart"
"""The key of the mark in a field's metadata."""


def restart() -> dict[str, bool]:
    """Mark a field, or all of a table: a change of it asks for a restart, not for a reload.

    For a dataclass ``field(default=80, metadata=restart())``, for a pydantic model
    ``Field(80, json_schema_extra=restart())``; both are ``{"restart": True}``.
    """
    return {RESTART: True}
