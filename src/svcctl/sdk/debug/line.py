"""The service's end of the line to its debugger; a thread of its own listens to it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from svcctl.sdk.debug.exchange import Input, Send
from svcctl.sdk.debug.words import dump, load_order
from svcctl.system.windows.dispatcher import BUG

_ORPHANED = 60.0  # seconds a service gets to stop whose debugger is gone

Obey = Callable[[Send], None]


class Line:
    """A connection over which the service says how it is, and hears what it is to do."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._is_lost = threading.Event()

    def say(self, message: Input) -> None:
        """Tell the debugger; where it is gone, the thread that listens sees to that."""
        with self._lock, suppress(OSError):
            self._connection.sendall(dump(message))

    def listen(self, obey: Obey, *, lost: Callable[[], None]) -> None:
        """Have a thread hand what is ordered to *obey*, and call *lost* once nobody is there.

        A service that does not stop then is ended after a minute: nobody else would.
        """

        def work() -> None:
            with suppress(OSError), self._connection.makefile("rb") as orders:
                for each in orders:
                    obey(load_order(each))
            self._is_lost.set()
            lost()
            time.sleep(_ORPHANED)
            os._exit(BUG)

        threading.Thread(target=work, name="debugger", daemon=True).start()

    def until_lost(self) -> None:
        """Come back once the debugger is gone."""
        self._is_lost.wait()
