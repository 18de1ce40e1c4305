"""Opens the endpoint of a service that begins to live, and tells its manager where it is."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from svcctl.contact import Door
from svcctl.errors import Conflict, SvcctlError
from svcctl.sdk.endpoint.asked import Answers
from svcctl.sdk.endpoint.place import address, own_paths
from svcctl.sdk.endpoint.server import Endpoint
from svcctl.system.detect import Platform, platform

log = logging.getLogger(__name__)


@asynccontextmanager
async def opened(
    instance: str,
    answers: Callable[[], Answers],
    *,
    environ: Mapping[str, str],
    found_at: Callable[[str], None],
) -> AsyncIterator[None]:
    """Answer for *instance* while the block lasts; *found_at* is told the address.

    Where no door can be had the service lives without one, and its log says why.
    """
    try:
        place, door = _door(instance, environ)
    except (SvcctlError, OSError) as error:
        log.warning("endpoint.closed", extra={"problem": str(error)})
        yield
        return
    async with Endpoint(door, answers):
        found_at(place)
        try:
            yield
        finally:
            _take_away(place)


def _door(instance: str, environ: Mapping[str, str]) -> tuple[str, Door]:
    """Give an address and the door there.

    ``SVCCTL_HOME`` is whoever started us, and may be closed to the user we run as.
    """
    try:
        return _door_in(instance, environ)
    except Conflict:  # another copy has it
        raise
    except (SvcctlError, OSError):
        own = {name: value for name, value in environ.items() if name != "SVCCTL_HOME"}
        if len(own) == len(environ):
            raise
        return _door_in(instance, own)


def _door_in(instance: str, environ: Mapping[str, str]) -> tuple[str, Door]:
    place = address(own_paths(environ), instance)
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.door import PipeDoor  # noqa: PLC0415 - not there elsewhere

        return place, PipeDoor(place)
    from svcctl.system.posix.local_socket import SocketDoor, actor, listen  # noqa: PLC0415

    listener = listen(place)
    return place, SocketDoor(listener, who_is=lambda each: actor(each, of=f"service {instance!r}"))


def _take_away(place: str) -> None:
    """Leave no socket behind; nobody else can have put his there while we listened."""
    if platform() is not Platform.WINDOWS:
        with suppress(OSError):
            os.unlink(place)
