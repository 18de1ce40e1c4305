"""What a short command needs: where things are, and a client of the agent there."""

from __future__ import annotations

import os

from svcctl.client.local import LocalClient
from svcctl.system.paths import Paths, find_paths

__all__ = ["Paths", "local_client", "paths"]


def paths(home: str | None = None) -> Paths:
    """Give the folders of this user, or those under *home*."""
    environ = {**os.environ, "SVCCTL_HOME": home} if home else os.environ
    return find_paths(environ)


def local_client(home: str | None = None, *, timeout: float | None = None) -> LocalClient:
    """Give a client of this user's agent; it connects when entered."""
    return LocalClient(paths(home).socket, timeout=timeout)
