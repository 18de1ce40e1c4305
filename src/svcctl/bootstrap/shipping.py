"""Puts together what ships logs: the only place that knows every kind of receiver."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from svcctl.app.shipping import Trial
from svcctl.bootstrap.tailing import SavedIn, changes
from svcctl.engine.credentials import resolve
from svcctl.engine.world import World
from svcctl.errors import CannotSpawn, NotAvailable, NotDelivered, SvcctlError
from svcctl.events import Event
from svcctl.observe.logs.files import STREAMS
from svcctl.observe.logs.tail.changes import Changes, Inotify
from svcctl.observe.logs.tail.generation import Manner
from svcctl.observe.logs.tail.tail import Bounds, Tail
from svcctl.observe.records.joining import whole
from svcctl.observe.ship.aside import Aside
from svcctl.observe.ship.connection import Datagrams, Tcp, udp
from svcctl.observe.ship.crashes import CrashReports
from svcctl.observe.ship.documents import Sender as Sending
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.frame import Writer
from svcctl.observe.ship.intake import Intake
from svcctl.observe.ship.packing import Limits, Packer
from svcctl.observe.ship.receiver import Receiver, Taken
from svcctl.observe.ship.sender import Sender
from svcctl.observe.ship.sent import Progress, Sent
from svcctl.observe.ship.shipper import Parts, Shipper
from svcctl.observe.ship.spool import Spool
from svcctl.observe.ship.woken import Woken, globs_of
from svcctl.record import Level, Record
from svcctl.spec.shipping import ShippingKind, ShippingSpec, Transport
from svcctl.system import whole_file
from svcctl.system.sent import unacknowledged

_SEARCH_EVERY = 30.0  # seconds between two searches for logs, should nobody say that one is new

Read = Callable[[str], str]
"""Gives what a reference leads to; an address that is none is given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Docks:
    """Makes shippers: their state is in *folder*, logs in *logs*, crash reports in *services*."""

    world: World
    folder: str
    logs: str
    services: str

    def shipper(self, name: str, spec: ShippingSpec, after: Shipper | None) -> Shipper:
        """See :class:`svcctl.app.shipping.Docks`.  Needs a running event loop."""
        loop, bus = asyncio.get_running_loop(), self.world.bus

        def publish(event: Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(bus.publish, event)

        return Shipper(name, partial(self._open, name, spec, publish), after=after)

    def test(self, name: str, spec: ShippingSpec) -> Trial:
        """See :class:`svcctl.app.shipping.Docks`."""
        now, began = self.world.clock.now(), self.world.clock.monotonic()
        text = "svcctl shipping test: nothing is wrong"
        entry = Entry(
            id=f"test-{now:.6f}",
            writer=Writer(service="svcctl", instance="svcctl", stream="test"),
            at=now,
            record=Record(raw=text.encode(), at=now, message=text, level=Level.INFO),
        )
        receiver = self._receiver(name, spec)
        problem = hint = ""
        try:
            taken = receiver.deliver([entry])
            problem = taken.problem or "".join(each.reason for each in taken.refused)
        except SvcctlError as error:
            problem, hint = error.problem, error.hint
        finally:
            receiver.close()
        seconds = self.world.clock.monotonic() - began
        return Trial(problem=problem, hint=hint, seconds=seconds)

    def aside(self, name: str) -> str:
        """See :class:`svcctl.app.shipping.Docks`."""
        return f"{self.folder}/{name}/set-aside.jsonl"

    def forget(self, name: str) -> None:
        """See :class:`svcctl.app.shipping.Docks`; what was set aside stays."""
        home = f"{self.folder}/{name}"
        shutil.rmtree(f"{home}/spool", ignore_errors=True)
        for each in ("positions.json", "sent"):
            whole_file.delete(f"{home}/{each}")

    def _open(
        self,
        name: str,
        spec: ShippingSpec,
        publish: Callable[[Event], None],
        stack: ExitStack,
        told: Callable[[], None],
    ) -> Parts:
        home, clock = f"{self.folder}/{name}", self.world.clock
        ends = SavedIn(f"{home}/positions.json")
        limit = spec.buffer
        spool = Spool(f"{home}/spool", ends=ends, limit=limit, told=told)
        stack.callback(spool.close)
        tail, wake = self._tail(spec, spool)
        crashes = CrashReports(self.services, spec.services) if spec.crashes else None
        intake = Intake(tail, spool, clock=clock, crashes=crashes, at_end=spec.from_end)
        stack.callback(intake.close)
        sender = Sender(
            name,
            spool=spool,
            packer=partial(_packer, spool, spec),
            sent=Sent(f"{home}/sent"),
            receiver=self._receiver(name, spec),
            aside=Aside(self.aside(name)),
            clock=clock,
            publish=publish,
        )
        stack.callback(sender.close)
        return Parts(spool=spool, intake=intake, sender=sender, wake=wake)

    def _tail(self, spec: ShippingSpec, spool: Spool) -> tuple[Tail, Callable[[], None]]:
        found: Changes = changes()
        wake = _nothing
        if isinstance(found, Inotify):
            found = woken = Woken(found)
            wake = woken.wake
        tail = Tail(
            globs_of(self.logs, spec.services, STREAMS),
            clock=self.world.clock,
            place=spool,
            at_end=spec.from_end,
            manner=Manner(whole=whole),
            bounds=Bounds(search_every=_SEARCH_EVERY if wake is not _nothing else 1.0),
            changes=found,
        )
        return tail, wake

    def _receiver(self, name: str, spec: ShippingSpec) -> Configured:
        host = socket.gethostname()
        return Configured(name=name, spec=spec, host=host, environ=self.world.environ)


@dataclass(slots=True, kw_only=True)
class Configured:
    """A receiver as *spec* has it; what is secret is read whenever a connection is made anew."""

    name: str
    spec: ShippingSpec
    host: str
    environ: Mapping[str, str] = field(repr=False)  # secrets may be in it
    _open: Receiver | None = field(default=None, repr=False)

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`svcctl.observe.ship.receiver.Receiver`.

        What cannot be read now, and what is no receiver, is tried again.
        """
        try:
            if self._open is None:
                self._open = receiver_of(self.spec, host=self.host, read=self._read)
            return self._open.deliver(entries)
        except NotDelivered:
            self.close()
            raise
        except SvcctlError as error:
            self.close()
            raise NotDelivered(error.problem, hint=error.hint, again=True) from error

    def close(self) -> None:
        """Let go of the connection."""
        found, self._open = self._open, None
        if found is not None:
            found.close()

    def _read(self, reference: str) -> str:
        if "://" in reference:
            return reference
        name = f"shipping.{self.name}"
        try:
            return resolve(name, reference, self.environ).text(name).strip()
        except CannotSpawn as error:
            raise NotDelivered(error.problem, hint="it is tried again", again=True) from error


def receiver_of(spec: ShippingSpec, *, host: str, read: Read) -> Receiver:
    """Give the receiver that *spec* describes, with its secrets; a host loads only what it uses."""
    sending = Sending(host=host, labels=spec.labels)
    match spec.kind:
        case ShippingKind.LOGSTASH:
            from svcctl.observe.ship.logstash import Logstash  # noqa: PLC0415

            return Logstash(_tcp(spec), sender=sending)
        case ShippingKind.SYSLOG:
            from svcctl.observe.ship.syslog import Syslog  # noqa: PLC0415

            return Syslog(_connection(spec), facility=spec.facility, sender=sending)
        case ShippingKind.KAFKA:
            return _kafka(spec, sending, read)
        case _:
            return _asked(spec, sending, read)


def _asked(spec: ShippingSpec, sending: Sending, read: Read) -> Receiver:
    from svcctl.observe.ship.http import Asked  # noqa: PLC0415
    from svcctl.posting import Poster  # noqa: PLC0415

    url = read(spec.url)
    context = None
    if url.startswith("https:"):
        from svcctl.observe.ship import tls  # noqa: PLC0415 - some MB

        context = tls.context(ca=spec.tls.ca, cert=spec.tls.cert, key=spec.tls.key)
    poster = Poster(url, context=context)
    asked = Asked(poster, headers=_headers(spec, read), compress=spec.compress)
    match spec.kind:
        case ShippingKind.LOKI:
            from svcctl.observe.ship.loki import Loki  # noqa: PLC0415

            return Loki(asked, sender=sending)
        case ShippingKind.ELASTICSEARCH:
            from svcctl.observe.ship.elasticsearch import Elasticsearch  # noqa: PLC0415

            return Elasticsearch(asked, index=spec.index, sender=sending)
        case _:
            from svcctl.observe.ship.otlp import Otlp  # noqa: PLC0415

            return Otlp(asked, sender=sending)


def _headers(spec: ShippingSpec, read: Read) -> dict[str, str]:
    found = {name: read(each) for name, each in spec.headers.items()}
    if spec.tenant:
        found["X-Scope-OrgID"] = spec.tenant
    if spec.token:
        kind = "ApiKey" if spec.kind is ShippingKind.ELASTICSEARCH else "Bearer"
        found["Authorization"] = f"{kind} {read(spec.token)}"
    elif spec.user:
        pair = f"{spec.user}:{read(spec.password)}".encode()
        found["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return found


def _connection(spec: ShippingSpec) -> Tcp | Datagrams:
    if spec.transport is Transport.UDP:
        return udp(spec.host, spec.receives_at)
    return _tcp(spec)


def _tcp(spec: ShippingSpec) -> Tcp:
    if spec.transport is not Transport.TLS:
        return Tcp(spec.host, spec.receives_at, unacknowledged=unacknowledged)
    from svcctl.observe.ship.tls import Tls  # noqa: PLC0415 - some MB

    layer = Tls(spec.host, ca=spec.tls.ca, cert=spec.tls.cert, key=spec.tls.key)
    return Tcp(spec.host, spec.receives_at, layer=layer, unacknowledged=unacknowledged)


def _kafka(spec: ShippingSpec, sending: Sending, read: Read) -> Receiver:
    from svcctl.observe.ship.kafka import Kafka, settings_of  # noqa: PLC0415

    try:
        import confluent_kafka  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise NotAvailable(
            "logs cannot be sent to Kafka without confluent-kafka",
            hint="pip install 'svcctl[kafka]'",
        ) from error
    login = (spec.user, read(spec.password)) if spec.user else None
    files = {"ca": spec.tls.ca, "cert": spec.tls.cert, "key": spec.tls.key or spec.tls.cert}
    settings = settings_of(spec.brokers, compress=spec.compress, login=login, tls=files)
    producer: Any = confluent_kafka.Producer({**settings, "logger": None})
    return Kafka(producer, topic=spec.topic, sender=sending)


def _packer(spool: Spool, spec: ShippingSpec, progress: Progress) -> Packer:
    batch = spec.batch
    return Packer(
        spool,
        progress.spot,
        limits=Limits(count=batch.count, size=batch.size, wait=batch.wait),
        name=spool.name,
        level=Level[spec.level.name] if spec.level else Level.UNKNOWN,
    )


def _nothing() -> None:
    """Nobody waits longer than a tenth of a second here."""
