"""What ``svcctl cert`` makes and says; every deed of it is in the audit log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl.bootstrap.local import paths
from svcctl.cli.main import main
from svcctl.engine.audit_trail import Sought, prove, read

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The folder in which the authority has one of its own."""
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path))
    return paths().state


def test_an_authority_issues_renews_revokes_and_lists(state: str, capsys: Captured) -> None:
    assert main(["cert", "init", "--domain", "example.org"]) == 0
    assert main(["cert", "list"]) == 0
    assert main(["cert", "issue", "host/a", "--host", "localhost", "--for", "30d"]) == 0
    assert main(["cert", "renew", "host/a"]) == 0
    assert main(["cert", "revoke", "host/a", "--reason", "key lost"]) == 0
    capsys.readouterr()

    assert main(["cert", "list"]) == 0

    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["NAME", "SERIAL", "ISSUED", "EXPIRES", "STATE"]
    assert first.split()[0] == second.split()[0] == "host/a"
    assert first.split()[-1] == second.split()[-1] == "revoked"
    rows = read(f"{state}/native.db", Sought())
    assert [(row["verb"], row["outcome"]) for row in rows] == [
        ("cert-init", "asked"),
        ("cert-init", "done"),
        ("cert-issue", "asked"),
        ("cert-issue", "done"),
        ("cert-renew", "asked"),
        ("cert-renew", "done"),
        ("cert-revoke", "asked"),
        ("cert-revoke", "done"),
    ]
    assert rows[6]["reason"] == "key lost"
    assert prove(f"{state}/native.db").sound


def test_an_agent_is_told_which_certificate_holds_no_more(agent: Any, capsys: Captured) -> None:
    agent.says("token-revoke", {})
    main(["cert", "init", "--domain", "example.org"])
    main(["cert", "issue", "ci", "-o", "json"])
    serial = json.loads(capsys.readouterr().out.partition("\n")[2])["serial"]

    assert main(["cert", "revoke", "ci"]) == 0

    assert agent.asked[-1]["args"] == {
        "reason": "certificate of ci",
        "id": serial,
        "certificate": True,
    }


def test_where_key_certificate_and_trust_are_is_told(state: str, capsys: Captured) -> None:
    main(["cert", "init", "--domain", "example.org"])
    capsys.readouterr()

    main(["cert", "issue", "ci", "-o", "json"])

    found = json.loads(capsys.readouterr().out)
    assert found["uri"] == "spiffe://example.org/ci"
    for each in ("certificate", "key", "trust"):
        assert found[each].startswith(state)
        assert Path(found[each]).exists()
    main(["cert", "list", "-o", "json"])
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["state"], listed["serial"]) == ("valid", found["serial"])


def test_a_new_key_is_the_next_authority(state: str, capsys: Captured) -> None:
    del state
    main(["cert", "init", "--domain", "example.org"])

    assert main(["cert", "init", "--rotate"]) == 0

    assert "authority 2 of example.org" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("init", 2, "say for which domain"),
        ("issue ci", 1, "there is no authority yet"),
        ("list", 1, "there is no authority yet"),
        ("init --domain BAD", 2, "no trust domain"),
    ],
)
def test_what_cannot_be_is_told(
    command: str, status: int, said: str, state: str, capsys: Captured
) -> None:
    del state

    assert main(["cert", *command.split()]) == status

    assert said in capsys.readouterr().err
