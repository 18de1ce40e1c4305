"""What real receivers get: journald, syslog, Logstash, a collector, each over its own socket."""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import UsageError
from svcctl.observe.ship.connection import Tcp, udp, unix_datagrams
from svcctl.observe.ship.syslog import shortened
from svcctl.sdk.logs.isolated import Isolated, NotNow
from svcctl.sdk.logs.journald import SOCKET, Journal, datagram, field_name
from svcctl.sdk.logs.logstash import JsonLines, as_event
from svcctl.sdk.logs.otlp import Collector, Endpoint
from svcctl.sdk.logs.syslog import Header, Syslog, as_message
from svcctl.sdk.logs.trace import traced

PATIENCE = 60.0  # seconds until a test is lost
HEADER = Header(host="here", process="7", facility=16)

needs_unix = pytest.mark.skipif(
    not hasattr(socket, "AF_UNIX"), reason="needs Linux or macOS: sockets in the file system"
)
needs_linux = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="needs Linux: memory files"
)


def some_record(
    place: Any,
    event: str = "mail.sent",
    level: str = "info",
    fields: dict[str, Any] | None = None,
    **more: Any,
) -> bytes:
    getattr(place.log, level)(event, **(fields or {}), **more)
    found: bytes = place.sink.records[-1]
    return found


# journald


def parsed(data: bytes) -> dict[str, str]:
    """Read a datagram as journald does."""
    found = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + size], data[8 + size + 1 :]
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "journal"))
        server.settimeout(PATIENCE)
        yield server


def received(journal: socket.socket) -> bytes:
    """Give a datagram, or what is in the memory file that came instead of one."""
    data, rights, _, _ = journal.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    if not rights:
        return data
    (descriptor,) = struct.unpack("i", rights[0][2])
    with open(descriptor, "rb") as file:
        import fcntl

        assert fcntl.fcntl(file, fcntl.F_GET_SEALS) == 15, "nobody can change it any more"
        file.seek(0)
        return file.read()


@needs_unix
def test_the_journal_gets_every_field(place: Any, journal: socket.socket, tmp_path: Path) -> None:
    delivery = Journal(str(tmp_path / "journal"))
    with traced() as trace:
        record = some_record(
            place, level="error", fields={"to": "ann\nbob", "count": 3, "message": "x", "_1-é": [1]}
        )

    refused = delivery.deliver([record])
    delivery.close()

    assert refused == 0
    assert parsed(received(journal)) == {
        "MESSAGE": 'mail.sent to="ann\\nbob" count=3 message=x _1-é=[1]',
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "mailer",
        "EVENT": "mail.sent",
        "SERVICE": "mailer",
        "INSTANCE": "mailer.2",
        "VERSION": "1.4",
        "LOGGER": "mailer",
        "TRACE_ID": trace.trace_id,
        "SPAN_ID": trace.span_id,
        "TO": "ann\nbob",
        "COUNT": "3",
        "F_MESSAGE": "x",
        "F_1__": "[1]",
    }


@needs_linux
def test_what_is_too_large_for_a_datagram_arrives_in_memory(
    place: Any, journal: socket.socket, tmp_path: Path
) -> None:
    delivery = Journal(str(tmp_path / "journal"))
    large = "x" * 1_000_000

    delivery.deliver([some_record(place, large=large), some_record(place, small="y")])
    first, second = parsed(received(journal)), parsed(received(journal))
    delivery.close()

    assert (first["LARGE"], second["SMALL"]) == (large, "y")


@needs_unix
def test_a_journal_that_comes_back_is_found_again(place: Any, tmp_path: Path) -> None:
    path, delivery = str(tmp_path / "journal"), Journal(str(tmp_path / "journal"))
    record = some_record(place)

    with pytest.raises(OSError, match="No such file"):
        delivery.deliver([record])
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            try:
                delivery.deliver([record])
            except ConnectionRefusedError:  # the one before is gone
                delivery.deliver([record])
            assert received(server) == datagram(record)
        os.unlink(path)
    delivery.close()


@pytest.mark.skipif(not os.path.exists(SOCKET), reason="needs Linux with journald")
def test_the_real_journal_takes_it(place: Any) -> None:
    delivery = Journal()

    assert delivery.deliver([some_record(place, large="x" * 1_000_000), some_record(place)]) == 0
    delivery.close()


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("to", "TO"),
        ("a.b-c", "A_B_C"),
        ("__x", "X"),
        ("1st", "F_1ST"),
        ("", "F_"),
        ("é", "F_"),
        ("event", "F_EVENT"),
        ("x" * 80, "X" * 64),
    ],
)
def test_names_of_fields_are_as_the_journal_takes_them(name: str, fit: str) -> None:
    assert field_name(name) == fit


# syslog


def test_a_message_is_that_of_rfc_5424(place: Any) -> None:
    record = some_record(place, level="warning", fields={"to": 'a"b\\c]d', "odd =name": 1})

    assert as_message(record, HEADER) == (
        b"<132>1 2025-06-15T15:06:40.250000Z here mailer.2 7 mail.sent "
        b'[svcctl@32473 service="mailer" version="1.4" logger="mailer" '
        b'to="a\\"b\\\\c\\]d" odd__name="1"] '
        b'mail.sent to="a\\"b\\\\c]d" odd =name=1'
    )


def test_text_beyond_ascii_begins_with_a_mark(place: Any) -> None:
    found = as_message(some_record(place, "grüße", to="ü"), HEADER)

    head, _, text = found.partition(b"] ")
    assert b" gr__e " in head
    assert text.startswith("\ufeffgrüße".encode())


def test_what_is_missing_in_a_header_is_a_dash(place: Any) -> None:
    found = as_message(some_record(place, ""), Header(host="", process=""))

    assert found.startswith(b"<30>1 2025-06-15T15:06:40.250000Z - mailer.2 - - [")


def test_by_default_a_header_names_this_machine_and_process() -> None:
    assert Header() == Header(host=socket.gethostname(), process=str(os.getpid()))


@pytest.mark.parametrize("longest", range(1, 8))
def test_a_character_is_never_cut_in_two(longest: int) -> None:
    cut = shortened("aüü€".encode(), longest)

    assert len(cut) <= longest
    assert "aüü€".startswith(cut.decode())


def test_syslog_over_udp(place: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(PATIENCE)
        delivery = Syslog(udp(*server.getsockname()), HEADER)
        small, large = some_record(place), some_record(place, large="x" * 100_000)

        delivery.deliver([small])
        delivery.deliver([large])
        first, second = server.recv(1 << 16), server.recv(1 << 17)
        delivery.close()

    assert first == as_message(small, HEADER)
    assert second == as_message(large, HEADER)[:60_000]


@needs_unix
def test_syslog_over_the_local_socket(place: Any, journal: socket.socket, tmp_path: Path) -> None:
    delivery = Syslog(unix_datagrams(str(tmp_path / "journal")), HEADER)
    record = some_record(place)

    delivery.deliver([record])
    delivery.close()

    assert journal.recv(1 << 16) == as_message(record, HEADER)


def test_without_such_sockets_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)

    with pytest.raises(OSError, match="this system has no socket /dev/log"):
        unix_datagrams("/dev/log").send(b"x")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


def accepted(listener: socket.socket) -> socket.socket:
    found, _ = listener.accept()
    found.settimeout(PATIENCE)
    return found


def test_syslog_over_tcp_counts_octets(place: Any, listener: socket.socket) -> None:
    delivery = Syslog(Tcp(*listener.getsockname()), HEADER)
    records = [some_record(place, n=1), some_record(place, to="ü\nz")]

    delivery.deliver(records)
    with accepted(listener) as peer:
        delivery.close()
        found = b"".join(iter(lambda: peer.recv(1 << 16), b""))

    messages = []
    while found:
        size, _, found = found.partition(b" ")
        messages.append(found[: int(size)])
        found = found[int(size) :]
    assert messages == [as_message(each, HEADER) for each in records]


# JSON lines


def test_logstash_gets_lines_with_its_own_name_for_the_time(
    place: Any, listener: socket.socket
) -> None:
    delivery = JsonLines(Tcp(*listener.getsockname()))

    delivery.deliver([some_record(place, n=1), some_record(place, n=2)])
    with accepted(listener) as peer:
        delivery.close()
        found = b"".join(iter(lambda: peer.recv(1 << 16), b"")).splitlines()

    first, second = map(json.loads, found)
    assert (first["@timestamp"], first["@version"]) == ("2025-06-15T15:06:40.250000Z", "1")
    assert (first["n"], second["n"], "time" in first) == (1, 2, False)


def test_what_is_no_record_of_ours_is_left_as_it_is() -> None:
    assert as_event(b'{"a":1}\n') == b'{"a":1}\n'


def test_a_peer_that_closed_is_noticed_before_anything_is_lost(listener: socket.socket) -> None:
    connection = Tcp(*listener.getsockname())
    connection.send(b"first\n")
    with accepted(listener) as peer:
        assert peer.recv(100) == b"first\n"
        connection.send(b"more\n")
        assert peer.recv(100) == b"more\n"
        peer.sendall(b"bye")

    connection.send(b"second\n")

    with accepted(listener) as peer:
        assert peer.recv(100) == b"second\n"
    connection.close()


def test_records_of_an_outage_arrive_when_it_is_over(place: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    sink = Isolated(JsonLines(Tcp(*address)), clock=place.clock.monotonic, stop_within=PATIENCE)
    records = [some_record(place, n=number) for number in range(20)]
    for each in records:
        sink.write(each, 20)

    with socket.create_server(address) as server:
        server.settimeout(PATIENCE)
        closing = threading.Thread(target=sink.close)
        closing.start()
        with accepted(server) as peer:
            found = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        closing.join()

    assert found == b"".join(map(as_event, records))
    assert sink.dropped == 0


# OTLP


@dataclass
class Asked:
    """What a collector was asked, and what it answers."""

    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def collecting(asked: Asked) -> Iterator[None]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            asked.bodies.append(json.loads(body))
            asked.headers.append(dict(self.headers))
            asked.paths.append(self.path)
            status, headers, answer = asked.answers.pop(0) if asked.answers else (200, {}, b"{}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    asked.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def asked() -> Iterator[Asked]:
    found = Asked()
    with collecting(found):
        yield found


@pytest.fixture
def collector(asked: Asked) -> Iterator[Collector]:
    found = Collector(Endpoint(url=f"{asked.url}/base/", headers={"Authorization": "Bearer x"}))
    yield found
    found.close()


def test_a_collector_gets_what_the_data_model_asks_for(
    place: Any, asked: Asked, collector: Collector
) -> None:
    with traced() as trace:
        record = some_record(
            place,
            level="error",
            text="a",
            number=2**60,
            share=0.5,
            flag=True,
            nothing=None,
            many=[1, "b"],
            table={"c": 1},
        )
    place.log.named("mailer.smtp").info("connected")

    refused = collector.deliver([record, place.sink.records[-1]])

    assert refused == 0
    assert asked.paths == ["/base/v1/logs"]
    assert asked.headers[0]["Content-Type"] == "application/json"
    assert asked.headers[0]["Authorization"] == "Bearer x"
    (logs,) = asked.bodies[0]["resourceLogs"]
    assert logs["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "mailer"}},
        {"key": "service.instance.id", "value": {"stringValue": "mailer.2"}},
        {"key": "service.version", "value": {"stringValue": "1.4"}},
    ]
    assert [each["scope"] for each in logs["scopeLogs"]] == [
        {"name": "mailer"},
        {"name": "mailer.smtp"},
    ]
    assert logs["scopeLogs"][0]["logRecords"] == [
        {
            "timeUnixNano": "1750000000250000000",
            "observedTimeUnixNano": "1750000000250000000",
            "severityNumber": 17,
            "severityText": "ERROR",
            "body": {"stringValue": "mail.sent"},
            "traceId": trace.trace_id,
            "spanId": trace.span_id,
            "attributes": [
                {"key": "text", "value": {"stringValue": "a"}},
                {"key": "number", "value": {"intValue": str(2**60)}},
                {"key": "share", "value": {"doubleValue": 0.5}},
                {"key": "flag", "value": {"boolValue": True}},
                {"key": "nothing", "value": {}},
                {
                    "key": "many",
                    "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}},
                },
                {
                    "key": "table",
                    "value": {
                        "kvlistValue": {"values": [{"key": "c", "value": {"intValue": "1"}}]}
                    },
                },
            ],
        }
    ]


def test_an_error_has_the_attributes_of_the_conventions(
    place: Any, asked: Asked, collector: Collector
) -> None:
    collector.deliver([some_record(place, level="error", exc_info=ValueError("bad"))])

    (record,) = asked.bodies[0]["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    found = {each["key"]: each["value"]["stringValue"] for each in record["attributes"]}
    assert (found["exception.type"], found["exception.message"]) == ("ValueError", "bad")
    assert found["exception.stacktrace"] == "ValueError: bad"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_is_busy_says_when_to_come_again(
    place: Any, asked: Asked, collector: Collector, status: int
) -> None:
    asked.answers = [(status, {"Retry-After": "7"}, b"")]

    with pytest.raises(NotNow) as raised:
        collector.deliver([some_record(place)])

    assert raised.value.after == 7.0
    assert collector.deliver([some_record(place)]) == 0


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500])
def test_what_may_not_be_sent_again_is_refused(
    place: Any, asked: Asked, collector: Collector, status: int
) -> None:
    asked.answers = [(status, {}, b"no")]

    assert collector.deliver([some_record(place), some_record(place)]) == 2


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (b'{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}', 1),
        (b'{"partialSuccess":{}}', 0),
        (b"", 0),
        (b"[]", 0),
        (b"not json", 0),
        (b'{"partialSuccess":{"rejectedLogRecords":[]}}', 0),
        (b"x" * 100_000, 0),
    ],
)
def test_what_a_collector_takes_in_part_is_counted(
    place: Any, asked: Asked, collector: Collector, answer: bytes, refused: int
) -> None:
    asked.answers = [(200, {}, answer)]

    found = [collector.deliver([some_record(place)]) for _ in range(2)]

    assert found == [refused, 0]


def test_a_collector_that_is_not_there_is_tried_again(place: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    collector = Collector(Endpoint(url=f"http://127.0.0.1:{port}", compress=False))

    with pytest.raises(OSError, match="Connection refused"):
        collector.deliver([some_record(place)])


def test_a_collector_that_closed_the_connection_is_found_again(place: Any, asked: Asked) -> None:
    collector = Collector(Endpoint(url=asked.url, compress=False))
    asked.answers = [(200, {"Connection": "close"}, b"{}")]

    refused = [collector.deliver([some_record(place)]) for _ in range(2)]
    collector.close()

    assert refused == [0, 0]
    assert len(asked.bodies) == 2


@pytest.mark.parametrize("url", ["", "127.0.0.1:4318", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address of a collector"):
        Collector(Endpoint(url=url))


def test_secrets_of_a_collector_are_not_shown() -> None:
    endpoint = Endpoint(url="https://host/x", headers={"Authorization": "Bearer x"})

    assert "Bearer" not in repr(endpoint)
    assert Collector(endpoint).name == "otlp https://host/x/v1/logs"


def test_an_address_with_a_password_is_refused_without_saying_it() -> None:
    with pytest.raises(UsageError) as raised:
        Collector(Endpoint(url="https://user:swordfish@host"))

    assert "swordfish" not in str(raised.value)


# all of them


def test_every_delivery_can_stand_behind_a_queue(place: Any, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    make: list[Callable[[], Any]] = [
        lambda: Journal(nowhere),
        lambda: Syslog(unix_datagrams(nowhere), HEADER),
        lambda: JsonLines(Tcp("127.0.0.1", 1)),
    ]
    told: list[str] = []

    for each in make:
        sink = Isolated(each(), clock=place.clock.monotonic, stop_within=0.0, tell=told.append)
        sink.write(some_record(place), 20)
        sink.close()

    assert [each.partition(": ")[0] for each in told] == [
        f"journal {nowhere}",
        f"syslog {nowhere}",
        "json lines tcp 127.0.0.1:1",
    ]
