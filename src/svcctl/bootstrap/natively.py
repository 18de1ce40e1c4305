"""Puts together what carries out verbs for those elsewhere: they ask the native managers by us."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.natives import Natives
from svcctl.app.waiting import Emit
from svcctl.bootstrap.core import Core
from svcctl.wire import Selection


def elsewhere(own: Mapping[str, Deed], core: Core, natives: Natives) -> dict[str, Deed]:
    """Give *own*, reaching the services of native managers as well, once there are any."""

    @cache
    def too() -> Mapping[str, Deed]:
        from svcctl.bootstrap.native import native_client  # noqa: PLC0415 - few have any
        from svcctl.bootstrap.native_view import MachineView  # noqa: PLC0415
        from svcctl.bootstrap.registered import AGENT  # noqa: PLC0415
        from svcctl.client.natives_too import NativesToo  # noqa: PLC0415

        home = os.environ.get("SVCCTL_HOME")
        reach = NativesToo(
            natives,
            native=lambda: native_client(core.paths, home, without=AGENT),
            converse=MachineView(core.paths, home).converse,
            clock=core.world.clock,
        )
        return reach.deeds(own)

    def further(name: str, deed: Deed) -> Deed:
        async def carry_out(selection: Selection, args: Arguments, emit: Emit) -> object:
            if not natives.kept and name != "apply":
                return await deed(selection, args, emit)
            return await too()[name](selection, args, emit)

        return carry_out

    return {name: further(name, deed) for name, deed in own.items()}
