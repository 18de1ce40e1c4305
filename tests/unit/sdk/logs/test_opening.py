"""Places for records as people name them, and what is opened for each."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError, SystemFault
from svcctl.sdk.logs.buffered import Buffered
from svcctl.sdk.logs.descriptor import Descriptor
from svcctl.sdk.logs.destination import Destination, parse_destination
from svcctl.sdk.logs.isolated import Isolated
from svcctl.sdk.logs.levels import DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.opening import Opening, open_sinks
from svcctl.sdk.logs.rotating import RotatingFile
from svcctl.sdk.logs.sink import Sink
from svcctl.testing.fakes import FakeClock


def place(kind: str, level: int = DEBUG, **more: Any) -> Destination:
    return Destination(kind=kind, level=level, **more)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stdout", place("stdout")),
        ("stderr?level=error&buffered=yes", place("stderr", ERROR, buffered=True)),
        ("file:/var/log/m.log", place("file", path="/var/log/m.log")),
        ("file:C:\\logs\\m.log?keep=3", place("file", path="C:\\logs\\m.log", keep=3)),
        ("file:m.log?max_size=2M", place("file", path="m.log", max_size=2 << 20)),
        ("journal", place("journal")),
        ("syslog:/run/log", place("syslog", path="/run/log")),
        ("syslog+udp://host", place("syslog+udp", host="host", port=514)),
        ("syslog+tcp://[::1]:6514", place("syslog+tcp", host="::1", port=6514)),
        ("syslog+tls://host?ca=/a.pem", place("syslog+tls", host="host", port=6514, ca="/a.pem")),
        ("json+tls://host", place("json+tls", host="host", port=5000)),
        ("json+tcp://host:5000?level=info", place("json+tcp", INFO, host="host", port=5000)),
        ("otlp+https://host/base", place("otlp+https", host="host", port=4318, path="/base")),
        ("event-log", place("event-log", WARNING)),
    ],
)
def test_a_place_is_read(text: str, found: Destination) -> None:
    assert parse_destination(text) == found


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("", "'' is no place for a log", "write for example"),
        ("stdot", "'stdot' is no place for a log", "did you mean 'stdout'?"),
        ("file:", "'file:' names no file", "write for example"),
        ("stdout?keep=1", "a log to 'stdout' has no option 'keep'", "it takes buffered, level"),
        ("file:x?kep=1", "a log to 'file' has no option 'kep'", "did you mean 'keep'?"),
        ("file:x?keep=-1", "'-1' is not a number of files", "keep=5"),
        ("file:x?max_size=5", "'5' is not a size", "write for example"),
        ("file:x?buffered=1", "'1' is neither yes nor no", "buffered=yes"),
        ("stdout?level=loud", "there is no level 'loud'", "use one of"),
        ("json+tcp://host?ca=x", "a log to 'json+tcp' has no option 'ca'", "it takes level"),
        ("json+tcp:host:1", "a log to 'json+tcp' needs a host", "write for example"),
        ("json+tcp://u:swordfish@host:1", "a log to 'json+tcp' needs a host, and no password", ""),
        ("json+tcp://host:port", "is no address: Port could not be cast", "write for example"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, problem: str, hint: str) -> None:
    with pytest.raises(SpecError) as raised:
        parse_destination(text)

    assert problem in raised.value.problem
    assert hint in raised.value.hint
    assert "swordfish" not in raised.value.problem


@given(text=st.text(alphabet="stdoutfile:/?&=lv[]@1M%+jncp"))
def test_no_text_raises_anything_unforeseen(text: str) -> None:
    try:
        parse_destination(text)
    except SpecError:
        return


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    with ExitStack() as stack:
        told: list[str] = []

        def open_(*texts: str) -> Sink:
            opening = Opening(
                clock=FakeClock(), environ={}, headers={"Authorization": "x"}, tell=told.append
            )
            sink = open_sinks([text.format(tmp_path) for text in texts], opening)
            stack.callback(sink.close)
            return sink

        yield open_


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("stdout", Descriptor),
        ("stderr", Descriptor),
        ("stdout?buffered=yes", Buffered),
        ("file:{}/m.log", RotatingFile),
        ("file:{}/m.log?buffered=yes", Buffered),
        ("journal:{}/journal", Isolated),
        ("syslog:{}/log", Isolated),
        ("syslog+tcp://127.0.0.1:1", Isolated),
        ("json+tcp://127.0.0.1:1", Isolated),
        ("json+tls://127.0.0.1:1", Isolated),
        ("syslog+tls://127.0.0.1:1", Isolated),
        ("otlp+http://127.0.0.1:1", Isolated),
    ],
)
@pytest.mark.usefixtures("capfd")  # no test writes to a terminal
def test_each_place_can_be_opened(opened: Callable[..., Sink], text: str, kind: type) -> None:
    assert isinstance(opened(text), kind)


def test_records_go_to_all_places_that_want_them(
    opened: Callable[..., Sink], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60.0)
        port = server.getsockname()[1]
        sink = opened(
            "file:{}/all.log", "file:{}/bad.log?level=error", f"syslog+udp://127.0.0.1:{port}"
        )
        record = (
            b'{"time":"2026-11-21T14:00:00.000000Z","level":"info","event":"tick","service":"m"}\n'
        )

        sink.write(record, INFO)
        sink.write(record.replace(b"info", b"error"), ERROR)
        received = [server.recv(1000) for _ in range(2)]

    assert (tmp_path / "all.log").read_bytes().count(b"\n") == 2
    assert b'"error"' in (tmp_path / "bad.log").read_bytes()
    assert (tmp_path / "bad.log").read_bytes().count(b"\n") == 1
    assert [each[:5] for each in received] == [b"<30>1", b"<27>1"]


def test_the_event_log_is_opened_for_warnings(
    opened: Callable[..., Sink], monkeypatch: pytest.MonkeyPatch
) -> None:
    from svcctl.sdk.logs import event_log

    reported: list[object] = []

    def report(entry: object) -> bool:
        reported.append(entry)
        return True

    delivery = event_log.EventLog(report=report)
    monkeypatch.setattr(event_log, "of_this_machine", lambda: delivery)
    sink = opened("event-log")
    record = b'{"time":"2026-11-21T14:00:00.000000Z","level":"warning","event":"late"}\n'

    sink.write(record, INFO)
    sink.write(record, WARNING)
    sink.close()

    assert len(reported) == 1


def test_nothing_stays_open_when_one_cannot_be_opened(
    opened: Callable[..., Sink], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(SystemFault):
        opened("file:{}/first.log", "file:{}/file/second.log")

    os.rename(tmp_path / "first.log", tmp_path / "moved.log")  # Windows refuses it for open files


def test_a_mistake_is_told_before_anything_is_opened(
    opened: Callable[..., Sink], tmp_path: Path
) -> None:
    with pytest.raises(SpecError):
        opened("file:{}/first.log", "nowhere")

    assert list(tmp_path.iterdir()) == []


def test_secrets_of_an_opening_are_not_shown() -> None:
    opening = Opening(clock=FakeClock(), environ={}, headers={"Authorization": "swordfish"})

    assert "swordfish" not in repr(opening)
