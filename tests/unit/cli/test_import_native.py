"""``import-native``: printed, written, and taken over, with the old service played."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main
from svcctl.ports import Act
from svcctl.spec.draft import Draft

Captured = pytest.CaptureFixture[str]
Make = Callable[..., dict[str, Any]]

OLD = Draft(
    name="nginx",
    exec=("/usr/sbin/nginx", "-g", "daemon off;"),
    options={"start": "auto", "display_name": "Web"},
    note="from the unit nginx.service\nnot carried over: PrivateTmp",
)


class PlayedOld:
    """An old service that runs and is enabled."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def runs(self) -> bool:
        return True

    def is_enabled(self) -> bool:
        return True

    def stop(self) -> None:
        self.done.append("stop")

    def start(self) -> None:
        self.done.append("start")

    def disable(self) -> None:
        self.done.append("disable")

    def enable(self) -> None:
        self.done.append("enable")

    def acts(self) -> tuple[Act, ...]:
        return (Act(kind="run", target="systemctl stop nginx.service"),)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedOld:
    played = PlayedOld()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("svcctl.bootstrap.foreign.foreign_draft", lambda _name: OLD)
    monkeypatch.setattr("svcctl.bootstrap.foreign.old_service", lambda _name: played)
    return played


def planned(change: str = "created") -> dict[str, Any]:
    row = {"service": "nginx-svcctl", "change": change, "action": "none", "changes": []}
    return {"plan": [row | {"manager": "systemd", "acts": []}], "outcomes": []}


def test_the_definition_is_printed_and_its_notes_are_pointed_at(
    old: PlayedOld, capsys: Captured
) -> None:
    assert main(["import-native", "nginx"]) == 0

    told = capsys.readouterr()
    assert tomllib.loads(told.out)["services"]["nginx"]["start"] == "auto"
    assert "look at 1 notes" in told.err
    assert "--take-over" in told.err
    assert old.done == []


def test_as_json_it_has_name_definition_and_notes(old: PlayedOld, capsys: Captured) -> None:
    del old
    assert main(["import-native", "nginx", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["notes"]) == ("nginx", ["not carried over: PrivateTmp"])
    assert "nginx" in tomllib.loads(found["definition"])["services"]


@pytest.mark.parametrize("option", ["-o", "--output", "-f", "--file"])
def test_it_is_written_to_a_file_which_must_be_new(
    old: PlayedOld, tmp_path: Path, option: str, capsys: Captured
) -> None:
    del old

    assert main(["import-native", "nginx", option, "web.toml"]) == 0
    assert main(["import-native", "nginx", option, "web.toml"]) == 1

    assert "nginx" in tomllib.loads((tmp_path / "web.toml").read_text())["services"]
    assert "'web.toml' is there already" in capsys.readouterr().err


def test_a_dry_run_writes_no_file(old: PlayedOld, tmp_path: Path) -> None:
    del old

    assert main(["import-native", "nginx", "-o", "web.toml", "--dry-run"]) == 0

    assert list(tmp_path.glob("*.toml")) == []


def test_a_take_over_stops_the_old_one_and_starts_ours_under_a_name_of_its_own(
    old: PlayedOld, agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says("apply", planned())
    agent.says("start", [outcome("nginx-svcctl")])

    assert main(["import-native", "nginx", "--take-over", "--yes"]) == 0

    (service,) = agent.asked[0]["args"]["services"]
    assert old.done == ["stop", "disable"]
    assert (service["name"], service["sources"]) == ("nginx-svcctl", {})
    assert service["spec"]["display_name"] == "Web (svcctl)"
    assert service["spec"].get("cwd") == "/"
    assert "stopped and disabled, and still there" in capsys.readouterr().err


def test_where_ours_does_not_come_up_it_goes_and_the_old_one_is_back(
    old: PlayedOld, agent: Any, outcome: Make, standing: Make, capsys: Captured
) -> None:
    failed = outcome("nginx-svcctl", ok=False, phase="failed", problem="port 80 is taken")
    agent.says("apply", planned())
    agent.says("start", [failed])
    agent.says("status", [standing("nginx-svcctl")])
    agent.says("remove", {"plan": [], "outcomes": []})

    assert main(["import-native", "nginx", "--take-over", "--yes"]) == 1

    assert old.done == ["stop", "disable", "enable", "start"]
    assert agent.asked[-1]["verb"] == "remove"
    assert "'nginx-svcctl' failed: port 80 is taken" in capsys.readouterr().err


def test_a_take_over_can_be_looked_at_first(old: PlayedOld, agent: Any, capsys: Captured) -> None:
    agent.says("apply", planned())

    assert main(["import-native", "nginx", "--take-over", "--dry-run"]) == 0

    told = capsys.readouterr().out
    assert "run systemctl stop nginx.service" in told
    assert "nginx-svcctl: would be created, kept by systemd" in told
    assert [each["args"]["dry_run"] for each in agent.asked] == [True]
    assert old.done == []


def test_a_service_there_is_already_is_not_replaced(old: PlayedOld, agent: Any) -> None:
    agent.says("apply", planned("changed"))

    assert main(["import-native", "nginx", "--take-over", "--yes"]) == 1

    assert old.done == []


def test_nobody_is_taken_over_unasked(old: PlayedOld, agent: Any) -> None:
    agent.says("apply", planned())

    assert main(["import-native", "nginx", "--take-over"]) == 2

    assert old.done == []


def test_another_name_is_for_a_take_over(old: PlayedOld) -> None:
    del old

    assert main(["import-native", "nginx", "--as", "web"]) == 2
