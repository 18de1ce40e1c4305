"""Follows the journal of systemd through ``journalctl``, from a cursor on."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Sequence

from svcctl.errors import SystemFault
from svcctl.system.systemd.journal import COMMAND, CURSOR, end, last_cursor, start

_BLOCK = 1 << 20


class JournalFollow:
    """Entries of the journal as they come, each a line of JSON, see journalctl(1).

    *terms* are what journalctl takes to choose entries.  It begins after *cursor*, where that is
    gone at the oldest entry after it; without one at the end, or (*from_start*) the beginning.
    *save* is given the cursor of what was acknowledged, at the start too: an entry written before
    the first one came is not lost.  For one thread; calls raise SystemFault where there is no
    journalctl or it ends.
    """

    def __init__(
        self,
        terms: Sequence[str],
        *,
        cursor: str,
        from_start: bool,
        save: Callable[[str], None],
    ) -> None:
        if not cursor and not from_start:
            cursor = last_cursor()
            save(cursor)
        argv = [*COMMAND, "--follow", "--no-tail"]
        argv += [f"--after-cursor={cursor}"] if cursor else []
        self._reader = start([*argv, *terms])
        assert self._reader.stdout is not None
        self._pipe = self._reader.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._rest = b""
        self._saved = self._taken = cursor
        self._save = save

    def fileno(self) -> int:
        """Give what can be read when there may be more."""
        return self._pipe

    def take(self) -> list[bytes]:
        """Give the entries that came; raises SystemFault where journalctl has ended."""
        try:
            found = os.read(self._pipe, _BLOCK)
        except BlockingIOError:
            return []
        if not found:
            raise self._ended()
        *lines, self._rest = (self._rest + found).split(b"\n")
        if lines:
            self._taken = str(json.loads(lines[-1])[CURSOR])
        return lines

    def acknowledge(self) -> None:
        """Save where the journal was left."""
        if self._taken != self._saved:
            self._save(self._taken)
            self._saved = self._taken

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        waiting.poll(seconds * 1000)

    def behind(self) -> int:
        """Give the bytes that are read and of no whole entry yet: journalctl has the rest."""
        return len(self._rest)

    def close(self) -> None:
        """End journalctl."""
        end(self._reader)

    def _ended(self) -> SystemFault:
        assert self._reader.stderr is not None
        said = self._reader.stderr.read().decode(errors="replace").strip().split("\n")[-1]
        status = self._reader.wait()
        return SystemFault(f"journalctl ended with {status}: {said or 'it says nothing'}")
