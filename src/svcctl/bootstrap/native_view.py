"""The native managers of this machine, as the agent looks at them, and the hosts it speaks with."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from svcctl.app.natives import KeptNatively
from svcctl.bootstrap.connection import streams_to
from svcctl.bootstrap.registered import notice, registered
from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, SystemFault
from svcctl.ports import Cancel, InstanceStatus, Recorded
from svcctl.system.detect import native_manager, privileged
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registrations

if TYPE_CHECKING:  # what speaks to native managers is loaded where one keeps something
    from svcctl.app.native import NativeServices


log = logging.getLogger(__name__)


class MachineView:
    """The native managers of this machine; fulfils :class:`svcctl.app.native_view.NativeView`."""

    def __init__(self, paths: Paths, home: str | None) -> None:
        self._paths, self._home = paths, home
        self._services: NativeServices | None = None
        self._names: frozenset[str] = frozenset()
        self._tell = False

    @property
    def managers_tell(self) -> bool:
        """See :class:`svcctl.app.native_view.NativeView`; systemd does, where it can be heard."""
        return self._tell

    def kept(self) -> tuple[Mapping[str, KeptNatively], Mapping[str, str]]:
        """See :class:`svcctl.app.native_view.NativeView`."""
        found = registered(self._paths)
        self._names = frozenset(found[0])
        return found

    def standing(self, names: Collection[str]) -> Mapping[str, list[InstanceStatus]]:
        """See :class:`svcctl.app.native_view.NativeView`."""
        if self._services is None:
            from svcctl.bootstrap.native import NativeMachine, native_services  # noqa: PLC0415

            self._services = native_services(self._paths, NativeMachine(self._paths, self._home))
        found: dict[str, list[InstanceStatus]] = {}
        for row in self._services.status(names):
            found.setdefault(row.service, []).append(row)
        return found

    def missed(self, name: str, after: int) -> list[Recorded]:
        """See :class:`svcctl.app.native_view.NativeView`; a host that never ran missed nothing."""
        from svcctl.engine.past_events import past_events  # noqa: PLC0415 - where there is one

        path = f"{host_paths(self._paths, name).state}/state.db"
        is_there = os.path.exists(path)  # noqa: PTH110 - as below
        return past_events(path, after=after) if is_there else []

    def rows(self, name: str, said: object) -> list[InstanceStatus]:
        """See :class:`svcctl.app.native_view.NativeView`."""
        from svcctl.system.running_hosts import row_of  # noqa: PLC0415 - where there is one

        registration = Registrations(self._paths.native).read(name)
        return [row_of(each, registration) for each in said] if isinstance(said, list) else []

    @asynccontextmanager
    async def converse(self, name: str) -> AsyncIterator[Conversation]:
        """See :class:`svcctl.app.native_view.NativeView`."""
        where = host_paths(self._paths, name)
        try:
            reader, writer = await streams_to(where)
        except OSError as error:
            raise AgentUnreachable(f"the host of {name!r} does not answer: {error}") from error
        conversation = Conversation(reader, writer)
        try:
            yield conversation
        finally:
            await conversation.close()

    def notice(self, call: Callable[[str], None]) -> tuple[Cancel, bool]:
        """See :class:`svcctl.app.native_view.NativeView`."""
        cancel, tells = notice(self._paths, lambda: call(""))
        if native_manager() != "systemd":
            return cancel, tells
        hearing = asyncio.create_task(self._hear(call))

        def cancel_both() -> None:
            hearing.cancel()
            cancel()

        return cancel_both, tells

    async def _hear(self, call: Callable[[str], None]) -> None:
        """Hear systemd where it can be heard; else it is asked, as everywhere."""

        def heard(unit: str) -> None:
            self._tell = True
            name = unit.removesuffix(".service")
            if name in self._names:
                call(name)

        try:
            from svcctl.system.systemd.signals import hear_units  # noqa: PLC0415 - optional library

            await hear_units(heard, user=not privileged())
        except (ImportError, SystemFault) as error:
            log.debug("natives.unheard", extra={"problem": str(error)})
        finally:
            self._tell = False
