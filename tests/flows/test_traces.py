"""A collector gets what the agent does and what it keeps, as OTLP has it."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.flows.conftest import PATIENCE, Box, until

pytestmark = [pytest.mark.slow, pytest.mark.posix]

SERVICES = """
[services.web]
exec = ["sh", "-c", "echo $TRACEPARENT; exec sleep 600"]
[services.bad]
exec = ["sh", "-c", "exit 3"]
restart = { policy = "never" }
"""


class Collector:
    """Takes spans over HTTP on a port of its own."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.take(self.path, body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        self.spans += [
            span
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [each for each in self.spans if each.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def test_a_collector_sees_verbs_and_lives_and_programs_know_theirs(
    box: Box, collector: Collector
) -> None:
    box.variables["SVCCTL_AGENT_TRACES"] = collector.url
    agent = box.start_agent()
    box.apply(SERVICES, "--no-wait")
    box.until_phase("web", "running")
    told = until(lambda: box.ok("logs", "web").out).split()[-1]
    box.until_phase("bad", "stopped", "failed", "finished")

    box.ok("agent", "stop")
    agent.wait(PATIENCE)

    (web,), (bad,) = collector.named("run web"), collector.named("run bad")
    assert told.startswith(f"00-{web.trace_id.hex()}-{web.span_id.hex()}-")
    assert bad.status.code == Status.STATUS_CODE_ERROR
    assert bad.status.message == "code 3"
    assert web.status.code != Status.STATUS_CODE_ERROR
    assert {each.parent_span_id for each in collector.named("stop")} == {web.span_id}
    (apply, *_) = collector.named("apply")
    assert web.trace_id in {each.trace_id for each in collector.named("apply")}
    assert {each.key: each.value.string_value for each in apply.attributes}[
        "svcctl.verb"
    ] == "apply"


def test_nothing_is_loaded_where_no_traces_are_made(box: Box) -> None:
    box.variables["PYTHONPROFILEIMPORTTIME"] = "1"
    box.start_agent()

    assert "svcctl.bootstrap.agent" in box.said()
    assert "opentelemetry" not in box.said()
    assert "svcctl.observe.traces" not in box.said()


def test_a_collector_that_is_away_holds_nobody_up(box: Box) -> None:
    box.variables["SVCCTL_AGENT_TRACES"] = "http://127.0.0.1:9"
    agent = box.start_agent()
    box.apply(SERVICES, "--no-wait")
    box.until_phase("web", "running")

    box.ok("agent", "stop")

    assert agent.wait(PATIENCE) == 0


def test_what_is_no_url_is_refused(box: Box) -> None:
    ran = box.cli("agent", "run", "--traces", "localhost:4318")

    assert ran.status == 2
    assert "http://localhost:4318" in ran.err
