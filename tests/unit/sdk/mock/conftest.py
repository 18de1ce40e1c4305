"""Reads scripts from texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.sdk.mock.reading import Script, read_script


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Script]:
    """Read a script from a text, as file mock.toml of this folder."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> Script:
        Path("mock.toml").write_text(text, encoding="utf-8")
        return read_script("mock.toml")

    return read
