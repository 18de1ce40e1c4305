"""The page on tests shows tests that pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE

PYTHON = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_what_the_page_shows_passes(root: Path, tmp_path: Path) -> None:
    page = root / "docs" / "howto" / "testing-services.md"
    for name, text in PYTHON.findall(page.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )

    assert "5 passed" in done.stdout, done.stdout
