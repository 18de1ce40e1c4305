"""Finds in a line the id of what it belongs to: a request, a block, a job."""

from __future__ import annotations

import re

_ID = re.compile(
    r"""
      (?i:\b(?:trace|request|req|correlation|session|transaction|txn|job|task|order|span)
        [_-]?id ["']? \s* [=:] \s* ["']?) (?P<named>[\w.-]{1,128})
    | (?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)
    | (?P<numbered>\b[A-Za-z]{2,20}[_-]-?\d{6,20}\b)
    | (?P<hexadecimal>\b(?=[0-9a-f]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{16,64}\b)
    """,
    re.VERBOSE,
)


def session_id(line: str) -> str | None:
    """Give the first id in the line, None if there is none.

    An id is what stands behind a key such as ``request_id=``, a UUID, a word with a long number
    such as ``blk_904791815409399662``, or 16 and more hexadecimal digits.
    """
    found = _ID.search(line)
    return found[found.lastgroup] if found and found.lastgroup else None
