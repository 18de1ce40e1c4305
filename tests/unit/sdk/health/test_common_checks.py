"""The common checks find what is really there: disks, servers, ports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bench.ports import free_port
from svcctl.errors import SpecError, UsageError
from svcctl.sdk.health.common_checks import DiskSpace, Port, QueueLag, Url
from svcctl.sdk.health.result import Status


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/").partition("?")[0]))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that answers with the status in the path."""
    made = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join(60)
    made.server_close()


@pytest.mark.parametrize(
    ("degraded", "down", "status"),
    [(0, 0, Status.UP), (2**62, 0, Status.DEGRADED), (2**62, 2**61, Status.DOWN)],
)
def test_a_disk_that_fills_up_is_degraded_and_then_down(
    tmp_path: Path, degraded: int, down: int, status: Status
) -> None:
    found = DiskSpace(path=str(tmp_path), degraded=degraded, down=down)()

    assert found.status is status
    assert found.details["path"] == str(tmp_path)
    assert isinstance(found.details["free_bytes"], int)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(200, Status.UP), (302, Status.UP), (404, Status.DOWN), (503, Status.DOWN)],
)
def test_a_url_is_up_when_it_is_answered_well(server: str, answer: int, status: Status) -> None:
    found = Url(url=f"http://ann:secret@{server}/{answer}?token=abc")()

    assert found.status is status
    assert found.details == {"url": f"http://{server}/{answer}", "status": answer}


def test_a_url_that_nobody_answers_is_an_error() -> None:
    with pytest.raises(OSError, match="refused"):
        Url(url=f"http://127.0.0.1:{free_port()}/")()


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "host/x"])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="no URL"):
        Url(url=url)


def test_a_port_is_up_where_somebody_accepts(server: str) -> None:
    host, _, port = server.partition(":")

    assert Port(host=host, port=int(port))().details == {"address": server}
    with pytest.raises(OSError, match="refused"):
        Port(host=host, port=free_port())()


@pytest.mark.parametrize(
    ("lag", "status"), [(0, Status.UP), (5, Status.DEGRADED), (60.5, Status.DOWN)]
)
def test_a_queue_that_is_not_worked_off_is_degraded_and_then_down(
    lag: float, status: Status
) -> None:
    found = QueueLag(lag=lambda: lag, degraded="5s", down=60)()

    assert found.status is status
    assert found.details == {"lag_seconds": lag}


def test_a_length_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="not a duration"):
        QueueLag(lag=lambda: 0, degraded="soon", down=60)
    with pytest.raises(SpecError, match="not a size"):
        DiskSpace(path=str(tmp_path), down="little")
