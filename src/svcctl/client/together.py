"""Has those who ask for the same look at the same time ask the agent once, together.

One round trip is under way at a time for each thing that is asked for; whoever comes meanwhile is
in the next.  So nobody is shown what was looked up before they asked, and each is authorised and
written down by the agent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from svcctl.auth.identity import Identity
from svcctl.client.link import Link
from svcctl.errors import SvcctlError
from svcctl.wire import Selection, error_document, to_error

_MOST = 500  # who ask in one round trip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is asked for, by those who wait."""

    name: str
    selection: Selection
    args: Mapping[str, object]
    waiting: list[tuple[Identity, asyncio.Future[object]]] = field(default_factory=list)


class Together:
    """Asks over *link* for verbs whose answers are shared."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._looks: dict[Hashable, _Look] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
    ) -> object:
        """Give the verb's result; raises what the agent answers with, see Link.carry_out."""
        key = (name, selection, json.dumps(dict(args), sort_keys=True) if args else "")
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = _Look(name=name, selection=selection, args=args)
            task = asyncio.create_task(self._ask(key, look))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        look.waiting.append((identity, answer))
        return await answer

    async def close(self) -> None:
        """Ask no more; who waits is given up."""
        for each in self._tasks:
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, key: Hashable, look: _Look) -> None:
        """Ask for as long as somebody waits."""
        try:
            while look.waiting:
                await asyncio.sleep(0)  # whoever has come is heard first
                asking, look.waiting[:] = look.waiting[:_MOST], look.waiting[_MOST:]
                for (_, waiting), found in zip(
                    asking, await self._found(look, asking), strict=True
                ):
                    _answer(waiting, found)
        finally:
            del self._looks[key]
            for _, waiting in look.waiting:
                waiting.cancel()

    async def _found(
        self, look: _Look, asking: list[tuple[Identity, asyncio.Future[object]]]
    ) -> list[object]:
        try:
            return await self._link.look_for_all(
                look.name,
                selection=look.selection,
                args=look.args,
                identities=[identity for identity, _ in asking],
            )
        except SvcctlError as error:
            return [error] * len(asking)
        except BaseException:  # nobody is left waiting
            for _, waiting in asking:
                waiting.cancel()
            raise


def _answer(waiting: asyncio.Future[object], found: object) -> None:
    if waiting.done():  # it was given up
        return
    if isinstance(found, SvcctlError):  # one of its own, since each is raised elsewhere
        waiting.set_exception(to_error(error_document(found)))
    else:
        waiting.set_result(found)
