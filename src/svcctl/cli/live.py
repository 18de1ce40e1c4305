"""Pages that are shown again and again, until q or Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from svcctl.bootstrap.terminal import keys
from svcctl.cli.output import Screen
from svcctl.cli.session import Session
from svcctl.errors import AgentUnreachable

_ENTER = "\x1b[?1049h\x1b[?25l"  # xterm's alternate screen, without a cursor
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _TO_LINE_END, _TO_PAGE_END = "\x1b[H", "\x1b[K", "\x1b[J"


def refresh(session: Session, page: Callable[[], list[str]], *, every: float) -> int:
    """Show *page* every so many seconds; where nobody looks, one after the other.

    Rides out an agent that is away for a while.  Gives 0 once ``q`` is pressed.
    """
    out = session.out
    if not out.is_tty:
        while True:
            _show_plain(session, page)
            time.sleep(every)
    with _keys() as wait_for_key, own_screen(out):
        while True:
            show_page(out, _try(page))
            if wait_for_key(every) in {"q", "Q"}:
                return 0


@contextmanager
def own_screen(out: Screen) -> Iterator[None]:
    """Take the terminal while the block lasts; what was on it comes back."""
    out.write(_ENTER)
    try:
        yield
    finally:
        out.write(_LEAVE)
        out.flush()


def show_page(out: Screen, lines: list[str]) -> None:
    """Fill the terminal with *lines*, as far as there is room."""
    body = "".join(f"{line}{_TO_LINE_END}\r\n" for line in lines[: _rows()])
    out.write(f"{_HOME}{body}{_TO_PAGE_END}")
    out.flush()


def _rows() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).lines - 1


def _show_plain(session: Session, page: Callable[[], list[str]]) -> None:
    for line in _try(page):
        session.out.line(line)
    session.out.line()
    session.out.flush()


def _try(page: Callable[[], list[str]]) -> list[str]:
    try:
        return page()
    except AgentUnreachable as error:
        return [error.problem]


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Read single keys where stdin is a terminal; elsewhere nobody presses any."""
    if not sys.stdin.isatty():
        yield _no_key
        return
    with keys() as next_key:
        yield next_key


def _no_key(seconds: float) -> str:
    time.sleep(seconds)
    return ""
