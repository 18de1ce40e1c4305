"""Hears what the hosts of native services say, each in a conversation of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, cast

from svcctl.app.native_log import NativeLog
from svcctl.app.native_view import NativeView, Spoken
from svcctl.app.natives import Natives
from svcctl.errors import SvcctlError
from svcctl.ports import Recorded
from svcctl.wire import Request

log = logging.getLogger(__name__)

_ALL = 10_000  # events of one host that are read at once
_PATIENCE = 10.0  # seconds a host gets to answer
_PAGE_PATIENCE = 2.0  # likewise for numbers: who scrapes does not wait for long
_TRIES = 5  # at finding it as it stands in its log, while it goes on
_AT_ONCE = 1.0  # seconds it gets until we ask its manager


class NativeHosts:
    """The hosts of all native services; those *heard* speak with us, *refused* says why others not.

    *changed* is called when a service is seen for the first time, *ended* when one that spoke does
    so no more.
    """

    def __init__(
        self,
        view: NativeView,
        natives: Natives,
        told: NativeLog,
        *,
        changed: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self._view, self._natives, self._told = view, natives, told
        self._changed, self._ended = changed, ended
        self._talks: dict[str, asyncio.Task[None]] = {}
        self.heard: set[str] = set()
        self.refused: dict[str, str] = {}

    def silent(self) -> list[str]:
        """Name the services whose host does not speak with us, or that have none."""
        return [name for name in self._natives.kept if name not in self.heard]

    def forget(self, name: str) -> None:
        """Hear no more of a service."""
        self.refused.pop(name, None)
        if talk := self._talks.get(name):
            talk.cancel()

    def close(self) -> None:
        """Hear no more."""
        for each in self._talks.values():
            each.cancel()

    async def speak_up(self) -> None:
        """Begin to speak with every host that is there and does not yet."""
        asked: list[asyncio.Future[None]] = []
        for name in self.silent():
            if self._natives.kept[name].hosted and name not in self._talks:
                answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                talk = self._talk(name, answered)
                self._talks[name] = asyncio.create_task(talk, name=f"hear {name}")
                asked.append(answered)
        if asked:
            await asyncio.wait(asked, timeout=_AT_ONCE)

    async def _talk(self, name: str, answered: asyncio.Future[None]) -> None:
        """Hear the host of *name* until it ends; *answered* is set once it has, or does not."""
        try:
            async with self._view.converse(name) as host:
                async with asyncio.timeout(_PATIENCE):
                    await self._catch_up(name, host)
                self.heard.add(name)
                self.refused.pop(name, None)
                answered.set_result(None)
                await self._follow(name, host)
        except (SvcctlError, TimeoutError) as error:
            self.refused[name] = str(error) or "its host does not answer in time"
        except Exception:  # a host of another version must not end the watch over the rest
            log.exception("natives.talk-failed", extra={"service": name})
        finally:
            del self._talks[name]
            if not answered.done():
                answered.set_result(None)
            if name in self.heard:
                self.heard.remove(name)
                self._ended()

    async def _catch_up(self, name: str, host: Spoken) -> None:
        """Take in what happened since we last heard of it, all at once, and how it is now."""
        latest = await host.items(_events(lines=1))
        last = _recorded(latest[0]).number if latest else 0
        if last < self._told.last(name):
            self._told.begin_anew(name)
        is_first = False
        for _ in range(_TRIES):
            after = self._told.last(name)
            said = self._view.rows(name, await host.ask(Request(verb="status")))
            rows = [each for each in said if each.service == name]
            missed = [_recorded(each) for each in await host.items(_events(after=after))]
            is_first |= self._told.take_in(name, rows, missed, after=after)
            if not missed:
                break
        if is_first:
            self._changed()

    async def _follow(self, name: str, host: Spoken) -> None:
        """Take in what happens; come back where something was passed over, to catch up."""
        asked = _events(after=self._told.last(name), follow=True)
        async with aclosing(host.answers(asked)) as answers:
            async for is_result, item in answers:
                if is_result:
                    return
                recorded = _recorded(item)
                if recorded.number > self._told.last(name) + 1:
                    return
                self._told.tell(name, (recorded,))

    async def pages(self) -> Mapping[str, str]:
        """Give what each host that speaks with us counts and measures, as Prometheus reads it."""
        names = sorted(self.heard)
        found = await asyncio.gather(*map(self._page, names))
        return {name: page for name, page in zip(names, found, strict=True) if page}

    async def _page(self, name: str) -> str:
        try:
            async with asyncio.timeout(_PAGE_PATIENCE), self._view.converse(name) as host:
                page = await host.ask(Request(verb="metrics"))
        except (SvcctlError, TimeoutError) as error:
            log.debug("natives.no-page", extra={"service": name, "problem": str(error)})
            return ""
        text = str(cast("dict[str, object]", page)["text"])
        own = f'{{service="{name}"'  # of others it knows nothing, whatever it says
        return "\n".join(line for line in text.split("\n") if own in line)


def _events(*, after: int = 0, lines: int = _ALL, follow: bool = False) -> Request:
    return Request(verb="events", args={"after": after, "lines": lines, "follow": follow})


def _recorded(item: object) -> Recorded:
    return Recorded(**cast("dict[str, Any]", item))
