"""How long the agent's loop stands still, as somebody sees who asks it again and again."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from svcctl.bootstrap.local import local_client
from svcctl.wire import Request, Selection
from tests.faults.trial import Trial

PAUSE = 0.002  # seconds between two questions


class Loop:
    """Asks for as long as the block lasts; *answers* are the seconds each answer took.

    Without those in which the agent or who asks had no CPU: a busy machine is nobody's fault.
    """

    def __init__(self, trial: Trial) -> None:
        self._home = str(trial.home)
        self._agent = trial.agent.pid
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
                before = time.monotonic() - self._without_cpu()
                client.ask(request)
                self.answers.append(time.monotonic() - self._without_cpu() - before)

    def _without_cpu(self) -> float:
        """Give the seconds for which the agent and this thread have waited for one to run on."""
        schedules = Path(f"/proc/{self._agent}/schedstat"), Path("/proc/thread-self/schedstat")
        return sum(int(each.read_text().split()[1]) for each in schedules) / 1e9
