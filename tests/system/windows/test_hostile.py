"""Services that resist on Windows: an agent stops them all the same, and hears every word."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.windows.test_agent_journey import Home
from tests.system.windows.trees import Stranger
from tests.system.windows.waiting import until

pytestmark = pytest.mark.slow

HOSTILE = Path(__file__).parent / "programs" / "hostile.py"
ENDLESS = 3_000_000  # bytes of a line


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A running agent, for all of them."""
    home = Home(tmp_path_factory.mktemp("hostile"))
    home.run("agent", "run", "--detach")
    yield home
    home.run("agent", "stop", status=None)


def apply(agent: Home, way: str, *arguments: object, options: str = "") -> None:
    argv = json.dumps([sys.executable, str(HOSTILE), way, *map(str, arguments)])
    text = f"[services.{way}]\nexec = {argv}\nstop.timeout = '2s'\n{options}\n"
    path = agent.path / "svcctl.toml"
    path.write_text(text)
    agent.run("apply", str(path), "--yes")


def said(agent: Home, name: str, word: str, *, times: int = 1) -> list[str]:
    """Wait until so many lines begin with *word*; give what follows it."""

    def look() -> list[str]:
        lines = agent.run("logs", name, "-n", "20").stdout.splitlines()
        found = [line.removeprefix(f"{word} ") for line in lines if line.startswith(word)]
        return found if len(found) >= times else []

    found: list[str] = until(look, what=f"{name} says {word}")
    return found


def kinds(agent: Home, name: str) -> set[str]:
    lines = agent.run("events", name, "-n", "100", "-o", "jsonl").stdout.splitlines()
    return {json.loads(line)["kind"] for line in lines}


def test_who_is_deaf_to_the_console_is_ended_with_its_child(agent: Home) -> None:
    apply(agent, "deaf")
    everybody = [Stranger(int(pid)) for pid in said(agent, "deaf", "here", times=2)]

    agent.run("stop", "deaf")

    assert agent.status("deaf")["phase"] == "stopped"
    assert all(each.ends() for each in everybody)
    assert said(agent, "deaf", "heard")
    assert "TreeKilled" in kinds(agent, "deaf")


def test_children_outside_the_console_are_ended_too(agent: Home) -> None:
    apply(agent, "scattered")
    said(agent, "scattered", "here all")
    pids = [each for each in said(agent, "scattered", "here", times=4) if each != "all"]
    children = [Stranger(int(pid)) for pid in pids]

    agent.run("stop", "scattered")

    assert len(children) == 3
    assert all(each.ends() for each in children)


@pytest.mark.parametrize("allowed", [True, False])
def test_who_breaks_away_is_let_go_where_that_is_allowed_alone(agent: Home, allowed: bool) -> None:
    apply(agent, "breaks-away", options=f"windows.breakaway = {str(allowed).lower()}")
    said(agent, "breaks-away", "here all")
    lines = agent.run("logs", "breaks-away", "-n", "2").stdout.splitlines()

    agent.run("stop", "breaks-away")

    agent.run("remove", "breaks-away", "--yes")
    if allowed:
        (child,) = [int(line.split()[1]) for line in lines if line != "here all"]
        assert not Stranger(child).ends(within=1.0)
    else:
        assert lines[0].startswith("refused")


def test_a_pipe_that_is_filled_is_emptied_to_the_last_byte(agent: Home) -> None:
    apply(agent, "fills", ENDLESS, options="log = { max_size = '1MiB', keep = 100 }")

    said(agent, "fills", "here all")

    agent.run("stop", "fills")
    lines = agent.run("logs", "fills", "-n", "1000000").stdout.splitlines()
    numbered = [line for line in lines if line.startswith("line ")]
    assert numbered == [f"line {number}" for number in range(5_000)]
    assert sum(line.count("x") for line in lines) == ENDLESS
