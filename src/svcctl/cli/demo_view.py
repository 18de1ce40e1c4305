"""The demo on a terminal: how the services are, and what happened last."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from svcctl.app.reading import document
from svcctl.bootstrap.agent import AgentParts
from svcctl.cli import standing
from svcctl.cli.demo_report import CRASH, HANG, LEAK, Story
from svcctl.cli.happenings import describe
from svcctl.cli.live import own_screen, show_page
from svcctl.cli.output import Screen, cut
from svcctl.events import Event, ProbePassed, SpecApplied

_EVERY = 0.5  # seconds after which uptimes and memory are shown anew
_EVENTS = 12
_UNTOLD = (SpecApplied, ProbePassed)


class View:
    """The audience of the demo: hands events to *story*, and shows all of it where *shown*.

    *changed* is set whenever the story went on.
    """

    def __init__(self, out: Screen, story: Story, *, home: str, shown: bool) -> None:
        self._out, self._story, self._home, self._shown = out, story, home, shown
        self._parts: AgentParts | None = None
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._news = asyncio.Event()
        self.changed = asyncio.Event()
        self._note = "Ctrl-C ends it"

    @contextmanager
    def screen(self) -> Iterator[None]:
        """Take the terminal while the block lasts, where there is anything to show."""
        if not self._shown:
            yield
            return
        painter = asyncio.create_task(self._paint_on())
        with own_screen(self._out):
            try:
                yield
            finally:
                painter.cancel()

    # the audience

    def opened(self, parts: AgentParts) -> None:
        """The agent is there."""
        self._parts = parts

    def line(self, service: str, instance: str, stream: str, text: bytes) -> None:
        """What the shop writes is not shown."""

    def event(self, event: Event) -> None:
        """Remember what happened, and show it."""
        self._story.take(event)
        self.changed.set()
        if event.service and not isinstance(event, _UNTOLD):
            self._events.append(event)
            self._news.set()

    def stopping(self) -> None:
        """What happens from now on is no part of the story."""
        self._story.close(time.time())
        self._note = "closing the shop; Ctrl-C again kills it"
        self._news.set()

    # the terminal

    async def _paint_on(self) -> None:
        while True:
            if self._parts is not None:
                show_page(self._out, self._page(self._parts))
            try:
                async with asyncio.timeout(_EVERY):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news.clear()

    def _page(self, parts: AgentParts) -> list[str]:
        found = [document(each) for each in parts.manager.status(parts.manager.names())]
        story = self._story
        counts = (
            f"crashes healed {story.healed(CRASH)}   hangs caught {story.healed(HANG)}"
            f"   leaks caught {story.healed(LEAK)}"
        )
        return [
            self._out.paint("A shop that breaks, and an agent that heals it", "bold"),
            f"{self._note}; or look from outside: svcctl --home {self._home} status",
            "",
            *standing.lines(self._out, found, wide=False, now=time.time()),
            "",
            self._out.paint(counts, "bold"),
            "",
            *(self._event_line(each) for each in self._events),
        ]

    def _event_line(self, event: Event) -> str:
        said = describe({"kind": type(event).__name__, "fields": event.fields()})
        at = time.strftime("%H:%M:%S", time.localtime(event.at))
        text = f"{at}  {event.instance:10} {said}"
        return cut(text, self._out.columns or len(text))
