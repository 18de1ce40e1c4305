"""Reads where records are to go, as people name it in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError, UsageError, quoted
from svcctl.sdk.logs.levels import level_number
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import parse_size

_HINT = (
    'write for example "stdout", "file:/var/log/mailer.log?max_size=50M&keep=5", "journal", '
    '"syslog", "syslog+udp://host:514", "syslog+tls://host", "json+tcp://host:5000", '
    '"otlp+http://host:4318"'
)
_HERE = ("stdout", "stderr", "file", "journal", "syslog", "event-log")
_PORTS = {
    "syslog+udp": 514,  # RFC 5426
    "syslog+tcp": 601,  # RFC 6587
    "syslog+tls": 6514,  # RFC 5425
    "json+tcp": 5000,
    "json+tls": 5000,
    "otlp+http": 4318,
    "otlp+https": 4318,
}
_OPTIONS: Mapping[str, frozenset[str]] = {
    "stdout": frozenset({"buffered"}),
    "stderr": frozenset({"buffered"}),
    "file": frozenset({"buffered", "max_size", "keep"}),
    "syslog+tls": frozenset({"ca"}),
    "json+tls": frozenset({"ca"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where records of *level* and worse go.

    *path* is that of a file or a socket, or what follows the host of a collector.  *ca* is a file
    of certificates that are believed, empty: the system's.
    """

    kind: str
    level: int
    path: str = ""
    host: str = ""
    port: int = 0
    ca: str = ""
    buffered: bool = False
    max_size: int = 50 << 20
    keep: int = 5


def parse_destination(text: str) -> Destination:
    """Read ``KIND``, ``KIND:PATH`` or ``KIND://HOST:PORT``, with ``?OPTION=VALUE&...`` behind it.

    Every kind takes ``level``; the Event Log gets warnings and worse where none is given.  Raises
    SpecError, with a hint, for what cannot be read.
    """
    place, _, query = text.partition("?")
    kind, _, address = place.partition(":")
    options = _options(kind, query, text)
    level = _level(options.get("level", "warning" if kind == "event-log" else "debug"))
    if kind in _PORTS:
        host, port, path = _host(kind, address, text)
        ca = options.get("ca", "")
        return Destination(kind=kind, level=level, host=host, port=port, path=path, ca=ca)
    if kind == "file" and not address:
        raise SpecError(f"{quoted(text)} names no file", hint=_HINT)
    return Destination(
        kind=kind,
        level=level,
        path=address,
        buffered=_yes(options.get("buffered", "no")),
        max_size=parse_size(options.get("max_size", "50M")),
        keep=_count(options.get("keep", "5")),
    )


def _options(kind: str, query: str, text: str) -> dict[str, str]:
    kinds = (*_HERE, *_PORTS)
    if kind not in kinds:
        raise SpecError(
            f"{quoted(text)} is no place for a log", hint=did_you_mean(kind, kinds) or _HINT
        )
    if not query:
        return {}
    from urllib.parse import parse_qsl  # noqa: PLC0415 - 0.8 MB, for those that need it

    options = dict(parse_qsl(query, keep_blank_values=True))
    known = {"level", *_OPTIONS.get(kind, ())}
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known) or f"it takes {', '.join(sorted(known))}"
            raise SpecError(f"a log to {quoted(kind)} has no option {quoted(name)}", hint=hint)
    return options


def _host(kind: str, address: str, text: str) -> tuple[str, int, str]:
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SpecError(f"{quoted(text)} is no address: {error}", hint=_HINT) from error
    if not host or "@" in parts.netloc:
        raise SpecError(f"a log to {quoted(kind)} needs a host, and no password", hint=_HINT)
    return host, port or _PORTS[kind], parts.path


def _level(name: str) -> int:
    try:
        return level_number(name)
    except UsageError as error:
        raise SpecError(error.problem, hint=error.hint) from error


def _yes(word: str) -> bool:
    if word not in {"yes", "no"}:
        raise SpecError(f"{quoted(word)} is neither yes nor no", hint="write buffered=yes")
    return word == "yes"


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 6):
        raise SpecError(f"{quoted(word)} is not a number of files", hint="write for example keep=5")
    return int(word)
