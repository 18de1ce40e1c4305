"""Asks several at once, in threads: one that is slow to answer keeps nobody else waiting."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

_MOST = 16  # asked at a time

T = TypeVar("T")
R = TypeVar("R")


def at_once(ask: Callable[[T], R], whom: Sequence[T]) -> list[R]:
    """Give what *ask* gives for each of *whom*, in their order; raises what the first of them did.

    The caller's thread takes part; the others keep no process alive.
    """
    answers: list[Future[R]] = [Future() for _ in whom]
    waiting = deque(zip(answers, whom, strict=True))

    def work() -> None:
        while waiting:
            try:
                answer, one = waiting.popleft()
            except IndexError:  # another thread was faster
                return
            try:
                answer.set_result(ask(one))
            except Exception as error:  # noqa: BLE001 - it is raised where it is awaited
                answer.set_exception(error)

    for _ in range(min(len(whom), _MOST) - 1):
        with suppress(RuntimeError):  # the machine has no thread to give: the others do it all
            threading.Thread(target=work, name="asks hosts", daemon=True).start()
    work()
    return [each.result() for each in answers]
