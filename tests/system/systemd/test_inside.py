"""Runs tests inside the machine whose PID 1 is systemd; one file is one test here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("systemd"),
]

FILES = sorted((Path(__file__).parent / "inside").glob("test_*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_inside_the_machine(clean: Any, file: Path) -> None:
    done = clean.pytest(f"tests/system/systemd/inside/{file.name}")

    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
