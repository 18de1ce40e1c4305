"""Where the labelled data lies: it has terms of its own, and so is no part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = Path(__file__).parents[3] / "shared" / "data"


def labelled_data() -> Path | None:
    """Give the folder SVCCTL_DATA names, or ../shared/data beside the project's; None: neither."""
    named = os.environ.get("SVCCTL_DATA", "")
    folder = Path(named) if named else _BESIDE
    return folder if (folder / "nab").is_dir() else None
