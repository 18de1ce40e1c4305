"""What an engine remembers, tells and watches, all of it in memory."""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable

from svcctl.events import Event
from svcctl.ports import Cancel, Document, Recorded, Subscriber


class FakeStore:
    """Remembers documents as JSON, for as long as it lives."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}

    def put(self, kind: str, key: str, document: Document) -> None:
        """Remember *document* as it is now."""
        self._texts[kind, key] = json.dumps(document)

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; one that is not there is no error."""
        self._texts.pop((kind, key), None)

    def items(self, kind: str) -> list[tuple[str, Document]]:
        """Give all documents of a kind, by key."""
        return [
            (key, json.loads(text)) for (of, key), text in sorted(self._texts.items()) if of == kind
        ]

    async def settle(self) -> None:
        """Come back at once: there is nothing to wait for."""


class FakeEventLog:
    """Remembers *events*, for as long as it lives, and gives their fields as JSON has them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, event: Event) -> None:
        """Remember *event*."""
        self.events.append(event)

    def read(
        self,
        *,
        services: tuple[str, ...] = (),
        after: int = 0,
        since: float = 0.0,
        limit: int = 1000,
    ) -> list[Recorded]:
        """Give the last *limit* events that fit, oldest first."""
        found = [
            _recorded(number, event)
            for number, event in enumerate(self.events, start=1)
            if number > after and event.at >= since and (not services or event.service in services)
        ]
        return found[-limit:]


def _recorded(number: int, event: Event) -> Recorded:
    return Recorded(
        number=number,
        at=event.at,
        kind=type(event).__name__,
        service=event.service,
        instance=event.instance,
        fields=json.loads(json.dumps(event.fields())),
    )


class FakeBus:
    """Keeps every event it carries in *events*, in the one order in which all see them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._subscribers: list[Subscriber] = []
        self._waiting: deque[Event] = deque()
        self._telling = False

    def publish(self, event: Event) -> None:
        """Tell everyone who is subscribed; an event stated meanwhile is told after this one."""
        self.events.append(event)
        self._waiting.append(event)
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                event = self._waiting.popleft()
                for subscriber in tuple(self._subscribers):
                    if subscriber in self._subscribers:
                        subscriber(event)
        finally:
            self._telling = False

    def subscribe(self, subscriber: Subscriber) -> Cancel:
        """Call *subscriber* with every event from now on."""
        self._subscribers.append(subscriber)

        def cancel() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return cancel


class FakeFileWatch:
    """Tells of the changes a test makes up."""

    def __init__(self) -> None:
        self._watches: dict[int, tuple[tuple[str, ...], Callable[[list[str]], None]]] = {}
        self._numbers = itertools.count()

    def watch(self, globs: tuple[str, ...], call: Callable[[list[str]], None]) -> Cancel:
        """Call with the files that change."""
        number = next(self._numbers)
        self._watches[number] = globs, call

        def cancel() -> None:
            self._watches.pop(number, None)

        return cancel

    def change(self, glob: str, *paths: str) -> None:
        """Tell whoever watches *glob* that *paths* have changed."""
        for globs, call in tuple(self._watches.values()):
            if glob in globs:
                call(list(paths))
