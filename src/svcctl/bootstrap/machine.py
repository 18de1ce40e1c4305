"""What an agent or a host is given by the machine it runs on, whichever kind that is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from svcctl.contact import GuardedDoor, NoticeBoard
from svcctl.engine.world import AsHere, OpenSink, as_it_is
from svcctl.ports import Document, FileWatch, Spawner


class StopSignals(Protocol):
    """Hears when this process is asked to stop, from the terminal or by a signal."""

    def __call__(
        self, call: Callable[[], None], *, hangup: bool = False
    ) -> AbstractContextManager[None]:
        """Make *call* from the event loop each time, while the block lasts.

        With *hangup* also when the terminal goes away; else that is ignored.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The ports of one machine, for one agent that holds its lock.

    *listen* opens the door, to members of a group too; *usage* measures this process;
    *shell_argv* is the command that runs the one text after it, *as_here* puts a definition in
    terms of the machine; *outlived*: programs live on when their agent ends, and the next one
    adopts them.
    """

    spawner: Spawner
    notices: NoticeBoard
    files: FileWatch
    open_sink: OpenSink
    boot_id: str
    usage: Callable[[], Document]
    listen: Callable[[str | None], GuardedDoor]
    stop_signals: StopSignals
    shell_argv: tuple[str, ...] = ("/bin/sh", "-c")
    as_here: AsHere = as_it_is
    outlived: bool = True
