"""What the guide on alerts shows can be written so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec.load import load_files

_BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCKS = _BLOCK.findall(
    (Path(__file__).parents[2] / "docs/howto/alerts.md").read_text(encoding="utf-8")
)
_ELSEWHERE = ("there is no channel", "has no command")  # in the block before


@pytest.mark.parametrize("block", _BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_every_definition_is_one(block: str, tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text(block, encoding="utf-8")
    found: list[str] = []

    try:
        load_files([file], environ={})
    except SpecError as error:
        found = [each.problem for each in error.mistakes]

    assert [each for each in found if not any(part in each for part in _ELSEWHERE)] == []


def test_the_first_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text(_BLOCKS[0], encoding="utf-8")

    assert load_files([file], environ={}).alerting is not None
