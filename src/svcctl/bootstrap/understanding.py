"""Wires what understands logs: where it keeps what it has learnt, and how it knows its cost."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time

from svcctl.app.findings import Findings
from svcctl.app.understanding.all import Understanding
from svcctl.app.understanding.allowance import Allowance
from svcctl.app.understanding.place import Place
from svcctl.engine.manager import AgentManager
from svcctl.system import whole_file

log = logging.getLogger(__name__)


def understanding(manager: AgentManager, findings: Findings, *, folder: str) -> Understanding:
    """Give what understands the logs of *manager*; what is learnt is kept in *folder*."""
    place = Place(
        clock=manager.world.clock,
        shelf=FolderShelf(folder),
        told=findings,
        allowance=Allowance(),
        cpu=time.thread_time,
    )
    return Understanding(manager, place=place)


class FolderShelf:
    """See :class:`svcctl.app.understanding.place.Shelf`: one file for each service.

    The event loop does not wait for the disk, but for what is put last.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def get(self, service: str) -> bytes | None:
        """Give what was put, None where nothing was or it cannot be read."""
        try:
            return whole_file.read(self._path(service))
        except OSError as error:
            _say("learnt.unreadable", service, error)
            return None

    def put(self, service: str, content: bytes, *, last: bool = False) -> None:
        """Keep *content*, in a thread unless it is the *last*."""
        if last:
            self._write(service, content)
            return
        try:
            asyncio.get_running_loop().run_in_executor(None, self._write, service, content)
        except RuntimeError as error:  # the machine has no thread to give; the next may do better
            _say("learnt.not_kept", service, error)

    def set_aside(self, service: str) -> None:
        """Keep what was put under another name."""
        path = self._path(service)
        try:
            os.replace(path, f"{path}.unreadable")  # noqa: PTH105 - the agent loads no pathlib
        except OSError as error:
            _say("learnt.not_set_aside", service, error)

    def delete(self, service: str) -> None:
        """Forget it."""
        try:
            with self._lock:
                whole_file.delete(self._path(service))
        except OSError as error:
            _say("learnt.not_deleted", service, error)

    def _write(self, service: str, content: bytes) -> None:
        try:
            with self._lock:
                whole_file.write(self._path(service), content, mode=0o600)
        except OSError as error:
            _say("learnt.not_kept", service, error)

    def _path(self, service: str) -> str:
        return f"{self._folder}/{service}.json"


def _say(event: str, service: str, error: Exception) -> None:
    log.warning(event, extra={"service": service, "problem": str(error)})
