"""Publish and subscribe, in this process and in order."""

from __future__ import annotations

import logging

from svcctl.events import Event
from svcctl.ports import Cancel, Subscriber

log = logging.getLogger(__name__)


class LocalBus:
    """A subscriber that fails is logged and never hurts the engine or its neighbours."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> Cancel:
        """Call *subscriber* with every event from now on, until the answer is called."""
        self._subscribers.append(subscriber)

        def cancel() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return cancel

    def publish(self, event: Event) -> None:
        """Tell everyone who is subscribed now, in the order of subscription."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(event)
            except Exception:
                log.exception("subscriber.failed", extra={"event": type(event).__name__})
