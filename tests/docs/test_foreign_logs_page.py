"""What the guide on logs of others shows can be written so, where it is for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from svcctl.spec.load import load_files
from svcctl.spec.watch import LogFormat, WatchSpec
from svcctl.spec.watch_rules import watch_findings

_PAGE = (Path(__file__).parents[2] / "docs/howto/foreign-logs.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```toml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", _BLOCKS, ids=["files and the journal", "the Event Log"])
def test_every_definition_is_one(block: str, tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text(block, encoding="utf-8")

    assert load_files([file], environ={}, windows="eventlog" in block).watches


def test_every_format_is_named() -> None:
    (row,) = [line for line in _PAGE.splitlines() if line.startswith("| `format`")]
    named = re.findall(r"`([^`]*)`", row)[1].split()

    assert {*named, "auto", "journal"} == {str(each) for each in LogFormat}


def test_the_patterns_can_be_used() -> None:
    rows = [line for line in _PAGE.splitlines() if re.match(r"\| `(multiline|pattern)`", line)]
    patterns = [re.findall(r"`'([^`]*)'`", row)[0] for row in rows]

    assert all(map(re.compile, patterns))
    watch = WatchSpec(name="a", path=("/a",), multiline=patterns[0], pattern=patterns[1])
    assert list(watch_findings(watch, windows=False)) == []
