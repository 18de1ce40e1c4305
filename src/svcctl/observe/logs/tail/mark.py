"""How a file is known again by what stands in it, since names move and inodes are used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Protocol
from zlib import crc32

HEAD = 1024
"""Bytes from the beginning of a file that tell it from others; fewer while it has fewer."""
BEFORE = 256
"""Bytes before a place that show that the file is still what was read up to there."""


class Content(Protocol):
    """What can be read of a file, packed or not."""

    def read(self, count: int, offset: int) -> bytes:
        """Give at most *count* bytes from *offset*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A file and how far it was read.

    *head* is the CRC-32 of its first *head_size* bytes, *before* that of the *before_size* bytes
    before *offset*.  *skipping*: the rest of a line that is too long is being left out.
    """

    device: int
    inode: int
    changed_ns: int
    offset: int
    head_size: int = 0
    head: int = 0
    before_size: int = 0
    before: int = 0
    skipping: bool = False

    def is_of(self, device: int, inode: int) -> bool:
        """Say whether it is of a file with these numbers, or of one that had them once."""
        return (device, inode) == (self.device, self.inode)

    def fits(self, content: Content) -> bool:
        """Say whether *content* is that of the marked file, whatever was added since."""
        if self.head_size == 0:
            return False
        head = content.read(self.head_size, 0)
        if len(head) < self.head_size or crc32(head) != self.head:
            return False
        before = content.read(self.before_size, self.offset - self.before_size)
        return len(before) == self.before_size and crc32(before) == self.before

    def tells(self) -> bool:
        """Say whether so much was read that no other file is the same by accident."""
        return self.head_size == HEAD


def make_mark(
    identity: tuple[int, int, int], *, offset: int, head: bytes, before: bytes, skipping: bool
) -> Mark:
    """Mark a file (device, inode, time of change in ns) that begins with *head*, at *offset*."""
    device, inode, changed_ns = identity
    return Mark(
        device=device,
        inode=inode,
        changed_ns=changed_ns,
        offset=offset,
        head_size=len(head),
        head=crc32(head),
        before_size=len(before),
        before=crc32(before),
        skipping=skipping,
    )


def dump_mark(mark: Mark) -> list[int]:
    """Give *mark* in a form JSON can hold."""
    return [int(each) for each in astuple(mark)]


def load_mark(numbers: Sequence[int]) -> Mark:
    """Read what :func:`dump_mark` gave; raises ValueError or TypeError where it is not that."""
    device, inode, changed, offset, head_size, head, before_size, before, skipping = map(
        int, numbers
    )
    return Mark(
        device=device,
        inode=inode,
        changed_ns=changed,
        offset=offset,
        head_size=head_size,
        head=head,
        before_size=before_size,
        before=before,
        skipping=bool(skipping),
    )
