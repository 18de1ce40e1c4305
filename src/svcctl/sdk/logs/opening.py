"""Opens the places where records are to go; the only file here that knows every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from svcctl.ports import Clock
from svcctl.sdk.logs.destination import Destination, parse_destination
from svcctl.sdk.logs.isolated import Delivery, Isolated
from svcctl.sdk.logs.levels import DEBUG
from svcctl.sdk.logs.losses import Told, on_stderr
from svcctl.sdk.logs.sink import Fan, FromLevel, Sink

if TYPE_CHECKING:
    from svcctl.observe.ship.connection import Tcp

_DESCRIPTORS = {"stdout": 1, "stderr": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is needed to open them.

    *headers* go to a collector and may hold secrets; *tell* is given a sentence when records were
    dropped.
    """

    clock: Clock
    environ: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tell: Told = on_stderr


def open_sinks(texts: Sequence[str], opening: Opening) -> Sink:
    """Give one sink for all *texts*, each as :func:`parse_destination` reads it.

    Raises SpecError before anything is opened, or SystemFault with nothing left open.
    """
    wanted = [parse_destination(text) for text in texts]
    opened: list[Sink] = []
    try:
        for each in wanted:
            sink = _open(each, opening)
            opened.append(sink if each.level <= DEBUG else FromLevel(each.level, sink))
    except Exception:
        Fan(opened).close()
        raise
    return opened[0] if len(opened) == 1 else Fan(opened)


def _open(wanted: Destination, opening: Opening) -> Sink:
    monotonic, tell = opening.clock.monotonic, opening.tell
    match wanted.kind:
        case "stdout" | "stderr" | "file":
            return _at_once(wanted, opening)
        case _:
            return Isolated(_delivery(wanted, opening), clock=monotonic, tell=tell)


def _at_once(wanted: Destination, opening: Opening) -> Sink:
    monotonic, tell = opening.clock.monotonic, opening.tell
    sink: Sink
    if wanted.kind == "file":
        from svcctl.sdk.logs.rotating import RotatingFile  # noqa: PLC0415

        size, keep = wanted.max_size, wanted.keep
        sink = RotatingFile(wanted.path, clock=monotonic, max_size=size, keep=keep, tell=tell)
    else:
        from svcctl.sdk.logs.descriptor import standard  # noqa: PLC0415

        sink = standard(_DESCRIPTORS[wanted.kind], opening.environ, clock=monotonic, tell=tell)
    if not wanted.buffered:
        return sink
    from svcctl.sdk.logs.buffered import Buffered  # noqa: PLC0415

    return Buffered(sink)


def _delivery(wanted: Destination, opening: Opening) -> Delivery:
    """Give what brings records there; a service loads only what it uses."""
    match wanted.kind:
        case "journal":
            from svcctl.sdk.logs import journald  # noqa: PLC0415

            return journald.Journal(wanted.path or journald.SOCKET)
        case "event-log":
            from svcctl.sdk.logs import event_log  # noqa: PLC0415

            return event_log.of_this_machine()
        case "json+tcp" | "json+tls":
            from svcctl.sdk.logs import logstash  # noqa: PLC0415

            return logstash.JsonLines(_stream(wanted))
        case "otlp+http" | "otlp+https":
            from svcctl.sdk.logs import otlp  # noqa: PLC0415

            url = f"{wanted.kind.removeprefix('otlp+')}://{wanted.host}:{wanted.port}{wanted.path}"
            return otlp.Collector(otlp.Endpoint(url=url, headers=opening.headers))
        case _:
            return _syslog(wanted)


def _syslog(wanted: Destination) -> Delivery:
    from svcctl.observe.ship import connection  # noqa: PLC0415
    from svcctl.sdk.logs import syslog  # noqa: PLC0415

    found: connection.Connection
    match wanted.kind:
        case "syslog+udp":
            found = connection.udp(wanted.host, wanted.port)
        case "syslog+tcp" | "syslog+tls":
            found = _stream(wanted)
        case _:
            found = connection.unix_datagrams(wanted.path or syslog.LOCAL)
    return syslog.Syslog(found, syslog.Header())


def _stream(wanted: Destination) -> Tcp:
    from svcctl.observe.ship.connection import Tcp  # noqa: PLC0415

    if not wanted.kind.endswith("+tls"):
        return Tcp(wanted.host, wanted.port)
    from svcctl.observe.ship.tls import Tls  # noqa: PLC0415 - some MB, for those who want it

    return Tcp(wanted.host, wanted.port, layer=Tls(wanted.host, ca=wanted.ca))
