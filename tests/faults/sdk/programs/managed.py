"""A manager for a service that is told what to do by the lines of its stdin, as the SCM would."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from svcctl.ports import HostControls
from svcctl.sdk.beginning import live
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.surroundings import Attach, Body, Terminal


def obeyed(controls: HostControls) -> None:
    """Do what the lines say, for ever."""
    said: dict[str, Callable[[], None]] = {
        "pause": controls.pause,
        "resume": controls.resume,
        "reload": controls.reload,
        "control": lambda: controls.custom(130),
    }
    for line in sys.stdin:
        said[line.strip()]()


def surrounded(name: str, body: Body, *, pausable: bool, codes: frozenset[int]) -> int:
    """See :func:`svcctl.sdk.surroundings.surrounded`."""
    del pausable, codes

    def attach(controls: HostControls) -> None:
        threading.Thread(target=obeyed, args=(controls,), daemon=True).start()

    attached: Attach = attach
    return body(Terminal(name), attached)


def managed(blueprint: Blueprint) -> int:
    """Live a service here, and give its exit status."""
    return live(blueprint, within=surrounded)
