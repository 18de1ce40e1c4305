"""Which logs of others are followed, and how far they were read."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]

ROW = {
    "name": "nginx",
    "kind": "files",
    "service": "web",
    "from": ["/a.log", "/b.log"],
    "rules": 2,
    "lines": 7,
    "behind_bytes": 2048,
    "last_at": None,
    "problem": "/a.log: permission denied",
}


def test_each_watch_is_a_row(agent: Any, capsys: Captured) -> None:
    journal = {**ROW, "name": "sshd", "kind": "journal", "service": "", "problem": ""}
    agent.says("watch-list", [ROW, {**journal, "from": ["a.service"], "last_at": time.time()}])

    assert main(["watch", "list"]) == 0

    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["NAME", "SERVICE", "FROM", "RULES"]
    assert first.split() == [
        *("nginx", "web", "/a.log", "/b.log", "2", "7", "2", "KiB", "-"),
        *("/a.log:", "permission", "denied"),
    ]
    assert second.split()[:4] == ["sshd", "-", "journal:", "a.service"]
    assert second.split()[-2:] == ["ago", "-"]


def test_programs_get_all_of_it(agent: Any, capsys: Captured) -> None:
    agent.says("watch-list", [ROW])

    assert main(["watch", "list", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == [ROW]


def test_where_nothing_is_watched_it_says_how(agent: Any, capsys: Captured) -> None:
    agent.says("watch-list", [])

    assert main(["watch", "list"]) == 0

    said = capsys.readouterr()
    assert said.out == "no log is watched\n"
    assert "[[watch]]" in said.err
