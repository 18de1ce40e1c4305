"""What this process is called as one who asks: all that fronts need to know of access."""

from __future__ import annotations

import os


def own_name() -> str:
    """Give the actor that this process is."""
    return f"uid:{os.geteuid()}" if hasattr(os, "geteuid") else f"pid:{os.getpid()}"
