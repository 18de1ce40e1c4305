"""A machine whose disk and clock are bad for some processes only: see programs/bad_machine.c."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "programs" / "bad_machine.c"
FAULTS = struct.Struct("=qqqq")


@dataclass
class BadMachine:
    """Faults that begin and end at once for all that was started with *variables*."""

    variables: dict[str, str]
    memory: mmap.mmap

    def refuse_writes(self, error: int) -> None:
        """Let every write to the bad disk fail with that errno; 0: none any more."""
        self._change(0, error)

    def sync_within(self, seconds: float) -> None:
        """Let every fsync of the bad disk take that long."""
        self._change(1, round(seconds * 1e9))

    def shift_clock(self, seconds: float) -> None:
        """Let the clock of the wall be that far off from the true time."""
        self._change(2, round(seconds * 1e9))

    @property
    def syncs(self) -> int:
        """How many times the bad disk was synced."""
        return int(FAULTS.unpack(self.memory[:])[3])

    def _change(self, place: int, value: int) -> None:
        self.memory[place * 8 : place * 8 + 8] = struct.pack("=q", value)


def make_bad_machine(folder: Path, disk: Path) -> BadMachine:
    """Make one whose bad disk is the folder *disk*; skips where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library, steering = folder / "bad_machine.so", folder / "bad_machine"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    steering.write_bytes(bytes(FAULTS.size))
    with steering.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), FAULTS.size)
    return BadMachine(
        {
            "LD_PRELOAD": str(library),
            "BAD_MACHINE": str(steering),
            "BAD_MACHINE_DISK": str(disk),
        },
        memory,
    )
