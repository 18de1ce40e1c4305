"""Writes the fields of a record as JSON, with the fastest encoder that is installed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from svcctl.sdk.logs.plain import plain, plain_table

_PLAIN = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How fields become JSON; *name* is that of the library.

    *quick* may raise for what it cannot encode, but never writes what a type hides; *sure* takes
    what :func:`svcctl.sdk.logs.plain.plain_table` gave.
    """

    name: str
    quick: Callable[[dict[str, Any]], bytes]
    sure: Callable[[object], bytes]

    def table(self, fields: dict[str, object]) -> bytes:
        """Give *fields* as one JSON object; what has no form there becomes its repr."""
        try:
            return self.quick(fields)
        except Exception:  # noqa: BLE001 - whatever it is, the caller only wanted to log
            return self.sure(plain_table(fields))

    def record(self, event: object, fields: dict[str, object]) -> tuple[bytes, bytes]:
        """Give an event's name, usually text, and its *fields*, as :meth:`table` does."""
        try:
            name = self.sure(event) if type(event) is str else self.sure(plain(event))
            return name, self.quick(fields)
        except Exception:  # noqa: BLE001 - whatever it is, the caller only wanted to log
            return self.sure(plain(event)), self.table(fields)


def best() -> Encoding:
    """Give the encoding by orjson, else msgspec, else the standard library."""
    for make in (with_orjson, with_msgspec):
        try:
            return make()
        except ImportError:
            continue
    return with_json()


def with_orjson() -> Encoding:
    """Give the encoding by orjson; raises ImportError where it is not installed.

    It hands over what it would open up itself: dataclasses, and subclasses, which may hide a value.
    """
    import orjson  # noqa: PLC0415 - an extra

    closed = (
        orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_SUBCLASS
        | orjson.OPT_PASSTHROUGH_DATETIME
    )
    quick = partial(orjson.dumps, default=plain, option=closed)
    return Encoding(name="orjson", quick=quick, sure=orjson.dumps)


def with_msgspec() -> Encoding:
    """Give the encoding by msgspec; raises ImportError where it is not installed.

    It would open up dataclasses and subclasses: it is only given what is plain already.
    """
    import msgspec  # noqa: PLC0415 - an extra

    encode = msgspec.json.Encoder().encode
    return Encoding(name="msgspec", quick=_only_plain(encode), sure=encode)


def with_json() -> Encoding:
    """Give the encoding by the standard library."""
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def encode(value: object) -> bytes:
        return encoder.encode(value).encode()

    return Encoding(name="json", quick=_only_plain(encode), sure=encode)


def _only_plain(encode: Callable[[object], bytes]) -> Callable[[dict[str, Any]], bytes]:
    def quick(fields: dict[str, Any]) -> bytes:
        if _PLAIN.issuperset(map(type, fields.values())):
            return encode(fields)
        return encode(plain_table(fields))

    return quick
