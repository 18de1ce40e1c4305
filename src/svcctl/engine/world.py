"""What the engine is given of the outside, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from svcctl.contact import AskProgram, NoticeBoard
from svcctl.ports import Bus, Clock, FileWatch, LogSink, Spawner, Store
from svcctl.spec.service import ServiceSpec

OpenSink = Callable[[ServiceSpec, str], LogSink]
"""Give the sink for the output of an instance, by its spec and its name."""


AsHere = Callable[[ServiceSpec], ServiceSpec]
"""Put a definition in terms of this machine; raises SpecError where it has none for it."""


def as_it_is(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* itself: definitions are written in terms of POSIX."""
    return spec


Trace = Callable[[str, str], Mapping[str, str]]


def untraced(service: str, instance: str) -> Mapping[str, str]:
    """Give nothing: no traces are made."""
    del service, instance
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports an engine works with.

    *environ* is what services inherit unless they ask for a clean environment.  *credentials* is a
    folder only the agent's account may enter, *services* the one where services in Python have
    theirs, empty where each finds his own.  *boot_id* changes with every boot of the machine.
    *shell_argv* is the command that runs the one text after it; *as_here* gives the form of a
    definition that *spawner* understands; *trace* gives the variables that tell the next program of
    a service and its instance which trace it belongs to.
    """

    clock: Clock
    spawner: Spawner
    bus: Bus
    store: Store
    notices: NoticeBoard
    files: FileWatch
    ask_program: AskProgram
    open_sink: OpenSink
    environ: Mapping[str, str]
    credentials: str
    boot_id: str
    services: str = ""
    shell_argv: tuple[str, ...] = ("/bin/sh", "-c")
    as_here: AsHere = as_it_is
    trace: Trace = untraced
