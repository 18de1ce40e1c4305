"""What the documentation shows can be used as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.spec.load import load_files

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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


@pytest.mark.slow
def test_the_service_of_the_readme_goes_on_counting(root: Path, tmp_path: Path) -> None:
    (code,) = PYTHON.findall((root / "README.md").read_text(encoding="utf-8"))
    (tmp_path / "ticker.py").write_text(code.replace('"1s"', '"1ms"'))

    first, second = counted_to(tmp_path, 3), counted_to(tmp_path, 1)

    assert first[:3] == [1, 2, 3]
    assert second[0] == first[-1] + 1


def counted_to(folder: Path, times: int) -> list[int]:
    """Run it until it has counted so often; give all that it counted."""
    with subprocess.Popen(
        [sys.executable, "ticker.py"],
        cwd=folder,
        env=os.environ | {"SVCCTL_HOME": str(folder), "STATE_DIRECTORY": "", "NOTIFY_SOCKET": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as ticker:
        assert ticker.stdout is not None
        lines = [ticker.stdout.readline() for _ in range(times)]
        ticker.terminate()
        lines += ticker.stdout.readlines()
    assert ticker.returncode == 0
    return [int(found) for found in re.findall(r'"count":(\d+)', "".join(lines))]
