"""Tells which instance of which service this process is, as its manager says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SERVICE, INSTANCE = "SVCCTL_SERVICE", "SVCCTL_INSTANCE"
"""Variables in which a manager of ours names the service, and the one copy of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One running copy: of *service*, called *name*, the *number*-th counted from 1.

    The first is called as the service itself, others ``mailer.2``.  *told*: a manager has said so.
    """

    service: str
    name: str
    number: int = 1
    told: bool = False

    @property
    def shown(self) -> str:
        """Give its name for records, where there may be others."""
        return self.name if self.told else ""


def this_instance(name: str, environ: Mapping[str, str]) -> Instance:
    """Give what the manager says, else the only copy of the service *name*.

    The manager has the last word on the name: one program may be many services.
    """
    service = environ.get(SERVICE, "")
    if not service:
        return Instance(service=name, name=name)
    instance = environ.get(INSTANCE, "") or service
    return Instance(service=service, name=instance, number=_number(service, instance), told=True)


def numbered(name: str, number: int) -> Mapping[str, str]:
    """Give the variables for copy *number* of the service *name*, of those nobody manages."""
    return {SERVICE: name, INSTANCE: name if number == 1 else f"{name}.{number}"}


def _number(service: str, instance: str) -> int:
    number = instance.removeprefix(f"{service}.")
    return int(number) if number.isdecimal() else 1
