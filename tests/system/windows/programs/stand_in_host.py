"""A service that stands in for a host: ``LOG FAILURE NAME``; it writes down what it is asked.

With a FAILURE other than 0 it ends at once, with that status.
"""

from __future__ import annotations

import queue
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "src"))

from svcctl.ports import HostPhase
from svcctl.system.windows.dispatcher import dispatch
from svcctl.system.windows.service_status import Taken

PHASES = {"pause": HostPhase.PAUSED, "resume": HostPhase.RUNNING}


class Controls:
    """Takes what the SCM asks for, into a queue."""

    def __init__(self) -> None:
        self.asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def stop(self, *, shutdown: bool) -> None:
        del shutdown
        self.asked.put("stop")

    def pause(self) -> None:
        self.asked.put("pause")

    def resume(self) -> None:
        self.asked.put("resume")

    def reload(self) -> None:
        self.asked.put("reload")

    def custom(self, code: int) -> None:
        self.asked.put(f"custom {code}")


def main(log: str, failure: int, name: str) -> None:
    """Be the service *name*."""

    def body(report: Any, attach: Any) -> int:
        if failure:
            return failure
        controls = Controls()
        attach(controls)
        report.tell(HostPhase.RUNNING, text="")
        with Path(log).open("a", encoding="utf-8") as lines:
            while (asked := controls.asked.get()) != "stop":
                lines.write(f"{asked}\n")
                lines.flush()
                if asked in {"pause", "resume"}:
                    report.tell(
                        HostPhase.PAUSED if asked == "pause" else HostPhase.RUNNING, text=""
                    )
        return 0

    taken = Taken(preshutdown=True, custom=frozenset({200}))
    dispatch(name, body, within=20.0, taken=taken, faults=lambda _: None)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
