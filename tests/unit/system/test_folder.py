"""What a folder holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.system import folder


def test_what_is_below_is_added_up_and_the_disk_has_something_left(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "one").write_bytes(b"x" * 100_000)
    (tmp_path / "deep" / "deeper" / "two").write_bytes(b"x" * 200_000)

    found = folder.measure(str(tmp_path))

    assert found is not None
    assert 300_000 <= found[0] < 400_000
    assert found[1] > 0


def test_a_folder_with_too_much_in_it_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_MOST", 3)
    for name in "abcd":
        (tmp_path / name).touch()

    assert folder.measure(str(tmp_path)) is None


def test_what_is_no_folder_has_no_size(tmp_path: Path) -> None:
    assert folder.measure(str(tmp_path / "gone")) is None
