"""A service whose host does what a test tells it over a connection: ``PORT LOG NAME``.

Lines of JSON come in and are answered; every control that arrives is told as it comes.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "src"))

from svcctl.ports import HostPhase
from svcctl.system.windows.dispatcher import dispatch
from svcctl.system.windows.host_output import open_streams
from svcctl.system.windows.service_status import Taken


class Line:
    """The connection to the test, and the controls it is told of."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port))
        self.words = self._connection.makefile("r", encoding="utf-8")

    def say(self, *words: object) -> None:
        self._connection.sendall(json.dumps(words).encode() + b"\n")

    def stop(self, *, shutdown: bool) -> None:
        self.say("control", "stop", shutdown)

    def pause(self) -> None:
        self.say("control", "pause")

    def resume(self) -> None:
        self.say("control", "resume")

    def reload(self) -> None:
        raise RuntimeError("reload is broken")

    def custom(self, code: int) -> None:
        self.say("control", "custom", code)


def obey(word: str, line: Line, report: Any, attach: Any) -> int | None:
    """Do what a line asks for; give the status where it asks for the end."""
    match json.loads(word):
        case ["attach"]:
            attach(line)
        case ["tell", phase, within]:
            report.tell(HostPhase(phase), text="", within=within)
        case ["deliver", code]:
            line.say("delivered", report.control(code))
        case ["print", text]:
            sys.stdout.write(f"{text}\n")
            os.write(2, b"raw " + text.encode() + b"\n")
        case ["hang"]:
            threading.Thread(target=threading.Event().wait, daemon=False).start()
        case ["raise"]:
            raise ValueError("raised by the test")
        case ["end", status]:
            return int(status)
    return None


def main(port: int, log: str, name: str) -> None:
    """Be the service *name*; say so where the SCM did not start it."""

    def body(report: Any, attach: Any) -> int:
        open_streams(log)
        line = Line(port)
        line.say("streams", sys.stdin.read(), os.getcwd())
        for word in line.words:
            status = obey(word, line, report, attach)
            if status is not None:
                return status
            line.say("done")
        return 99

    def faults(error: BaseException) -> None:
        traceback.print_exception(error, file=sys.stderr)

    taken = Taken(preshutdown=True, custom=frozenset({200}))
    status = dispatch(name, body, within=20.0, taken=taken, faults=faults)
    if status is None:
        sys.stdout.write("not started by the SCM\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
