"""The files a log may have been moved or copied to, open while it is decided which is which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from svcctl.observe.logs.tail.mark import Mark
from svcctl.observe.logs.tail.names import age_key
from svcctl.observe.logs.tail.opened import Opened


class Candidates:
    """Open files, oldest first; at the end of the block those nobody kept are closed.

    *claimed* are marks whose file is there as it was left; *incomplete*: some could not be opened.
    """

    def __init__(self) -> None:
        self._files: list[Opened] = []
        self.claimed: set[Mark] = set()
        self.incomplete = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Opened]:
        return iter([each for each in self._files if not each.is_kept])

    def close(self) -> None:
        """Close those nobody kept."""
        for each in self:
            each.content.close()

    def add(self, opened: Opened) -> None:
        """Take a file that was just opened."""
        self._files.append(opened)
        self._files.sort(key=lambda each: age_key(each.path, each.changed_ns))

    def find(self, mark: Mark, *, same: bool) -> Opened | None:
        """Give the file of *mark*: the *same* by its numbers too, or else the longest copy."""
        found = [each for each in self if _is_marked(mark, each, same=same)]
        return max(found, key=lambda each: each.content.size(), default=None)


def _is_marked(mark: Mark, opened: Opened, *, same: bool) -> bool:
    is_same = mark.is_of(opened.device, opened.inode)
    if same and not is_same:
        return False
    try:
        return mark.fits(opened.content) or (is_same and mark.offset == 0)
    except OSError:
        return False
