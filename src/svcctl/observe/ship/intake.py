"""Moves what services write from their logs into a spool, as it comes, and their crash reports."""

from __future__ import annotations

import os
from collections.abc import Sequence

from svcctl.observe.logs.index import Index
from svcctl.observe.logs.tail.generation import Block
from svcctl.observe.logs.tail.tail import Tail
from svcctl.observe.ship.crashes import CrashReports
from svcctl.observe.ship.frame import Frame, Writer
from svcctl.observe.ship.spool import Spool
from svcctl.ports import Clock

_SOON, _LATE = 0.2, 600.0  # seconds to wait for more, while something is to be committed, and else


class Intake:
    """Takes what *tail* gives of captured logs, and *crashes*; one thread calls :meth:`step`.

    *at_end*: crash reports that are there at the very first start are not wanted.
    """

    def __init__(
        self,
        tail: Tail,
        spool: Spool,
        *,
        clock: Clock,
        crashes: CrashReports | None = None,
        at_end: bool = False,
    ) -> None:
        self._tail, self._spool, self._clock = tail, spool, clock
        self._crashes, self._at_end = crashes, at_end
        self._unkept: Sequence[Frame] = ()
        self._stirred: dict[str, None] = {}
        if crashes is not None:
            self._stirred.update(dict.fromkeys(crashes.instances()))

    def stir(self, instance: str) -> None:
        """Look for crash reports of *instance*; may be called from any thread."""
        self._stirred[instance] = None

    def step(self) -> bool:
        """Keep what came; say whether anything did.

        Raises OSError where it cannot be kept: it is kept by the next step then, and nothing is
        read before.
        """
        self._unkept = self._unkept or [self._frame(each) for each in self._tail.take()]
        frames = self._unkept
        self._spool.append(frames)
        self._unkept = ()
        self._tail.acknowledge()
        for each in frames:
            self._stirred[each.writer.instance] = None
        return self._keep_crashes() or bool(frames)

    def wait(self) -> None:
        """Come back when there may be more."""
        self._tail.wait(_LATE if self._spool.is_committed else _SOON)

    def close(self) -> None:
        """Commit what was kept, and let go."""
        self._tail.close()

    def _keep_crashes(self) -> bool:
        """Keep reports that are new, once nothing else is to be committed; say if there were."""
        if self._crashes is None or not self._stirred or not self._spool.is_committed:
            return False
        instances = list(self._stirred)
        there = self._crashes.there(instances)
        known = self._spool.note
        new = [each for each in there if each not in (known or ())]
        if known is None and self._at_end:
            self._spool.commit(there)
        elif new or known is None:
            self._spool.append(frame for _, frame in self._crashes.frames(new))
            mine = frozenset(instances)
            others = [each for each in known or () if each.partition("/")[0] not in mine]
            self._spool.commit([*others, *there])
        for each in instances:
            self._stirred.pop(each, None)
        return bool(new)

    def _frame(self, block: Block) -> Frame:
        """Give *block* with its writer, and when its beginning was captured."""
        index = Index(f"{block.path}.idx", fallback=self._clock.now())
        try:
            at = index.at(block.start)
        finally:
            index.close()
        return Frame(writer=writer_of(block.path), at=at, content=block.content)


def writer_of(path: str) -> Writer:
    """Give who writes the captured log at *path*: ``.../SERVICE/INSTANCE/STREAM.log``."""
    folder, name = os.path.split(path)
    folder, instance = os.path.split(folder)
    service = os.path.basename(folder)
    return Writer(service=service, instance=instance, stream=name.removesuffix(".log"))
