"""Stand-ins for receivers: they take only what the protocol allows, and refuse at will."""

from __future__ import annotations

import gzip
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Check = Callable[[str, bytes, dict[str, str]], tuple[int, object]]
"""Takes path, body (unpacked) and headers; gives status and answer, or raises AssertionError."""


@dataclass
class Stand:
    """A receiver at *port*; *taken* is what it took, *wrong* what broke the protocol.

    *moods* are answered first, in their order: a status instead of what the protocol would say.
    """

    port: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    moods: list[int] = field(default_factory=list)
    status: int = 200
    refuse: Callable[[dict[str, Any]], str] = lambda _: ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        return [each["text"] for each in self.taken]


@contextmanager
def over_http(stand: Stand, check: Callable[[Stand], Check]) -> Iterator[Stand]:
    """Have *stand* answer by HTTP as *check* says."""
    answer = check(stand)

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # who sent it was killed meanwhile
                self.close_connection = True
                return
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            stand.requests.append(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            stand.headers.append(headers)
            mood = stand.moods.pop(0) if stand.moods else stand.status
            if mood != 200:
                self.say(mood, {"error": "a mood"})
                return
            try:
                self.say(*answer(self.path, body, headers))
            except (AssertionError, KeyError, ValueError, TypeError) as error:
                stand.wrong.append(repr(error))
                self.say(400, {"error": repr(error)})

        def say(self, status: int, answer: object) -> None:
            said = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        stand.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield stand
        finally:
            server.shutdown()
            thread.join()


def loki(stand: Stand) -> Check:
    """Loki's push API: labels are texts, times are texts of nanoseconds, a 204 has no body."""

    def check(path: str, body: bytes, headers: dict[str, str]) -> tuple[int, object]:
        assert path == "/loki/api/v1/push"
        assert headers["content-type"] == "application/json"
        lines = []
        for stream in json.loads(body)["streams"]:
            assert set(stream) == {"stream", "values"}
            assert all(re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", each) for each in stream["stream"])
            assert all(isinstance(each, str) for each in stream["stream"].values())
            for at, text in stream["values"]:
                assert re.fullmatch("[0-9]{19}", at)
                lines.append({"text": text, "at": at, "labels": stream["stream"]})
        assert lines
        refused = [each for each in lines if stand.refuse(each)]
        stand.taken += [each for each in lines if each not in refused]
        if refused:
            return 400, {"message": stand.refuse(refused[0])}
        return 204, None

    return check


def elasticsearch(stand: Stand) -> Check:
    """The bulk API into a data stream: only ``create``, every id once, every line closed."""
    ids: set[str] = set()

    def check(path: str, body: bytes, headers: dict[str, str]) -> tuple[int, object]:
        assert re.fullmatch(r"/logs-svcctl-default/_bulk(\?filter_path=[a-z.,*]+)?", path)
        assert headers["content-type"] == "application/x-ndjson"
        assert body.endswith(b"\n")
        lines = body.splitlines()
        assert len(lines) % 2 == 0
        items = []
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            ((kind, meta),) = json.loads(action).items()
            document = json.loads(source)
            assert kind == "create"
            datetime.fromisoformat(document["@timestamp"])
            status, error = 201, stand.refuse(document)
            if meta["_id"] in ids:
                status = 409
            elif error:
                status = 429 if error == "busy" else 400
            else:
                ids.add(meta["_id"])
                stand.taken.append({**document, "text": document["event"]["original"]})
            failure = {"error": {"type": "mapper", "reason": error}} if status >= 400 else {}
            items.append({"create": {"status": status, **failure}})
        return 200, {"errors": any("error" in each["create"] for each in items), "items": items}

    return check


def otlp(stand: Stand) -> Check:
    """OTLP in JSON: 64-bit numbers are texts, ids are hex, one value has one type."""

    def value(found: dict[str, Any]) -> object:
        assert len(found) <= 1
        for kind, each in found.items():
            assert kind in {
                *("stringValue", "boolValue", "intValue", "doubleValue"),
                *("arrayValue", "kvlistValue"),
            }
            assert kind != "intValue" or isinstance(each, str)
            return each
        return None

    def check(path: str, body: bytes, headers: dict[str, str]) -> tuple[int, object]:
        assert path == "/v1/logs"
        assert headers["content-type"] == "application/json"
        (key,) = json.loads(body)
        assert key == "resourceLogs"
        for resource in json.loads(body)["resourceLogs"]:
            of = {each["key"]: value(each["value"]) for each in resource["resource"]["attributes"]}
            assert of["service.name"]
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    assert re.fullmatch("[0-9]+", record["timeUnixNano"])
                    assert 0 <= record["severityNumber"] <= 24
                    assert re.fullmatch("[0-9a-f]{32}", record.get("traceId", "0" * 32))
                    named = {each["key"]: value(each["value"]) for each in record["attributes"]}
                    text = named["log.record.original"]
                    stand.taken.append({"text": text, "of": of, "named": named, **record})
        rejected = sum(bool(stand.refuse(each)) for each in stand.taken)
        said = {"rejectedLogRecords": str(rejected), "errorMessage": "quota"} if rejected else {}
        return 200, {"partialSuccess": said} if said else {}

    return check


@contextmanager
def over_tcp(
    stand: Stand, split: Callable[[Stand, bytes], bytes], *, tls: ssl.SSLContext | None = None
) -> Iterator[Stand]:
    """Have *stand* take bytes: *split* takes what is whole, and gives the rest.

    A mood cuts a connection after so many bytes.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    stand.port = listening.getsockname()[1]

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
            with spoken:
                rest, most = b"", stand.moods.pop(0) if stand.moods else 1 << 40
                while most > 0 and (some := spoken.recv(min(65_536, most))):
                    rest, most = split(stand, rest + some), most - len(some)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield stand
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def json_lines(stand: Stand, content: bytes) -> bytes:
    """The codec json_lines of Logstash."""
    *lines, rest = content.split(b"\n")
    for each in lines:
        document = json.loads(each)
        if document["@version"] != "1":
            stand.wrong.append("no @version")
        stand.taken.append({**document, "text": document["event"]["original"]})
    return rest


_MESSAGE = re.compile(
    rb"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (\[svcctl@32473( \S+=\"[^\"]*\")*\]) (.*)",
    re.DOTALL,
)


def octets(stand: Stand, content: bytes) -> bytes:
    """RFC 5424 with octet counting (RFC 6587, 3.4.1)."""
    while match := re.match(rb"([1-9]\d{0,8}) ", content):
        end = match.end() + int(match[1])
        if len(content) < end:
            return content
        take_message(stand, content[match.end() : end])
        content = content[end:]
    if content and not re.fullmatch(rb"[1-9]\d{0,8}", content):
        stand.wrong.append(f"no count: {content[:20]!r}")
    return content


def take_message(stand: Stand, message: bytes) -> None:
    """Take one message of RFC 5424."""
    match = _MESSAGE.fullmatch(message)
    if match is None:
        stand.wrong.append(f"no message: {message[:80]!r}")
        return
    datetime.fromisoformat(match[2].decode())
    text = match[9].removeprefix(b"\xef\xbb\xbf").decode()
    stand.taken.append({"text": text, "priority": int(match[1]), "app": match[4].decode()})
