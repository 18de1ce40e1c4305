"""Real programs with a live configuration: files replaced under them, and killed at any point."""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.posix]


PROGRAM = """
import asyncio, json, sys
from dataclasses import dataclass
from svcctl.sdk.config.follow import follow
from svcctl.sdk.config.history import History
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Listeners
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.config.text import Text
from svcctl.sdk.config.watched import Watched
from svcctl.system.clock import SystemClock

@dataclass
class Config:
    count: int = 0
    name: str = ""

def say(**what):
    print(json.dumps(what), flush=True)

def changed(old, new, keys):
    say(count=new.count, name=new.name, changed=sorted(keys))

def rejected(found):
    say(rejected=[str(each) for each in found.mistakes])

async def main(file, folder, storm):
    clock = SystemClock()
    listeners = Listeners(on_change=changed, on_rejected=rejected)
    sources = Sources(files=("-" + file,))
    live = Live(
        Config, sources, clock=clock, history=History(folder=folder), listeners=listeners
    )
    say(version=live.version, count=live.value.count)
    if not storm:
        await follow(live, Watched(lambda: live.loaded.files, clock=clock, every=0.05))
    while True:
        outcome = await live.propose(f"count = {live.value.count + 1}", who="storm")
        say(version=outcome.version, unrecorded=outcome.unrecorded)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "storm"))
"""


class Running:
    """The program, and what it says."""

    def __init__(self, folder: Path, mode: str = "watch") -> None:
        command = [sys.executable, "-c", PROGRAM, str(folder / "app.toml"), str(folder / "history")]
        self._process = subprocess.Popen([*command, mode], stdout=subprocess.PIPE)
        self._left = b""

    def heard(self) -> dict[str, Any]:
        """Give the next thing it says."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._left:
            remaining = deadline - time.monotonic()
            assert remaining > 0, "it says nothing"
            if select.select([self._process.stdout], [], [], remaining)[0]:
                content = os.read(self._process.stdout.fileno(), 65536)
                assert content, "it ended"
                self._left += content
        line, self._left = self._left.split(b"\n", 1)
        found: dict[str, Any] = json.loads(line)
        return found

    def kill(self) -> list[dict[str, Any]]:
        """Kill it, and give the rest of what it said."""
        self._process.kill()
        rest, _ = self._process.communicate(timeout=PATIENCE)
        whole = (self._left + rest).split(b"\n")[:-1]
        return [json.loads(line) for line in whole]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "app.toml").write_text("count = 1\n")
    program = Running(tmp_path)
    yield program
    program.kill()


def replace_file(path: Path, content: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(content)
    draft.replace(path)


def test_a_running_program_takes_every_good_file_and_no_bad_one(
    running: Running, tmp_path: Path
) -> None:
    path = tmp_path / "app.toml"
    assert running.heard() == {"version": 1, "count": 1}

    replace_file(path, "count = 2\n")
    replaced = running.heard()
    path.write_bytes(random.Random(1).randbytes(4096))
    garbage = running.heard()
    path.write_text("count = 2\nname = 'x'\n")
    rewritten = running.heard()

    assert replaced == {"count": 2, "name": "", "changed": ["count"]}
    assert garbage["rejected"][0].startswith(f"{path}:1:")
    assert rewritten == {"count": 2, "name": "x", "changed": ["name"]}


def test_a_config_map_of_kubernetes_is_taken_over(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"..v{number}").mkdir()
        (tmp_path / f"..v{number}" / "app.toml").write_text(f"count = {number}\n")
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "app.toml").symlink_to("..data/app.toml")
    program = Running(tmp_path)
    started = program.heard()

    (tmp_path / "..data_tmp").symlink_to("..v2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    changed = program.heard()
    program.kill()

    assert started == {"version": 1, "count": 1}
    assert changed == {"count": 2, "name": "", "changed": ["count"]}


def test_what_was_acknowledged_outlives_a_kill_at_any_point(tmp_path: Path) -> None:
    acknowledged = 1
    some = random.Random(2)

    for _ in range(12):
        program = Running(tmp_path, "storm")
        said = [program.heard()]
        while len(said) < some.randint(3, 60):
            said.append(program.heard())
        said += program.kill()

        assert said[0]["version"] >= acknowledged
        assert said[0]["count"] == said[0]["version"] - 1
        assert not any(each.get("unrecorded") for each in said)
        acknowledged = max(each.get("version", 0) for each in said)

    assert acknowledged > 12
