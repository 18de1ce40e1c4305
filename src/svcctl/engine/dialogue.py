"""Speaks to a program that has an endpoint of its own: what it is asked for, it does itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from svcctl.engine.keeping import Keeping
from svcctl.errors import Conflict, SvcctlError, TimedOut
from svcctl.ports import Document

_UNDO = 2.0  # seconds that a program gets to hear that it need not pause any more


class Dialogue:
    """What is said to the program of one keeper.

    A program that pauses itself knows what it must finish first; a frozen one stands still in the
    middle of it, with locks held and connections open.
    """

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper

    async def ask(self, verb: str, args: Document, *, within: float) -> object:
        """Give its answer; raises what it does, Conflict where it has no endpoint."""
        keeper = self._keeper
        address = keeper.entry.endpoint
        if not address:
            raise Conflict(
                f"{keeper.name!r} takes no requests, or does not run",
                hint="services written with the SDK do: see svcctl status",
            )
        return await keeper.world.ask_program(
            address, verb, args, within=within, trusts=keeper.trusts
        )

    async def pause(self) -> str:
        """Have it pause itself; give what went wrong, or an empty text.

        One that did not manage in time is told to go on: it must not stand still unseen.
        """
        try:
            await self.ask("pause", {}, within=self._limit)
        except TimedOut as error:
            with suppress(SvcctlError):
                await self.ask("resume", {}, within=_UNDO)
            return f"it does not pause: {error.problem}"
        except SvcctlError as error:
            return f"it does not pause: {error.problem}"
        return ""

    async def resume(self) -> str:
        """Have it go on; give what went wrong, or an empty text."""
        try:
            await self.ask("resume", {}, within=self._limit)
        except SvcctlError as error:
            return f"it does not resume: {error.problem}"
        return ""

    async def reload(self) -> str:
        """Have it read its configuration anew; give what went wrong, or an empty text."""
        try:
            outcome = await self.ask("reload", {}, within=self._limit)
        except SvcctlError as error:
            return f"it does not reload: {error.problem}"
        return rejection(outcome)

    async def failing(self, group: str, *, within: float) -> str:
        """Say which of its own checks it finds DOWN; an empty text where none is."""
        try:
            return down(await self.ask("health", {"group": group}, within=within))
        except SvcctlError as error:
            return error.problem

    @property
    def _limit(self) -> float:
        return self._keeper.spec.hook.timeout


def rejection(outcome: object) -> str:
    """Say why a configuration was refused, with every mistake; empty where it was not.

    *outcome* is what a service answers to ``reload``.
    """
    if not isinstance(outcome, dict) or outcome.get("verdict") != "rejected":
        return ""
    mistakes = outcome.get("mistakes")
    found = [_mistake(each) for each in mistakes] if isinstance(mistakes, list) else []
    return f"the new configuration is refused: {'; '.join(found) or 'it does not say why'}"


def down(health: object) -> str:
    """Say which checks are DOWN, and why; empty where the service is not.

    *health* is what a service answers to ``health``.
    """
    if not isinstance(health, dict) or not isinstance(checks := health.get("checks"), dict):
        return "what it says of its health makes no sense"
    if health.get("status") != "DOWN":
        return ""
    found = [_failing(name, each) for name, each in checks.items() if _is_down(each)]
    return "; ".join(found) or "it is DOWN"


def _is_down(check: object) -> bool:
    return isinstance(check, Mapping) and check.get("status") == "DOWN"


def _failing(name: str, check: Mapping[str, object]) -> str:
    details = check.get("details")
    if not isinstance(details, Mapping) or not details:
        return f"{name} is DOWN"
    return f"{name}: {', '.join(str(each) for each in details.values())}"


def _mistake(document: object) -> str:
    if not isinstance(document, Mapping):
        return str(document)
    place = ":".join(str(document[name]) for name in ("file", "line") if document.get(name))
    hint = f" ({document['hint']})" if document.get("hint") else ""
    said = f"{document.get('problem', '')}{hint}"
    return f"{place}: {said}" if place else said
