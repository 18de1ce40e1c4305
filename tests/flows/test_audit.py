"""Who did what: from the command line to the proof, by a real agent."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.conftest import Box

pytestmark = [pytest.mark.slow, pytest.mark.posix]

WEB = """
[services.web]
exec = ["sleep", "1000"]
env = { API_TOKEN = "hush" }
[services.db]
exec = ["sleep", "1000"]
"""
DENIED = """
[[access.rules]]
effect = "deny"
verbs = ["stop"]
services = ["db"]
why = "ask the database team"
"""


def test_what_was_done_and_refused_is_told_and_proven_and_tampering_is_found(box: Box) -> None:
    box.start_agent()
    box.apply(WEB + DENIED)

    box.ok("restart", "web", "--reason", "new disks")
    denied = box.cli("stop", "db", "--reason", "token=hush")
    box.ok("logs", "web", "-n", "1")
    rows = box.ok("audit", "-o", "json").json()

    assert denied.status == 6
    assert "ask the database team" in denied.err
    assert "hush" not in json.dumps(rows)
    told = [(row["verb"], row["target"], row["outcome"]) for row in rows][:6]
    assert told == [
        ("apply", "db web", "asked"),
        ("apply", "db web", "done"),
        ("restart", "web", "asked"),
        ("restart", "web", "done"),
        ("stop", "db", "asked"),
        ("stop", "db", "SVC-1500"),
    ]
    assert rows[2]["reason"] == "new disks"
    assert rows[2]["actor"].startswith("uid:")

    verified = box.ok("audit", "--verify")
    assert "each as it was written" in verified.out
    head = verified.err.rpartition("--head ")[2].strip()
    box.ok("agent", "stop", "--reason", "the end")
    box.ok("audit", "--verify", "--head", head)

    state = next(Path(box.home).rglob("state.db"))
    with closing(sqlite3.connect(state, isolation_level=None)) as db:
        db.execute("DROP TRIGGER audit_is_not_changed")
        db.execute("UPDATE audit SET outcome='done' WHERE number=6")
    found = box.cli("audit", "--verify")
    assert found.status == 1
    assert "row 6 was changed" in found.out


def test_an_explanation_names_the_rule_with_its_place(box: Box) -> None:
    box.start_agent()
    box.apply(WEB + DENIED)

    denied = box.cli("auth", "explain", "token:ci", "stop", "db", "--roles", "operator")
    allowed = box.cli("auth", "explain", "token:ci", "stop", "web", "--roles", "operator")

    assert (denied.status, allowed.status) == (1, 0)
    assert f"{box.home / 'svcctl.toml'}:9" in denied.out
    assert denied.out.splitlines()[-1] == "denied: rule deny: ask the database team"


def test_a_mistake_in_access_changes_nothing(box: Box) -> None:
    box.start_agent()
    box.apply(WEB + DENIED)

    refused = box.cli("apply", str(box.write(WEB + DENIED.replace('"stop"', '"stopp"'))), "--yes")

    assert refused.status == 78
    assert "svcctl.toml:10:10: there is no verb 'stopp'" in refused.err
    assert box.cli("stop", "db").status == 6


def test_a_token_is_shown_once_and_is_in_no_log(box: Box) -> None:
    box.start_agent()

    token = box.ok("auth", "token", "issue", "me", "--first", "--for", "5m").out.strip()
    again = box.cli("auth", "token", "issue", "you", "--first")
    listed = box.ok("auth", "token", "list", "-o", "json").json()
    box.ok("auth", "token", "revoke", listed[0]["id"][:8], "--reason", "a try")

    assert token.count(".") == 2
    assert again.status == 1
    (state,) = [each["state"] for each in box.ok("auth", "token", "list", "-o", "json").json()]
    assert state == "revoked"
    secret = token.rpartition(".")[2].encode()
    files = [each for each in Path(box.home).rglob("*") if each.is_file()]
    assert not [each for each in files if secret in each.read_bytes()]
