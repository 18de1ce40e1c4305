"""Runs a program as if svcctl were installed, which the SCM would not find: FILE WORD..."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "src"))
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
