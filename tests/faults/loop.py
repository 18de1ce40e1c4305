"""How long the agent's loop stands still, as somebody sees who asks it again and again."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from svcctl.bootstrap.local import local_client
from svcctl.wire import Request, Selection
from tests.faults.trial import Trial

PAUSE = 0.002  # seconds between two questions


class Loop:
    """Asks for as long as the block lasts; *answers* are the seconds each answer took."""

    def __init__(self, trial: Trial) -> None:
        self._home = str(trial.home)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        request = Request(verb="agent-status", select=Selection(), args={})
        with local_client(self._home, timeout=60.0) as client:
            while not self._over.wait(PAUSE):
                before = time.monotonic()
                client.ask(request)
                self.answers.append(time.monotonic() - before)
