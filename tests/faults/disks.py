"""Disks that refuse for a while: one that is full, and one that is broken."""

from __future__ import annotations

import contextlib
import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.faults.bad_machine import BadMachine

SMALL, LARGE = "4m", "512m"


class Disk(Protocol):
    """One folder of a home, on a disk of its own."""

    def refuse(self) -> None:
        """Take nothing from now on."""

    def accept(self) -> None:
        """Take everything again."""


class FullDisk:
    """A file system in memory, full or not."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ballast = folder, folder / "ballast"

    def refuse(self) -> None:
        self._resize(SMALL)
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)

    def accept(self) -> None:
        self._ballast.unlink()
        self._resize(LARGE)

    def forbid(self) -> None:
        """Let nobody write any more, as a file system that found itself damaged does."""
        subprocess.run(["mount", "-o", "remount,ro", self._folder], check=True)

    def allow(self) -> None:
        """Let everybody write again."""
        subprocess.run(["mount", "-o", f"remount,rw,size={LARGE}", self._folder], check=True)

    def _resize(self, size: str) -> None:
        with contextlib.suppress(
            subprocess.CalledProcessError
        ):  # it holds more than that: it fills
            subprocess.run(
                ["mount", "-o", f"remount,size={size}", self._folder],
                check=True,
                stderr=subprocess.DEVNULL,
            )


class BrokenDisk:
    """A disk that answers every write with EIO, or takes it."""

    def __init__(self, machine: BadMachine) -> None:
        self._machine = machine

    def refuse(self) -> None:
        self._machine.refuse_writes(errno.EIO)

    def accept(self) -> None:
        self._machine.refuse_writes(0)


@contextmanager
def full_disk(folder: Path) -> Iterator[FullDisk]:
    """Make *folder* such a disk while the block lasts; only root may."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "faults", folder], check=True)
    try:
        yield FullDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
