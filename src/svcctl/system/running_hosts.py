"""What a native manager has the host of a service do, where the system has no way for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from typing import Any, cast

from svcctl.errors import AgentUnreachable, Conflict, Denied, TimedOut
from svcctl.ports import InstanceStatus
from svcctl.spec import canonical
from svcctl.system.registrations import Registration

AskHost = Callable[[str, str, Mapping[str, object]], object]
"""Asks the host of a service for a verb, with arguments; AgentUnreachable where it does not run."""

STILL = frozenset(("pausing", "paused", "resuming"))
"""Phases in which a service runs, and does nothing."""


class RunningHosts:
    """The hosts of all services, each with a local API of its own.

    A service without a host is asked itself, in the same words.
    """

    def __init__(self, ask: AskHost) -> None:
        self._ask = ask

    def rows(self, registration: Registration) -> list[InstanceStatus]:
        """Give how the instances of a service are; none where its host does not say."""
        return [row_of(each, registration) for each in self._said(registration.applied.name)]

    def stop(self, name: str) -> None:
        """Have it stop its programs and end; AgentUnreachable where it does not run."""
        self._ask(name, "stop", {"no_wait": True})

    def pause(self, name: str) -> None:
        """Have its programs stand still, and come back at once.

        Raises Conflict where it does not run, or where it refused at once, with its reason.
        """
        self._insist(name, "pause", {"no_wait": True})

    def resume(self, name: str) -> None:
        """Have its programs go on; Conflict as for :meth:`pause`."""
        self._insist(name, "resume", {"no_wait": True})

    def reload(self, name: str) -> None:
        """Have its programs read their configuration again.

        Comes back once they have; raises Conflict where it does not run, or where one refused,
        with its reason.
        """
        self._insist(name, "reload", {})

    def phase(self, name: str) -> str:
        """Give the phase a service without a host says it is in; empty where it does not answer."""
        try:
            (said,) = cast("list[Mapping[str, Any]]", self._ask(name, "about", {}))
        except (AgentUnreachable, Conflict, Denied, TimedOut):
            return ""
        return str(said["answer"]["phase"])

    def signal(self, name: str, signal: str) -> None:
        """Have it send a signal to the main process; Conflict where it does not run."""
        self._have(name, "kill", {"signal": signal})

    def reset(self, name: str) -> None:
        """Have it forget the failures of its programs, where it runs."""
        with suppress(AgentUnreachable):
            self._ask(name, "reset", {"no_wait": True})

    def _insist(self, name: str, verb: str, args: Mapping[str, object]) -> None:
        outcomes = cast("list[Mapping[str, Any]]", self._have(name, verb, args))
        if refused := [each for each in outcomes or () if not each["ok"]]:
            said = "; ".join(f"{each['instance']}: {each['problem']}" for each in refused)
            raise Conflict(said, hint=f"svcctl logs {name}")

    def _have(self, name: str, verb: str, args: Mapping[str, object]) -> object:
        try:
            return self._ask(name, verb, args)
        except AgentUnreachable as error:
            raise Conflict(f"service {name!r} does not run", hint=f"svcctl start {name}") from error

    def _said(self, name: str) -> list[Mapping[str, object]]:
        try:
            answer = self._ask(name, "status", {})
        except (AgentUnreachable, Denied, TimedOut):  # it does not answer yet, or not us
            return []
        return cast("list[Mapping[str, object]]", answer)


def row_of(said: Mapping[str, object], registration: Registration) -> InstanceStatus:
    """Give the host's own row, but for what it cannot know; it may be of another version."""
    known = {each.name for each in fields(InstanceStatus)}
    values = cast("dict[str, Any]", {key: said[key] for key in said if key in known})
    current = said.get("spec_revision") == registration.applied.revision
    values |= {
        "manager": registration.manager,
        "enabled": registration.enabled,
        "applied": current and bool(said.get("applied")),
        "groups": tuple(values["groups"]),
        "description": canonical.parse(registration.applied.spec).description,
    }
    return InstanceStatus(**values)
