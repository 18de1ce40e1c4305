"""What this process is called as one who asks: all that fronts need to know of access."""

from __future__ import annotations

import os


def own_name() -> str:
    """Give the actor that this process is."""
    if hasattr(os, "geteuid"):
        return f"uid:{os.geteuid()}"
    from svcctl.system.windows.security import own_sid  # noqa: PLC0415 - Windows only

    return f"sid:{own_sid()}"
