"""Reads of a damaged state what can still be read, so that a bad sector costs no definition."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress

from svcctl.engine.state_file import open_to_read

Row = tuple[str, str, str]
"""Kind, key and text of a document."""


def salvage(path: str) -> list[Row]:
    """Give the documents in the state file *path*, up to the first place that is unreadable.

    The file stays as it is, and no other is left beside it.
    """
    beside = [path + suffix for suffix in ("-wal", "-shm") if not os.path.exists(path + suffix)]
    found: list[Row] = []
    try:
        with closing(open_to_read(path)) as db:
            db.text_factory = as_text
            found.extend(db.execute("SELECT kind, key, json FROM document"))
    except (sqlite3.Error, UnicodeDecodeError):  # what SQLite says may quote what is no text
        pass
    finally:
        for each in beside:
            with suppress(FileNotFoundError):
                os.unlink(each)
    return [row for row in found if all(isinstance(each, str) for each in row)]


def as_text(raw: bytes) -> str:
    """Give what SQLite takes for text, whatever has become of it on the disk."""
    return raw.decode(errors="replace")
