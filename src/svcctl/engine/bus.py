"""Publish and subscribe, in this process and in order."""

from __future__ import annotations

import itertools
import logging
from collections import deque

from svcctl.events import Event
from svcctl.ports import Cancel, Subscriber

log = logging.getLogger(__name__)


class LocalBus:
    """A subscriber that fails is logged and never hurts the engine or its neighbours."""

    def __init__(self) -> None:
        self._subscribers: dict[int, Subscriber] = {}
        self._numbers = itertools.count()
        self._waiting: deque[Event] = deque()
        self._telling = False

    def subscribe(self, subscriber: Subscriber) -> Cancel:
        """Call *subscriber* with every event from now on, until the answer is called."""
        number = next(self._numbers)
        self._subscribers[number] = subscriber

        def cancel() -> None:
            self._subscribers.pop(number, None)

        return cancel

    def publish(self, event: Event) -> None:
        """Tell everyone who is subscribed now, in the order of subscription.

        An event stated by a subscriber is told after the one being told, so that all see them in
        the same order; publish then comes back before it was.
        """
        self._waiting.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                self._tell(self._waiting.popleft())
        finally:
            self._telling = False

    def _tell(self, event: Event) -> None:
        for number, subscriber in tuple(self._subscribers.items()):
            if number not in self._subscribers:
                continue  # cancelled by one before it
            try:
                subscriber(event)
            except Exception:
                log.exception("subscriber.failed", extra={"event": type(event).__name__})
