"""Definitions written to a folder, and specs made by hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from svcctl.spec.load import Loaded, load_files

Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write one text to ``svcctl.toml`` and load it."""

    def write_and_load(
        text: str, *, environ: Mapping[str, str] | None = None, flags: tuple[str, ...] = ()
    ) -> Loaded:
        path = tmp_path / "svcctl.toml"
        path.write_text(text, encoding="utf-8")
        return load_files([path], environ=environ or {}, flags=flags)

    return write_and_load
