"""Which services may not be kept together: one called as an instance of the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from svcctl.errors import Conflict
from svcctl.spec.service import ServiceSpec


def refuse(wanted: Iterable[ServiceSpec], *, known: Mapping[str, ServiceSpec]) -> None:
    """Raise Conflict where *wanted* has a service that is called as an instance of another.

    Both would have one journal.
    """
    specs = {spec.name: spec for spec in wanted}
    every = {**known, **specs}
    for spec in specs.values():
        for number in range(1, spec.instances + 1):
            if (name := f"{spec.name}.{number}") in every:
                raise _clash(name, spec.name)
        other, _, number_text = spec.name.rpartition(".")
        if other in every:
            numbers = range(1, every[other].instances + 1)
            if number_text in map(str, numbers):
                raise _clash(spec.name, other)


def _clash(name: str, service: str) -> Conflict:
    return Conflict(
        f"service {name!r} has the name of an instance of {service!r}",
        hint="give one of them another name",
    )
