"""A real rsyslog takes what is sent, over TCP and UDP, as it was written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from svcctl.spec.shipping import Transport
from tests.flows.conftest import PATIENCE, whole_lines
from tests.flows.ship.deliveries import entries, receiver

pytestmark = pytest.mark.slow

CONFIG = """
module(load="imtcp")
module(load="imudp")
global(workDirectory="{folder}" parser.escapeControlCharactersOnReceive="off" maxMessageSize="64k")
template(name="found" type="list" option.jsonf="on") {{
  property(outname="text" name="msg" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="severity" name="syslogseverity" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
}}
ruleset(name="all") {{ action(type="omfile" file="{folder}/found" template="found") }}
input(type="imtcp" port="0" listenPortFileName="{folder}/tcp" address="127.0.0.1" ruleset="all")
input(type="imudp" port="0" address="127.0.0.1" ruleset="all")
"""
TEXTS = ["plain", "ünï 漢字", 'quote " back \\ bracket ]', "two\nlines"]


class Rsyslog:
    """One that runs in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "rsyslog.conf"
        path.write_text(CONFIG.format(folder=folder))
        found = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
        with (folder / "stderr").open("wb") as said:
            self.process = subprocess.Popen(
                [found, "-n", "-f", str(path), "-i", str(folder / "pid")], stdout=said, stderr=said
            )

    def port(self, transport: Transport) -> int:
        if transport is Transport.UDP:
            return self._udp_port()
        try:
            return int((self.folder / "tcp").read_text() or 0)
        except FileNotFoundError:
            assert self.process.poll() is None, (self.folder / "stderr").read_text()
            return 0

    def _udp_port(self) -> int:
        """Give the port of its only UDP socket: it can write down none but those of TCP."""
        here = Path(f"/proc/{self.process.pid}")
        held = {os.readlink(each) for each in (here / "fd").iterdir() if each.is_symlink()}
        for line in (here / "net" / "udp").read_text().splitlines()[1:]:
            columns = line.split()
            if f"socket:[{columns[9]}]" in held:
                return int(columns[1].partition(":")[2], 16)
        return 0

    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in whole_lines(self.folder / "found")]


@pytest.fixture
def rsyslog(tmp_path: Path, until: Any) -> Iterator[Rsyslog]:
    made = Rsyslog(tmp_path)
    try:
        until(lambda: made.port(Transport.TCP), what="rsyslog listens")
        yield made
    finally:
        made.process.terminate()
        made.process.wait(PATIENCE)


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_every_text_arrives_with_what_it_is(
    rsyslog: Rsyslog, transport: Transport, until: Any
) -> None:
    port = until(lambda: rsyslog.port(transport), what="it listens")
    options: Any = {"host": "127.0.0.1", "port": port, "transport": transport, "facility": 16}

    with closing(receiver("syslog", **options)) as found:
        found.deliver(entries(*TEXTS))

    until(lambda: len(rsyslog.taken()) == len(TEXTS), what="all arrive")
    taken = rsyslog.taken()
    assert [each["text"].removeprefix("\ufeff") for each in taken] == TEXTS
    assert {(each["facility"], each["severity"]) for each in taken} == {("16", "6")}
    assert taken[0]["app"] == "web.1"
    assert 'service="web" instance="web.1" stream="stdout" id="spool-1-0"' in taken[0]["data"]
    assert taken[0]["time"].startswith("2025-11-21T")


def test_thousands_of_messages_keep_their_order(rsyslog: Rsyslog, until: Any) -> None:
    texts = [f"line {number}" for number in range(5000)]
    options: Any = {"host": "127.0.0.1", "port": rsyslog.port(Transport.TCP)}

    with closing(receiver("syslog", **options)) as found:
        for first in range(0, 5000, 500):
            found.deliver(entries(*texts[first : first + 500]))

    until(lambda: len(rsyslog.taken()) == 5000, what="all arrive")
    assert [each["text"] for each in rsyslog.taken()] == texts
