"""What ``svcctl audit`` and ``svcctl auth explain`` show, of an agent and of what one left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap.local import paths
from svcctl.cli.main import main
from svcctl.engine.store import SqliteStore
from svcctl.ports import AuditEntry

Captured = pytest.CaptureFixture[str]

BEFORE: dict[str, Any] = {
    "number": 1,
    "at": 1_790_000_000.0,
    "asked": "a1",
    "actor": "uid:0",
    "way": "local",
    "source": "this machine",
    "verb": "stop",
    "target": "web",
    "args": "{}",
    "reason": "new disks",
    "outcome": "asked",
    "before": "",
    "seal": "0" * 64,
}
AFTER = BEFORE | {"number": 2, "at": 1_790_000_001.0, "reason": "", "outcome": "done"}
DENIED = BEFORE | {"number": 3, "asked": "b2", "outcome": "SVC-1500", "reason": ""}
SOUND = {"sound": True, "rows": 2, "head": f"2:{'0' * 64}", "found": []}
TAMPERED = SOUND | {"sound": False, "found": [{"number": 2, "problem": "row 2 was changed"}]}


def write(path: str, count: int) -> None:
    store = SqliteStore(path)
    for number in range(count):
        store.record(
            AuditEntry(
                at=float(number),
                asked=f"{number}",
                actor="uid:0",
                way="local",
                verb="start",
                target="web",
                outcome="done",
            )
        )
    store.close()


def test_each_request_is_one_line_with_its_outcome(agent: Any, capsys: Captured) -> None:
    agent.says("audit", [BEFORE, AFTER, DENIED])

    assert main(["audit", "--service", "web", "-n", "5"]) == 0

    heading, stop, denied = capsys.readouterr().out.splitlines()
    assert heading.split() == ["WHEN", "WHO", "BY", "VERB", "WHAT", "OUTCOME", "WHY"]
    assert stop.split()[2:] == ["uid:0", "local", "stop", "web", "done", "new", "disks"]
    assert denied.split()[-2:] == ["SVC-1500", "-"]
    assert agent.asked[0]["args"] == {"service": "web", "lines": 5}


def test_what_is_not_over_is_called_so(agent: Any, capsys: Captured) -> None:
    agent.says("audit", [BEFORE])

    main(["audit"])

    assert "not over" in capsys.readouterr().out


def test_an_export_has_all_of_each_row(agent: Any, capsys: Captured) -> None:
    agent.says("audit", [BEFORE, AFTER])

    assert main(["audit", "--export", "jsonl"]) == 0

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first, second) == ({"trail": "agent", **BEFORE}, {"trail": "agent", **AFTER})


def test_nothing_is_said_too(agent: Any, capsys: Captured) -> None:
    agent.says("audit", [])

    assert main(["audit"]) == 0

    assert capsys.readouterr().out == "nothing was asked for\n"


def test_a_sound_log_is_said_to_be_and_its_head_is_told(agent: Any, capsys: Captured) -> None:
    agent.says("audit-verify", SOUND)

    assert main(["audit", "--verify", "--head", f"1:{'0' * 64}"]) == 0

    said = capsys.readouterr()
    assert said.out == "audit log of the agent: 2 rows, each as it was written\n"
    assert f"--head 2:{'0' * 64}" in said.err
    assert agent.asked[0]["args"] == {"head": f"1:{'0' * 64}"}


def test_tampering_is_a_failure_that_names_the_row(agent: Any, capsys: Captured) -> None:
    agent.says("audit-verify", TAMPERED)

    assert main(["audit", "--verify"]) == 1

    assert capsys.readouterr().out == "tampered: audit log of the agent: row 2 was changed\n"


def test_verdicts_are_json_too(agent: Any, capsys: Captured) -> None:
    agent.says("audit-verify", SOUND)

    assert main(["audit", "--verify", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"agent": SOUND}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The folders of an agent that is gone; gives that of its state."""
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path))
    return paths().state


def test_what_an_agent_left_is_read_where_none_answers(state: str, capsys: Captured) -> None:
    write(f"{state}/state.db", 3)
    write(f"{state}/native.db", 2)

    assert main(["audit", "-o", "json"]) == 0
    assert main(["audit", "--verify"]) == 0

    said = capsys.readouterr().out
    rows, rest = json.JSONDecoder().raw_decode(said)
    assert [row["trail"] for row in rows].count("command line") == 2
    assert said[rest:].split("\n")[1:3] == [
        "audit log of the agent: 3 rows, each as it was written",
        "audit log of the command line: 2 rows, each as it was written",
    ]


def test_an_export_is_proven_anywhere(state: str, tmp_path: Path, capsys: Captured) -> None:
    write(f"{state}/state.db", 3)
    write(f"{state}/native.db", 2)
    main(["audit", "--export", "jsonl"])
    exported = tmp_path / "audit.jsonl"
    exported.write_text(capsys.readouterr().out)

    assert main(["audit", "--verify", "--file", str(exported)]) == 0
    exported.write_text(exported.read_text().replace("uid:0", "uid:7", 1))
    assert main(["audit", "--verify", "--file", str(exported)]) == 1

    assert "row 1 was changed" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{", "[]", '{"number": "x"}', "\udcff"])
def test_a_file_that_is_no_export_is_refused(
    tmp_path: Path, content: str, capsys: Captured
) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))

    assert main(["audit", "--verify", "--file", str(file)]) == 2

    assert "audit.jsonl" in capsys.readouterr().err


def test_a_head_that_is_none_and_a_file_without_verify_are_refused(
    state: str, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "audit.jsonl"
    file.touch()
    del state

    assert main(["audit", "--verify", "--head", "7:x"]) == 2
    assert main(["audit", "--file", str(file)]) == 2

    assert "'7:x' is no row and its seal" in capsys.readouterr().err


def test_a_reason_goes_with_whatever_changes(agent: Any) -> None:
    agent.says("agent-stop", {"left": []})
    agent.says("remove", {"plan": [{"service": "web"}], "outcomes": []})

    main(["agent", "stop", "--reason", "bye"])
    main(["uninstall", "web", "--yes", "--reason", "gone"])

    told = [request["args"].get("reason") for request in agent.asked]
    assert told == ["bye", "gone", "gone"]


def test_an_agent_that_knows_no_reasons_is_told_none(agent: Any) -> None:
    agent.says("agent-stop", {"left": []})

    main(["agent", "stop"])

    assert "reason" not in agent.asked[0]["args"]


STEPS = [
    {"rule": "role operator", "verdict": "allows", "why": "everything fits", "at": ""},
    {"rule": "rule deny", "verdict": "denies", "why": "ask the dba", "at": "a.toml:7"},
]


def test_an_explanation_has_each_step_with_its_place(agent: Any, capsys: Captured) -> None:
    agent.says(
        "auth-explain", {"allowed": False, "reason": "rule deny: ask the dba", "steps": STEPS}
    )

    assert main(["auth", "explain", "token:ci", "stop", "db", "--roles", "operator"]) == 1

    assert capsys.readouterr().out.splitlines() == [
        "role operator allows: everything fits",
        "rule deny denies: ask the dba  (a.toml:7)",
        "denied: rule deny: ask the dba",
    ]
    assert agent.asked[0]["args"] == {
        "who": "token:ci",
        "verb": "stop",
        "service": "db",
        "roles": "operator",
    }


def test_an_explanation_is_json_too(agent: Any, capsys: Captured) -> None:
    agent.says("auth-explain", {"allowed": True, "reason": "", "steps": []})

    assert main(["auth", "explain", "uid:0", "agent-status", "-o", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["allowed"] is True


RIGHTS: dict[str, Any] = {
    "actor": "token:ci",
    "way": "http",
    "roles": ["operator"],
    "verbs": ["alerts", "agent-status"],
    "grants": [
        {"services": ["db"], "verbs": ["status"]},
        {"services": ["api", "web"], "verbs": ["restart", "status"]},
    ],
}


def test_what_one_may_do_is_shown_for_services_that_are_alike(agent: Any, capsys: Captured) -> None:
    agent.says("may", RIGHTS)

    assert main(["auth", "may"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "token:ci comes in by http; roles: operator",
        "db",
        "  status",
        "api, web",
        "  restart, status",
        "about no single service",
        "  alerts, agent-status",
    ]


def test_what_one_may_do_to_a_service_is_json_too(agent: Any, capsys: Captured) -> None:
    agent.says("may", RIGHTS)

    assert main(["auth", "may", "web", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == RIGHTS
    assert agent.asked[0]["select"]["names"] == ["web"]


ISSUED: dict[str, Any] = {
    "token": "a.b.c",
    "id": "3f9a77aa11223344",
    "subject": "ci",
    "roles": ["operator"],
    "issued_at": 1_790_000_000.0,
    "expires_at": 1_790_003_600.0,
}


def test_a_token_is_the_result_and_all_else_is_talk(agent: Any, capsys: Captured) -> None:
    agent.says("token-issue", ISSUED)

    assert main(["auth", "token", "issue", "ci", "--roles", "operator", "--for", "30m"]) == 0

    said = capsys.readouterr()
    assert said.out == "a.b.c\n"
    assert "for ci, with operator, until" in said.err
    assert "svcctl auth token revoke 3f9a77aa" in said.err
    assert agent.asked[0]["args"] == {
        "name": "ci",
        "roles": "operator",
        "for": 1800.0,
        "first": False,
    }


def test_tokens_are_listed_without_them(agent: Any, capsys: Captured) -> None:
    agent.says("token-list", [ISSUED | {"token": "", "state": "valid"}])

    assert main(["auth", "token", "list"]) == 0

    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["ID", "FOR", "ROLES", "ISSUED", "EXPIRES", "STATE"]
    assert row.split()[:3] == ["3f9a77aa", "ci", "operator"]


def test_what_was_done_to_tokens_is_said(agent: Any, capsys: Captured) -> None:
    agent.says("token-list", [])
    agent.says("token-revoke", ISSUED)
    agent.says("token-rotate", {"key": "k2", "signs_from": 1_790_000_300.0, "keys": 2})

    main(["auth", "token", "list"])
    main(["auth", "token", "revoke", "3f9a77", "--reason", "lost"])
    main(["auth", "token", "rotate"])

    none, revoked, rotated = capsys.readouterr().out.splitlines()
    assert none == "there is no token"
    assert revoked == "the token of ci holds no more"
    assert rotated.startswith("key k2 signs from ")
    assert agent.asked[1]["args"] == {"id": "3f9a77", "certificate": False, "reason": "lost"}


@pytest.mark.parametrize("command", ["issue ci", "list"])
def test_tokens_are_json_too(command: str, agent: Any, capsys: Captured) -> None:
    agent.says("token-issue", ISSUED)
    agent.says("token-list", [ISSUED])

    assert main(["auth", "token", *command.split(), "-o", "json"]) == 0

    assert "3f9a77aa11223344" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "cannot read "), (b"[services.web]", "is no audit log"), (b"[1]", "is no audit log")],
)
def test_what_is_no_export_is_told_with_how_one_is_made(
    content: bytes | None, problem: str, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "audit.jsonl"
    if content is not None:
        file.write_bytes(content)

    assert main(["audit", "--verify", "--file", str(file)]) == 2

    said = capsys.readouterr().err
    assert problem in said
    assert "Errno" not in said
    assert "hint: write one: svcctl audit --export jsonl" in said
