"""Crash reports arrive at a URL, once each as far as anybody can tell, and no secret with them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import NotDelivered, UsageError
from svcctl.sdk.crash.folder import CrashFolder, report_name
from svcctl.sdk.crash.http_upload import HttpUploader
from svcctl.sdk.crash.upload import Sent, send_unsent
from svcctl.sdk.resilience.retry import without_waits
from svcctl.system.clock import SystemClock

NAME = report_name(stamp="20261121", fingerprint="a", number="1")


@dataclass
class Receiver:
    """Answers with *statuses*, one after the other, then with 201."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)

    def url(self, before: str = "") -> str:
        return f"http://{before}127.0.0.1:{self.port}/reports?of=mailer"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = {name.lower(): value for name, value in self.headers.items()}
            made.heard.append({"path": self.path, "headers": asked, "body": json.loads(body)})
            self.send_response(made.statuses.pop(0) if made.statuses else 201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        made.port = int(server.server_address[1])
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield made
        server.shutdown()
        serving.join()


@pytest.fixture
def folder(tmp_path: Path) -> CrashFolder:
    made = CrashFolder(str(tmp_path))
    made.add(NAME, {"fingerprint": "a", "password": "***"})
    return made


def sent(folder: CrashFolder, url: str, **headers: str) -> Sent:
    uploader = HttpUploader(url, clock=SystemClock(), headers=headers)
    with without_waits(attempts=3):
        return asyncio.run(send_unsent(folder, uploader))


def test_a_report_is_posted_as_it_is_and_once(folder: CrashFolder, receiver: Receiver) -> None:
    assert sent(folder, receiver.url(), Tenant="shop") == Sent(sent=1)
    assert sent(folder, receiver.url()) == Sent()

    (heard,) = receiver.heard
    assert heard["path"] == "/reports?of=mailer"
    assert heard["body"] == {"fingerprint": "a", "password": "***"}
    assert heard["headers"]["idempotency-key"] == NAME
    assert heard["headers"]["tenant"] == "shop"
    assert heard["headers"]["content-type"].startswith("application/json")


def test_a_receiver_in_trouble_is_asked_again(folder: CrashFolder, receiver: Receiver) -> None:
    receiver.statuses = [503, 429]

    assert sent(folder, receiver.url()) == Sent(sent=1)

    assert [each["headers"]["idempotency-key"] for each in receiver.heard] == [NAME] * 3


@pytest.mark.parametrize("status", [301, 401, 404, 500])
def test_what_is_not_taken_stays_for_another_time(
    folder: CrashFolder, receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status] * 3

    found = sent(folder, receiver.url())

    assert (found.sent, found.left) == (0, 1)
    assert found.problem == f"{NAME}: NotDelivered: '127.0.0.1' answered {status}"
    assert sent(folder, receiver.url()) == Sent(sent=1)


def test_a_report_that_would_be_refused_for_ever_is_not_sent_again(
    folder: CrashFolder, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = [413]

    with caplog.at_level(logging.WARNING):
        assert sent(folder, receiver.url()) == Sent(sent=1)

    assert len(receiver.heard) == 1
    assert folder.names() == [NAME]
    assert [each.message for each in caplog.records] == ["crash.refused"]


def test_who_posts_says_who_he_is_and_nobody_else_hears_it(
    folder: CrashFolder, receiver: Receiver
) -> None:
    receiver.statuses = [401] * 3

    found = sent(folder, receiver.url("ann:sword%20fish@"))

    given = receiver.heard[0]["headers"]["authorization"]
    assert base64.b64decode(given.removeprefix("Basic ")) == b"ann:sword fish"
    assert "sword" not in found.problem
    assert receiver.heard[0]["headers"]["host"] == f"127.0.0.1:{receiver.port}"


def test_a_receiver_that_is_not_there_is_told_without_the_password() -> None:
    nobody = HttpUploader("http://ann:swordfish@127.0.0.1:1/", clock=SystemClock())

    with without_waits(attempts=2), pytest.raises(NotDelivered) as raised:
        asyncio.run(nobody.upload(NAME, {}))

    assert "'127.0.0.1' cannot be asked" in raised.value.problem
    assert "swordfish" not in str(raised.value)
    assert nobody.name == "127.0.0.1"


@pytest.mark.parametrize("url", ["", "ftp://host/", "https://", "host/reports"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(UsageError, match="no address of HTTP"):
        HttpUploader(url, clock=SystemClock())
