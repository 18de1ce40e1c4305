"""Real process trees for tests: small Python programs, what they print, and how they end."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from svcctl.ports import Exit, Launch, Member
from svcctl.system.windows.child import WindowsChild
from svcctl.system.windows.spawn import WindowsSpawner
from tests.system.windows import waiting

PROGRAMS = Path(__file__).parent / "programs"
"""What programs can import: say."""

Test = Callable[..., Coroutine[Any, Any, None]]

CHILDREN = """
import subprocess, sys
from say import say
inner, flags = sys.argv[1], int(sys.argv[2])
child = subprocess.Popen([sys.executable, "-c", inner], creationflags=flags, stdout=sys.stdout)
"""
"""Begins a program that starts another: arguments are that one's code, and creation flags."""


def in_loop(test: Test) -> Callable[..., None]:
    """Have a coroutine test run in a loop of its own, its *trees* (or *world*) entered."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        async def within() -> None:
            with fixtures.get("trees") or fixtures["world"]:
                await test(**fixtures)

        waiting.run(within())

    return run


class Program:
    """A running program, as a test sees it."""

    def __init__(self, child: WindowsChild, reader: int) -> None:
        self.child = child
        self.lines: list[str] = []
        self.ends: list[Exit] = []
        self.is_silent = False
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._reading = threading.Thread(target=self._read, args=(reader,), daemon=True)
        self._reading.start()
        child.on_exit(self._ended)

    @property
    def pid(self) -> int:
        return self.child.identity.pid

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until *condition* holds; it is looked at whenever the program said something."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def line(self) -> str:
        """Give the next line it prints."""
        await self.until(lambda: self.lines)
        return self.lines.pop(0)

    async def end(self) -> Exit:
        """Wait for its end."""
        await self.until(lambda: self.ends)
        return self.ends[0]

    async def silence(self) -> None:
        """Wait until nobody can write to its output any more."""
        await self.until(lambda: self.is_silent)

    async def sweep(
        self, *, grace: float = 0.0, then: Callable[[], object] = lambda: None
    ) -> tuple[Member, ...]:
        """Sweep its tree; give who was left; *then* is called as soon as that is told."""
        told: list[tuple[Member, ...]] = []

        def tell(ended: tuple[Member, ...]) -> None:
            told.append(ended)
            then()
            self._changed.set()

        self.child.sweep(tell, grace=grace)
        await self.until(lambda: told)
        return told[0]

    def _ended(self, end: Exit) -> None:
        self.ends.append(end)
        self._changed.set()

    def _read(self, reader: int) -> None:
        with os.fdopen(reader, encoding="utf-8") as output:
            for line in output:
                self._loop.call_soon_threadsafe(self._take, line.rstrip("\r\n"))
        self._loop.call_soon_threadsafe(self._take, None)

    def _take(self, line: str | None) -> None:
        if line is None:
            self.is_silent = True
        else:
            self.lines.append(line)
        self._changed.set()


class Trees:
    """A spawner, and all that a test starts with it; nothing of that outlives the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spawner = WindowsSpawner()
        self._programs: list[Program] = []

    def __enter__(self) -> Self:
        self.spawner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for program in self._programs:
            program.child.tree.job.terminate(1)
            program.child.close()
            program._reading.join()
        self.spawner.__exit__(kind, error, trace)

    def start(self, code: str, *arguments: object, **options: Any) -> Program:
        """Start a Python program given as text; *options* are those of a launch."""
        return self.run(sys.executable, "-c", code, *map(str, arguments), **options)

    def run(self, *argv: str, **options: Any) -> Program:
        """Start any program."""
        reader, writer = os.pipe()
        try:
            child = self.spawner.spawn(self.launch(*argv, stdout=writer, stderr=writer, **options))
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        program = Program(child, reader)
        self._programs.append(program)
        return program

    def launch(self, *argv: str, **options: Any) -> Launch:
        """Give a launch of a program."""
        env = {**os.environ, "PYTHONPATH": f"{PROGRAMS};{os.environ.get('PYTHONPATH', '')}"}
        token = os.urandom(8).hex()
        plain = {"env": env, "cwd": str(self.folder), "tag": "web", "token": token}
        return Launch(argv=argv, **(plain | options))


class Stranger:
    """Another process, held by a handle, so that its end can be waited for."""

    def __init__(self, pid: int) -> None:
        self._kernel32 = ctypes.WinDLL("kernel32")
        self._kernel32.OpenProcess.restype = ctypes.c_void_p
        self._handle: int | None = self._kernel32.OpenProcess(0x0010_1000, False, pid)

    def ends(self, *, within: float = waiting.PATIENCE) -> bool:
        """Wait for its end for that many seconds; say whether it came."""
        if self._handle is None:
            return True
        handle, limit = ctypes.c_void_p(self._handle), int(within * 1000)
        waited: int = self._kernel32.WaitForSingleObject(handle, limit)
        self._kernel32.CloseHandle(handle)
        return waited == 0
