"""These run inside Windows only: on Linux by way of tests/system/test_in_wine.py."""

from __future__ import annotations

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]
