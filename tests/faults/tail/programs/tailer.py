"""Follows logs into a file, until it is told to end: ``tailer.py GLOB POSITIONS OUT``.

It says when it is ready; on SIGTERM it takes what is left first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from svcctl.bootstrap.tailing import SavedIn
from svcctl.observe.logs.tail.changes import best_changes
from svcctl.observe.logs.tail.generation import Block
from svcctl.observe.logs.tail.tail import Tail, follow
from svcctl.system.clock import SystemClock


def main(glob: str, positions: str, out: str) -> None:
    """Write every line that comes to *out*, before it is acknowledged."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def keep(blocks: list[Block]) -> None:
        for block in blocks:
            os.write(target, block.content)

    with Tail(
        [glob],
        clock=SystemClock(),
        place=SavedIn(positions),
        at_end=False,
        changes=best_changes(),
    ) as tail:
        os.write(1, b"ready\n")
        follow(tail, keep, over=over)
        while found := tail.take():
            keep(found)
            tail.acknowledge()
        tail.acknowledge()


if __name__ == "__main__":
    main(*sys.argv[1:])
