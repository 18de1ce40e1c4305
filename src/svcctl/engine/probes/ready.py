"""When a service counts as running: the ``ready`` option, understood."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.spec.probe import Probe, Purpose
from svcctl.spec.service import ServiceSpec, Type


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What must come about.

    *delay* seconds pass, READY=1 is heard, it puts itself into the background, each of *probes*
    passes.
    """

    delay: float = 0.0
    notify: bool = False
    fork: bool = False
    probes: tuple[Probe, ...] = ()

    @property
    def at_once(self) -> bool:
        """Nothing has to be waited for."""
        return not (self.delay or self.notify or self.fork or self.probes)


def readiness(spec: ServiceSpec) -> Readiness:
    """Give what *spec* waits for between the start of its program and being ready.

    With ``health`` and no other probes its live ones must pass, except for log: that can only fail.
    """
    probes = tuple(each for each in spec.health if each.purpose is not Purpose.LIVE)
    kind, _, value = spec.ready.partition(":")
    match kind:
        case "port":
            port = Probe(tcp=f"127.0.0.1:{value}", purpose=Purpose.STARTUP, interval=1.0)
            probes = (port, *probes)
        case "log":
            probes = (Probe(log=value, purpose=Purpose.STARTUP), *probes)
        case "health" if not probes:
            probes = tuple(each for each in spec.health if each.log is None)
        case _:
            pass
    return Readiness(
        delay=_seconds(value) if kind == "delay" else 0.0,
        notify=kind == "notify",
        fork=spec.type is Type.FORKING,
        probes=probes,
    )


def _seconds(text: str) -> float:
    from svcctl.spec.notation import parse_duration  # noqa: PLC0415 - 1 MB, rarely needed

    return parse_duration(text)
