"""What the documentation shows can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from svcctl.spec.load import load_files

TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_definition_shown_is_valid(written: list[Path], tmp_path: Path) -> None:
    shown = [
        (page, text)
        for page in written
        for text in TOML.findall(page.read_text(encoding="utf-8"))
        if "version =" in text
    ]
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "more.toml").write_text("version = 1\n")

    assert shown
    for number, (page, text) in enumerate(shown):
        file = tmp_path / f"{page.stem}-{number}.toml"
        file.write_text(text)
        assert load_files([file], environ={}).services, page
