"""These run inside Windows only: on Linux by way of tests/system/test_in_wine.py."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]


@pytest.fixture(scope="session")
def raw_scm() -> Iterator[Any]:
    """Give the SCM by calls of its own: a second opinion on what ours reads and writes."""
    programs = Path(__file__).parent / "programs"
    names = runpy.run_path(str(programs / "raw_scm.py"))
    with names["RawScm"]() as scm:
        yield scm


@pytest.fixture
def trees(tmp_path: Path) -> Any:
    """Give a spawner of process trees, for a test that runs ``in_loop``."""
    from tests.system.windows.trees import Trees

    return Trees(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def desktop() -> None:
    """Need a desktop: Wine starts one, within whichever tree needs it first; let it be ours."""
    import ctypes

    ctypes.WinDLL("user32").GetDesktopWindow()
