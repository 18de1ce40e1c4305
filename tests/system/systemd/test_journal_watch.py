"""A real journal is followed by an agent: through a restart of journald and a kill of the agent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

HOME = "/srv/watching"
WATCH = """
[[watch]]
name = "chronicle"
journal = ["SYSLOG_IDENTIFIER=chronicler"]
priority = "warning"
[[watch.rules]]
match = "lost"
cooldown = "0s"
"""


def seen(host: Any) -> list[str]:
    said = host.sh(f"svcctl --home {HOME} events -n 1000 -o jsonl")
    events = [json.loads(line) for line in said.splitlines()]
    return [
        line
        for each in events
        if each["kind"] == "FindingMade"
        for line in each["fields"]["samples"]
    ]


def write(host: Any, *numbers: int) -> None:
    for number in numbers:
        host.run("logger", "-t", "chronicler", "-p", "user.err", f"lost {number}")


def test_no_entry_of_the_journal_is_lost(clean: Any) -> None:
    host = clean
    host.write("/srv/watch.toml", WATCH)
    write(host, 0)
    host.svcctl("--home", HOME, "agent", "run", "--detach")
    try:
        host.svcctl("--home", HOME, "apply", "/srv/watch.toml")
        write(host, 1, 2)
        host.run("logger", "-t", "chronicler", "-p", "user.info", "lost as it is not grave")
        host.run("logger", "-t", "other", "-p", "user.err", "lost as nobody asked")
        until(lambda: len(set(seen(host))) == 2, what="what came first")
        host.run("systemctl", "restart", "systemd-journald")
        write(host, 3)
        until(lambda: len(set(seen(host))) == 3, what="what came after a restart of journald")
        host.sh(
            f"kill -9 $(svcctl --home {HOME} agent status -o json | grep -o '\"pid\": *[0-9]*'"
            " | grep -o '[0-9]*')"
        )
        write(host, 4, 5)
        host.svcctl("--home", HOME, "agent", "run", "--detach")

        until(lambda: len(set(seen(host))) == 5, what="what came meanwhile")
        shown = json.loads(host.sh(f"svcctl --home {HOME} logs --watch chronicle -o json"))
    finally:
        host.svcctl("--home", HOME, "agent", "stop")

    assert sorted(set(seen_of(shown))) == [f"lost {number}" for number in range(6)]
    assert {each["level"] for each in shown} == {"error"}
    assert {each["fields"]["SYSLOG_IDENTIFIER"] for each in shown} == {"chronicler"}


def seen_of(shown: list[dict[str, Any]]) -> list[str]:
    return [each["message"] for each in shown]
