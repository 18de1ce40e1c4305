"""The process of the service that is debugged: started, read, signalled, and cleared away."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from svcctl.errors import CannotSpawn
from svcctl.observe.logs.lines import Splitter
from svcctl.ports import Exit
from svcctl.system.detect import Platform, platform

_PIECE = 64 * 1024
_LAST_WORDS = 1.0  # seconds for what is in the pipes, should somebody else hold them too

Lines = Callable[[str, bytes], None]
"""Called with ``stdout`` or ``stderr`` and a line."""


class Program:
    """One process and what it has started; no key pressed at our terminal reaches them."""

    def __init__(
        self, process: asyncio.subprocess.Process, lines: Lines, ended: Callable[[Exit], None]
    ) -> None:
        self._process = process
        self._attending = asyncio.create_task(self._attend(lines, ended))
        self._attending.add_done_callback(_told)

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        lines: Lines,
        ended: Callable[[Exit], None],
    ) -> Program:
        """Start it; *ended* is called once it is no more and all it said was given to *lines*.

        Raises CannotSpawn.
        """
        options: dict[str, Any] = {"start_new_session": True}
        if platform() is Platform.WINDOWS:
            options = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                **options,
            )
        except OSError as error:
            problem = f"{argv[0]!r} cannot be run: {error.strerror}"
            raise CannotSpawn(problem) from error
        return cls(process, lines, ended)

    @property
    def pid(self) -> int:
        """Give its process id."""
        return self._process.pid

    def signal(self, name: str) -> None:
        """Send the signal called *name*, without its SIG; a process that is gone is no error."""
        with suppress(ProcessLookupError):
            if name == "KILL":
                self._process.kill()
            else:
                self._process.send_signal(signal.Signals[f"SIG{name}"])

    async def _attend(self, lines: Lines, ended: Callable[[Exit], None]) -> None:
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        readers = [
            asyncio.create_task(_read(name, stream, lines))
            for name, stream in streams.items()
            if stream is not None
        ]
        code = await self._process.wait()
        _clear_away(self.pid)
        _, late = await asyncio.wait(readers, timeout=_LAST_WORDS)
        for each in late:
            each.cancel()
        ended(exit_of(code))


async def _read(name: str, stream: asyncio.StreamReader, lines: Lines) -> None:
    splitter = Splitter()
    while piece := await stream.read(_PIECE):
        for each in splitter.feed(piece):
            lines(name, each)
    for each in splitter.rest():
        lines(name, each)


def _told(attending: asyncio.Task[None]) -> None:
    """Raise in the loop what nobody awaits."""
    if not attending.cancelled():
        attending.result()


def exit_of(code: int) -> Exit:
    """Say how a process ended of which :mod:`subprocess` gives *code*."""
    if code >= 0:
        return Exit(code=code)
    return Exit(signal=signal.Signals(-code).name.removeprefix("SIG"))


def _clear_away(leader: int) -> None:
    """End what a process has started and left behind, where the system has groups for that."""
    if platform() is not Platform.WINDOWS:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
