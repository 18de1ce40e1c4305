"""A real agent follows logs that others write and rotate; it is killed, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = pytest.mark.slow


def rule_samples(agent: Any) -> list[str]:
    """Give the lines that a rule found, each of which it finds by itself."""
    ran = agent.ok("events", "-n", "10000", "-o", "jsonl")
    events = [json.loads(line) for line in ran.out.splitlines()]
    return [
        line
        for each in events
        if each["kind"] == "FindingMade"
        for line in each["fields"]["samples"]
    ]


def append(path: Path, numbers: range) -> None:
    with path.open("a") as file:
        for number in numbers:
            file.write(f"ERROR {number:05d}\n")


def watched(agent: Any, name: str = "app") -> dict[str, Any]:
    (found,) = [
        each for each in agent.ok("watch", "list", "-o", "json").json() if each["name"] == name
    ]
    return dict(found)


def each_line_fires(folder: Path, **more: str) -> str:
    options = "\n".join(f"{key} = {value}" for key, value in more.items())
    return f"""
    [[watch]]
    name = "app"
    path = "{folder}/*.log"
    {options}
    [[watch.rules]]
    match = "ERROR"
    cooldown = "0s"
    """


def first_of_status(agent: Any, status: str) -> dict[str, Any]:
    """Follow the logs of all until a record of that status comes."""
    command = [sys.executable, "-m", "svcctl", "logs", "web", "-f", "-o", "jsonl"]
    with subprocess.Popen(command, env=agent.environ(), stdout=subprocess.PIPE) as following:
        try:
            assert following.stdout is not None
            found = map(json.loads, following.stdout)
            return next(each for each in found if each.get("fields", {}).get("status") == status)
        finally:
            following.kill()


def test_no_line_is_lost_while_a_log_rotates_and_the_agent_is_killed(
    agent: Any, until: Any, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    agent.apply(each_line_fires(tmp_path))

    append(log, range(40))
    log.rename(tmp_path / "app.log.1")  # logrotate's create
    append(log, range(40, 80))
    shutil.copy(log, tmp_path / "app.log.0")  # and copytruncate
    append(log, range(80, 90))
    until(lambda: len(set(rule_samples(agent))) == 90, what="90 lines")
    agent.kill_agent()
    append(log, range(90, 130))
    log.rename(tmp_path / "app.log.2")
    append(log, range(130, 160))
    agent.start_agent()

    until(lambda: len(set(rule_samples(agent))) == 160, what="160 lines")
    assert sorted(set(rule_samples(agent))) == [f"ERROR {number:05d}" for number in range(160)]


def test_a_restart_in_order_repeats_nothing(agent: Any, until: Any, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    append(log, range(5))
    agent.apply(each_line_fires(tmp_path, from_start="true"))
    until(lambda: len(rule_samples(agent)) == 5, what="5 lines")

    agent.ok("agent", "stop")
    agent.agents[-1].wait(PATIENCE)
    append(log, range(5, 8))
    agent.start_agent()

    until(lambda: len(rule_samples(agent)) >= 8, what="8 lines")
    assert rule_samples(agent) == [f"ERROR {number:05d}" for number in range(8)]


def test_what_is_watched_is_shown_beside_services(agent: Any, until: Any, tmp_path: Path) -> None:
    access = tmp_path / "access.log"
    access.write_text('1.2.3.4 - - [21/Nov/2001:20:00:00 +0000] "GET /old HTTP/1.1" 200 1\n')
    python = json.dumps(sys.executable)
    agent.apply(
        f"""
        [services.web]
        exec = [{python}, "-c", "import time; print('begun', flush=True); time.sleep(1000)"]
        [[watch]]
        name = "nginx"
        path = "{access}"
        service = "web"
        format = "access"
        """
    )
    agent.ok("start", "web")
    until(lambda: "begun" in agent.ok("logs", "web").out, what="the program writes")
    with access.open("a") as file:
        file.write('1.2.3.4 - - [21/Nov/2001:21:00:00 +0000] "GET /a HTTP/1.1" 503 1\n')
    come = first_of_status(agent, "503")

    assert (come["service"], come["instance"], come["stream"]) == ("web", "nginx", str(access))
    assert (come["level"], come["fields"]["status"]) == ("error", "503")
    lines = agent.ok("logs", "web").out.splitlines()
    assert [line.partition("GET ")[2][:4] for line in lines[:2]] == ["/old", "/a H"]
    assert lines[2].endswith("begun")
    both = agent.ok("logs", "--watch", "nginx", "--where", "status>=500", "-o", "json").json()
    assert [each["message"] for each in both] == ["GET /a HTTP/1.1 503"]
    assert agent.ok("logs", "nginx", "-n", "1").out.count("\n") == 1
    until(lambda: watched(agent, "nginx")["lines"] == 1, what="its lines are counted")


def test_what_is_watched_is_planned_shown_and_removed(agent: Any, tmp_path: Path) -> None:
    file = agent.write(f"[[watch]]\nname = 'app'\npath = '{tmp_path}/*.log'\n")

    assert agent.cli("diff", str(file)).status == 10
    agent.ok("apply", str(file))
    assert agent.ok("diff", str(file)).out.startswith("= [watch.app]: no change")
    (shown,) = agent.ok("show", "app", "-o", "json").json()
    assert shown["spec"]["path"] == [f"{tmp_path}/*.log"]
    assert shown["origins"]["path"]["line"] == 3
    file.write_text(f"[[watch]]\nname = 'app'\npath = '{tmp_path}/*.log'\nencoding = 'gb18030'\n")
    assert 'encoding: "" -> "gb18030"' in agent.ok("apply", str(file)).out
    file.write_text("[[watch]]\nname = 'other'\npath = 'x'\n")
    assert "! [watch.app]" in agent.ok("apply", str(file)).out
    agent.ok("remove", "app", "--yes")
    agent.ok("remove", "other", "--yes")

    assert agent.ok("watch", "list", "-o", "json").json() == []
    assert not list(agent.home.rglob("watches/*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="needs Linux: root may read everything")
def test_permission_that_is_lost_and_regained_is_told_once(
    agent: Any, until: Any, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    append(log, range(1))
    agent.apply(each_line_fires(tmp_path, from_start="true"))
    until(lambda: len(rule_samples(agent)) == 1, what="a line")

    log.chmod(0)
    until(lambda: watched(agent)["problem"], what="the problem")
    log.chmod(0o600)
    until(lambda: not watched(agent)["problem"], what="its end")

    kinds = [each["kind"] for each in agent.events()]
    assert (kinds.count("WatchFailed"), kinds.count("WatchRecovered")) == (1, 1)
