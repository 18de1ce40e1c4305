"""Long lists in pages: ``limit``, ``after``, and where to go on (RFC 8288).

A page goes on after the last row of the one before, told by what stands in that row: rows that
come or go meanwhile make none of the others be left out, or come twice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from svcctl.errors import UsageError

MOST = 1_000
"""Rows of a page."""

Row = Mapping[str, Any]
Key = list[str | float]
"""What tells a row from others, and says where it stands among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How the result of a verb is a list: its rows are in *field* (empty: it is one itself).

    *asked*: the verb takes ``after`` itself, and how many rows by the argument of that name.
    """

    key: Callable[[Row], Key]
    field: str = ""
    asked: str = ""


LISTINGS: Mapping[str, Listing] = {
    "status": Listing(key=lambda row: [str(row["service"]), _number(str(row["instance"]))]),
    "events": Listing(key=lambda row: [int(row["number"])], asked="first"),
    "audit": Listing(key=lambda row: [int(row["number"])], asked="first"),
    "crashes": Listing(key=lambda row: [str(row["id"])], asked="lines"),
    "alerts": Listing(key=lambda row: [-float(row["began"]), str(row["id"])], field="alerts"),
    "findings": Listing(key=lambda row: [-float(row["since"]), str(row["id"])], field="findings"),
    "token-list": Listing(key=lambda row: [float(row["issued_at"]), str(row["id"])]),
    "history": Listing(key=lambda row: [str(row["name"])], field="instances"),
}
"""The verbs whose results come in pages where that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """*limit* rows of *listing*, those that follow *after* (empty: the first ones)."""

    listing: Listing
    limit: int
    after: str

    @property
    def args(self) -> dict[str, object]:
        """Give the arguments by which a verb gives no more than it must: one row more tells all."""
        return {self.listing.asked: self.limit + 1} if self.listing.asked else {}

    def of(self, result: object) -> tuple[object, str]:
        """Give *result* with only its rows in it, and the cursor of the next page; empty: none."""
        rows = _rows(result, self.listing.field)
        if not self.listing.asked:
            rows = sorted(rows, key=self.listing.key)
            after = _read(self.after)
            rows = [each for each in rows if not after or _is_after(self.listing.key(each), after)]
        shown = rows[: self.limit]
        rest = len(rows) > self.limit
        return _with_rows(result, self.listing.field, shown), self._cursor(shown) if rest else ""

    def _cursor(self, shown: list[Row]) -> str:
        key = self.listing.key(shown[-1])
        if self.listing.asked:
            return str(key[0])
        return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def page_of(verb: str, query: list[tuple[str, str]]) -> tuple[Page | None, list[tuple[str, str]]]:
    """Give the page that *query* asks for, None for all there is, and the rest of the query.

    Raises UsageError.
    """
    listing = LISTINGS.get(verb)
    limits = [value for name, value in query if name == "limit"]
    if listing is None or not limits:
        return None, query
    text = limits[0]
    if len(limits) > 1 or not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST):
        raise UsageError(f"'limit' is {text!r:.40}", hint=f"a number of rows from 1 to {MOST}")
    after = [value for name, value in query if name == "after"]
    if len(after) > 1:
        raise UsageError(f"'after' is given {len(after)} times")
    dropped = ("limit",) if listing.asked else ("limit", "after")
    rest = [(name, value) for name, value in query if name not in dropped]
    return Page(listing=listing, limit=int(text), after=after[0] if after else ""), rest


def link_to(path: str, query: list[tuple[str, str]], cursor: str) -> str:
    """Give the header ``Link`` that leads to the page after *cursor*."""
    rest = [(name, value) for name, value in query if name != "after"]
    return f'<{path}?{urlencode([*rest, ("after", cursor)])}>; rel="next"'


def _rows(result: object, field: str) -> list[Row]:
    found = result[field] if field and isinstance(result, Mapping) else result
    if isinstance(found, Mapping):
        return [{"name": name, "value": value} for name, value in found.items()]
    return list(found) if isinstance(found, list) else []


def _with_rows(result: object, field: str, rows: list[Row]) -> object:
    if not isinstance(result, Mapping):
        return rows
    if isinstance(result.get(field), Mapping):
        return {**result, field: {each["name"]: each["value"] for each in rows}}
    return {**result, field: rows}


def _read(cursor: str) -> Key:
    if not cursor:
        return []
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(found, list) and all(isinstance(each, str | int | float) for each in found):
            return found
    except (ValueError, RecursionError):
        pass
    raise UsageError(
        f"'after' is {cursor!r:.80}, which no page gave", hint="follow the header Link as it is"
    )


def _is_after(key: Key, other: Key) -> bool:
    try:
        return key > other
    except TypeError as error:
        raise UsageError("'after' is of another list") from error


def _number(instance: str) -> float:
    """Give the number of an instance: ``web`` is the first, ``web.10`` comes after ``web.9``."""
    number = instance.rpartition(".")[2]
    return float(number) if number.isascii() and number.isdecimal() else 1.0
