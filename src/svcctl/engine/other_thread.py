"""Hands what is asked of a service from any thread to the loop it lives in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from svcctl.ports import HostControls

log = logging.getLogger(__name__)


class OtherThread:
    """The controls of somebody who lives in the running loop, for every thread."""

    def __init__(self, controls: HostControls) -> None:
        self._controls, self._loop = controls, asyncio.get_running_loop()

    def stop(self, *, shutdown: bool) -> None:
        """See :class:`svcctl.ports.HostControls`."""
        self._call(lambda: self._controls.stop(shutdown=shutdown))

    def pause(self) -> None:
        """See :class:`svcctl.ports.HostControls`."""
        self._call(self._controls.pause)

    def resume(self) -> None:
        """See :class:`svcctl.ports.HostControls`."""
        self._call(self._controls.resume)

    def reload(self) -> None:
        """See :class:`svcctl.ports.HostControls`."""
        self._call(self._controls.reload)

    def custom(self, code: int) -> None:
        """See :class:`svcctl.ports.HostControls`."""
        self._call(lambda: self._controls.custom(code))

    def _call(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: all is over already
            log.debug("controls.late")
