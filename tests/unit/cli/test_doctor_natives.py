"""``svcctl doctor`` about services that native managers keep: does anybody watch them?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from svcctl import __version__
from svcctl.bootstrap.local import paths
from svcctl.cli.main import main
from svcctl.engine.store import SqliteStore
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.system.registrations import Registration, Registrations

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def registered(home: Path) -> Path:
    """Give a home in which systemd keeps ``mailer``, and the agent itself."""
    registrations = Registrations(paths(str(home)).native)
    for name in ("mailer", "svcctl-agent"):
        document = canonical.dump(ServiceSpec(name=name, exec=("/bin/app",)))
        applied = Applied(name=name, spec=document, revision="1")
        registrations.write(Registration(applied=applied, manager="systemd", enabled=True))
    return home


def found(capsys: Captured) -> dict[str, str]:
    assert main(["doctor", "-o", "json"]) == 0
    checks = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    check: dict[str, str] = checks["native services"]
    return check


@pytest.mark.usefixtures("registered")
def test_who_is_told_of_nothing_needs_no_agent(capsys: Captured) -> None:
    check = found(capsys)

    assert check["verdict"] == "ok"
    assert check["found"] == "1: mailer; no agent watches them"


def test_people_to_tell_and_nobody_to_tell_them_is_warned_of(
    registered: Path, capsys: Captured
) -> None:
    store = SqliteStore(f"{paths(str(registered)).state}/state.db")
    store.put("alerting", "spec", {"spec": {"channels": {"ops": {"kind": "webhook"}}}})
    store.close()

    check = found(capsys)

    assert check["verdict"] == "warn"
    assert "nobody is told" in check["found"]
    assert "svcctl agent install" in check["hint"]


@pytest.mark.usefixtures("registered")
def test_an_agent_that_sees_them_all_is_fine(agent: Any, capsys: Captured) -> None:
    agent.says("agent-status", {"version": __version__, "pid": 1, "natives_unseen": {}})

    assert found(capsys)["found"] == "1: mailer; the agent sees them all"


@pytest.mark.usefixtures("registered")
def test_what_the_agent_does_not_see_is_told_with_the_reason(agent: Any, capsys: Captured) -> None:
    unseen = {"": "systemd does not answer", "mailer": "nobody has said yet how it is"}
    agent.says("agent-status", {"version": __version__, "pid": 1, "natives_unseen": unseen})

    check = found(capsys)

    assert check["verdict"] == "warn"
    assert "their manager: systemd does not answer; mailer: nobody" in check["found"]
