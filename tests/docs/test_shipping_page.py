"""What the guide on shipping shows can be written so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from svcctl.observe.metrics.catalogue import FAMILIES
from svcctl.spec.load import load_files

_PAGE = (Path(__file__).parents[2] / "docs/howto/shipping.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```toml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", _BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_every_definition_is_one(block: str, tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text(block, encoding="utf-8")

    assert load_files([file], environ={}).common.shipping


def test_every_metric_of_it_is_named() -> None:
    mine = [each.name for each in FAMILIES if each.name.startswith("svcctl_shipping_")]

    for name in mine:
        assert name in _PAGE or name.removeprefix("svcctl_shipping") in _PAGE
