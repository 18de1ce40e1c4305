"""What a short command needs: where things are, and a client of the agent there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from svcctl.bootstrap.connection import client_of
from svcctl.client.everywhere import Answers, Everywhere
from svcctl.client.local import LocalClient
from svcctl.system.detect import native_manager, replaces_programs
from svcctl.system.paths import Paths, find_paths
from svcctl.wire import Request

if TYPE_CHECKING:  # what speaks to native managers is loaded where one keeps something
    from svcctl.client.native import NativeClient

_PATIENCE = 60.0  # seconds a service gets to answer what is asked of itself

__all__ = ["Paths", "client", "local_client", "native_manager", "paths", "replaces_programs"]


def paths(home: str | None = None) -> Paths:
    """Give the folders of this user, or those under *home*."""
    environ = {**os.environ, "SVCCTL_HOME": home} if home else os.environ
    return find_paths(environ)


def paths_of_machine() -> Paths:
    """Give the folders of the machine's agent, whoever asks."""
    return find_paths({}, system=True)


def local_client(home: str | None = None, *, timeout: float | None = None) -> LocalClient:
    """Give a client of this user's agent; it connects when entered."""
    return client_of(paths(home), timeout=timeout)


def client(home: str | None = None, *, timeout: float | None = None) -> Everywhere:
    """Give a client for all services: those of this user's agent and those kept natively."""
    return Everywhere(
        agent=lambda: local_client(home, timeout=timeout),
        native=lambda request: _native(request, home),
        direct=lambda request: _direct(request, home),
    )


def _direct(request: Request, home: str | None) -> Answers | None:
    """Give what services answer that nobody keeps, None where *request* is not for them."""
    from svcctl.bootstrap.programs import direct_client  # noqa: PLC0415 - few are run by hand

    where = paths(home)
    client = direct_client(where, timeout=_PATIENCE)
    return client.answers(request) if client.knows(request) else None


def _native(request: Request, home: str | None) -> NativeClient | None:
    """Give who answers for native services, or None where *request* cannot be about any."""
    where = paths(home)
    if not _holds_registrations(where.native) and not _may_register(request):
        return None
    from svcctl.bootstrap.native import native_client  # noqa: PLC0415

    return native_client(where, home)


def _holds_registrations(folder: str) -> bool:
    try:
        return any(each.endswith(".json") for each in os.listdir(folder))  # noqa: PTH208 - pathlib is slow to load
    except OSError:
        return False


def _may_register(request: Request) -> bool:
    if request.verb != "apply":
        return False
    services = request.args.get("services")
    kept = [each["spec"].get("manager") for each in services] if isinstance(services, list) else []
    return native_manager() != "" or any(each not in {None, "agent"} for each in kept)
