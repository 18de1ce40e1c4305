"""A folder with a log that is written and rotated, and a tail that follows it and is restarted."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from pathlib import Path
from typing import Any

from svcctl.observe.logs.tail.generation import Block
from svcctl.observe.logs.tail.tail import Tail
from svcctl.testing.fakes import FakeClock


class Sheet:
    """Positions that survive a tail; a test may make it full."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.full = False

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.content = content


class Desk:
    """``app.log`` in *folder*; :meth:`lines` gives what is new, and acknowledges it."""

    def __init__(self, folder: Path, *globs: str, **options: Any) -> None:
        self.folder = folder
        self.path = folder / "app.log"
        self.clock = FakeClock(now=time.time())
        self.sheet = Sheet()
        self.globs = globs or (str(self.path),)
        self.options = {"at_end": False, **options}
        self.tail = self.start()

    def start(self) -> Tail:
        return Tail(self.globs, clock=self.clock, place=self.sheet, **self.options)

    def restart(self, *, killed: bool = False) -> None:
        saved = self.sheet.content
        self.tail.close()
        if killed:
            self.sheet.content = saved
        self.clock.forward(60.0)
        self.tail = self.start()

    def write(self, text: bytes, *, name: str = "app.log") -> None:
        with open(self.folder / name, "ab") as file:
            file.write(text)

    def rename(self, *, keep: int = 9) -> None:
        """Rotate as logrotate does: app.log to app.log.1, that to app.log.2, and so on."""
        for number in range(keep, 0, -1):
            old = self.folder / f"app.log.{number}"
            for path in (old, old.with_name(f"{old.name}.gz")):
                if path.exists() and number < keep:
                    path.rename(str(path).replace(f".{number}", f".{number + 1}"))
                elif path.exists():
                    path.unlink()
        self.path.rename(self.folder / "app.log.1")

    def copy_and_empty(self) -> None:
        """Rotate as logrotate's copytruncate does."""
        for number in range(8, 0, -1):
            old = self.folder / f"app.log.{number}"
            if old.exists():
                old.rename(self.folder / f"app.log.{number + 1}")
        shutil.copyfile(self.path, self.folder / "app.log.1")
        os.truncate(self.path, 0)

    def pack(self, number: int) -> None:
        """Compress a rotated file as gzip(1) does."""
        plain = self.folder / f"app.log.{number}"
        state = plain.stat()
        packed = plain.with_name(f"{plain.name}.gz")
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        os.utime(packed, ns=(state.st_atime_ns, state.st_mtime_ns))
        plain.unlink()

    def blocks(self) -> list[Block]:
        found: list[Block] = []
        while new := self.tail.take():
            found += new
        self.tail.acknowledge()
        self.clock.forward(0.3)
        return found

    def lines(self) -> list[bytes]:
        return [line for block in self.blocks() for line in block.lines()]
