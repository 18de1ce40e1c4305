"""Configurations written to a folder and loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from svcctl.errors import SpecError
from svcctl.sdk.config.load import Loaded, load
from svcctl.sdk.config.sources import Sources


class LoadWritten(Protocol):
    """Writes texts to files of their names, and loads a class from them, in that order."""

    def __call__(
        self, kind: type[Any], texts: Mapping[str, str] | str = "", **more: Any
    ) -> Loaded[Any]: ...


@pytest.fixture
def load_written(tmp_path: Path) -> LoadWritten:
    """Write files below a folder of the test; ``.env`` becomes the dotenv layer."""

    def write_and_load(
        kind: type[Any], texts: Mapping[str, str] | str = "", **more: Any
    ) -> Loaded[Any]:
        if isinstance(texts, str):
            texts = {"app.toml": texts}
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        files = tuple(str(tmp_path / name) for name in texts if name != ".env")
        if ".env" in texts:
            more["dotenv"] = str(tmp_path / ".env")
        more.setdefault("prefix", "MAILER")
        return load(kind, Sources(files=files, **more))

    return write_and_load


@pytest.fixture
def mistakes_of(tmp_path: Path) -> Callable[[Callable[[], object]], list[str]]:
    """Give the mistakes that a load raises, without the folder of the test, each with its hint."""

    def caught(call: Callable[[], object]) -> list[str]:
        with pytest.raises(SpecError) as raised:
            call()
        assert raised.value.exit_status == 78
        found = [
            f"{each} ({each.hint})" if each.hint else str(each) for each in raised.value.mistakes
        ]
        return [each.replace(f"{tmp_path}{os.sep}", "") for each in found]

    return caught
