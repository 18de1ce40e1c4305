"""What a service of the SDK logs to the real journal, as journalctl shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

PROGRAM = """
import time
from svcctl.sdk.logs.isolated import Isolated
from svcctl.sdk.logs.journald import Journal
from svcctl.sdk.logs.logger import Logs, Source
from svcctl.sdk.logs.trace import traced
from svcctl.system.clock import SystemClock

sink = Isolated(Journal(), clock=time.monotonic)
logs = Logs(source=Source(service="scribe", version="1.4"), sink=sink, clock=SystemClock())
with traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
    logs.logger().error("mail.failed", to="ann\\nbob", message="mine", tries=3)
logs.logger().info("mail.large", text="x" * 1_000_000)
logs.close()
assert sink.dropped == 0
"""


def entries(host: Any) -> list[dict[str, Any]]:
    host.run("journalctl", "--sync")
    said = host.sh("journalctl --all -o json SYSLOG_IDENTIFIER=scribe")
    return [json.loads(line) for line in said.splitlines()]


def test_every_field_is_in_the_journal_whatever_its_size(host: Any) -> None:
    host.write("/srv/mailer.py", PROGRAM)

    host.run("python3", "/srv/mailer.py", PYTHONPATH="/opt/svcctl:/opt/site")

    failed, large = entries(host)
    assert failed["MESSAGE"] == 'mail.failed to="ann\\nbob" message=mine tries=3'
    assert (failed["PRIORITY"], large["PRIORITY"]) == ("3", "6")
    assert (failed["TO"], failed["F_MESSAGE"], failed["TRIES"]) == ("ann\nbob", "mine", "3")
    assert (failed["SERVICE"], failed["VERSION"]) == ("scribe", "1.4")
    assert failed["TRACE_ID"] == "0af7651916cd43dd8448eb211c80319c"
    assert large["TEXT"] == "x" * 1_000_000
