"""Writes records to standard output or error: JSON for programs, text for people."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Mapping

from svcctl.sdk.logs.losses import Losses, Told, on_stderr
from svcctl.sdk.logs.sink import Sink
from svcctl.sdk.logs.text import Look, as_line
from svcctl.system.detect import Platform, platform


class Descriptor:
    """Writes each record with one write(2) to a descriptor that stays open when this is closed.

    A pipe whose reader is slow makes the caller wait; one without a reader, or a terminal that is
    gone, loses records: counted, and told on standard error once a minute.
    """

    __slots__ = ("_descriptor", "_lock", "_losses")

    def __init__(
        self, descriptor: int, *, clock: Callable[[], float], tell: Told = on_stderr
    ) -> None:
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._losses = Losses(f"descriptor {descriptor}", clock=clock, tell=tell)

    @property
    def dropped(self) -> int:
        """How many records could not be written so far."""
        return self._losses.total

    def write(self, record: bytes, level: int) -> None:
        """Write it whole before coming back."""
        del level
        with self._lock:
            try:
                write_all(self._descriptor, record)
            except OSError as error:
                self._losses.count(record.count(b"\n"), error.strerror)
                self._losses.tell()

    def flush(self) -> None:
        """Nothing waits here."""
        self._losses.tell()

    def close(self) -> None:
        """Tell of losses that were not told; the descriptor is not ours to close."""
        self._losses.tell(now=True)


class Terminal:
    """Turns each record into text for people and gives it to a sink for descriptors."""

    __slots__ = ("_look", "_sink")

    def __init__(self, sink: Sink, look: Look) -> None:
        self._sink, self._look = sink, look

    def write(self, record: bytes, level: int) -> None:
        """Write it as text, or several that were gathered."""
        text = "".join(as_line(each, self._look) for each in record.splitlines())
        self._sink.write(text.encode("utf-8", "replace"), level)

    def flush(self) -> None:
        """Flush the sink below."""
        self._sink.flush()

    def close(self) -> None:
        """Close the sink below."""
        self._sink.close()


def standard(
    descriptor: int,
    environ: Mapping[str, str],
    *,
    clock: Callable[[], float],
    tell: Told = on_stderr,
) -> Sink:
    """Give the sink for standard output or error: text on a terminal, else JSON."""
    sink = Descriptor(descriptor, clock=clock, tell=tell)
    if not is_terminal(descriptor):
        return sink
    return Terminal(sink, Look(colour=colours(descriptor, environ)))


def colours(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Say whether a terminal is to be given colours.

    As https://no-color.org asks: none where NO_COLOR is set, or TERM is ``dumb``.
    """
    wanted = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return wanted and _shows_escapes(descriptor)


def is_terminal(descriptor: int) -> bool:
    """Say whether a person reads what is written there."""
    try:
        return os.isatty(descriptor)
    except OSError:  # it is closed: a service without a console
        return False


def _shows_escapes(descriptor: int) -> bool:
    if platform() is not Platform.WINDOWS:
        return True
    from svcctl.system.windows.terminal import show_escapes  # noqa: PLC0415 - only there

    return show_escapes(descriptor)


def write_all(descriptor: int, record: bytes) -> None:
    """Write all of *record*, with one call where the system takes it whole; may raise OSError."""
    rest = memoryview(record)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # somebody made the pipe non-blocking: asyncio does for its own
            select.select([], [descriptor], [])
