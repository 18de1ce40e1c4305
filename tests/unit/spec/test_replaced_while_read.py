"""A folder that somebody replaces while it is read gives services of one version."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec import files
from svcctl.spec.load import load_files
from svcctl.spec.source import File, open_file

pytestmark = pytest.mark.posix  # a link is replaced in one step


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A link to the first of two folders of definitions."""
    for version in ("0", "1"):
        content = tmp_path / version
        content.mkdir()
        for name in ("a", "b", "c"):
            text = f'[services.{name}]\nexec = ["run"]\nlabels.version = "{version}"\n'
            (content / f"{name}.toml").write_text(text)
    link = tmp_path / "services"
    link.symlink_to("0")
    return link


def replace(folder: Path, version: str) -> None:
    new = folder.with_name("new")
    new.symlink_to(version)
    os.replace(new, folder)


def replacing(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, at: Callable[[int], bool]
) -> list[str]:
    """Have the folder replaced as files are read: at the n-th reading where *at* says so."""
    opened: list[str] = []

    def open_and_replace(shown: str, parent: File | None, *, actual: str) -> File:
        opened.append(shown)
        found = open_file(shown, parent, actual=actual)
        if at(len(opened)):
            replace(folder, str(len(opened) % 2))
        return found

    monkeypatch.setattr(files, "open_file", open_and_replace)
    return opened


def test_it_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = replacing(monkeypatch, folder, at=lambda number: number == 1)

    loaded = load_files([folder], environ={})

    assert {spec.labels["version"] for spec in loaded.services.values()} == {"1"}
    assert len(opened) == 6


def test_who_is_replaced_and_put_back_is_still_one_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = replacing(monkeypatch, folder, at=lambda number: number < 3)

    loaded = load_files([folder], environ={})

    assert {spec.labels["version"] for spec in loaded.services.values()} == {"0"}
    assert len(opened) == 3


def test_who_never_rests_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replacing(monkeypatch, folder, at=lambda _: True)

    with pytest.raises(SpecError, match="changes faster than it can be read"):
        load_files([folder], environ={})


def test_mistakes_of_a_reading_that_did_not_count_are_not_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.with_name("0") / "b.toml").write_text("no TOML")
    replacing(monkeypatch, folder, at=lambda number: number == 1)

    assert set(load_files([folder], environ={}).services) == {"a", "b", "c"}
