"""As many services as one likes, called what one likes, that tell what a test has them tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity
from svcctl.auth.roles import RANKS
from svcctl.wire import Selection

Document = dict[str, Any]


class Crowd:
    """Answers verbs as an agent with those *services* would; keeps what changes were asked for."""

    def __init__(self, *services: Document) -> None:
        self.services = list(services)
        self.lines: list[Document] = []
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, tuple[str, ...], Document]] = []
        self._events: list[Document] = []
        self._came: list[asyncio.Event] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def tell(self, kind: str, service: str, **fields: object) -> None:
        """Have an event happen, from whatever thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._tell, kind, service, fields)

    def _tell(self, kind: str, service: str, fields: Document) -> None:
        for each in self.services:
            if each["service"] == service and kind == "PhaseChanged":
                each["phase"], each["reason"] = fields["new"], fields["reason"]
        event = {"kind": kind, "service": service, "instance": service, "fields": fields}
        self._events.append({"number": len(self._events) + 1, "at": time.time(), **event})
        for came in self._came:
            came.set()

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        """Answer a verb."""
        self._loop = asyncio.get_running_loop()
        match name:
            case "may":
                return self._rights(identity)
            case "status":
                wanted = selection.names
                return [each for each in self.services if not wanted or each["service"] in wanted]
            case "events":
                return await self._follow(emit, follows=args.get("follow") is True)
            case "logs":
                for line in self.lines:
                    emit(line)
                return await asyncio.Event().wait()
            case "alerts":
                return self.answers.get(name, {"alerts": [], "under_way": {}})
            case "show" | "drift" | "crashes" | "history" | "config" | "config-history" | "health":
                return self.answers.get(name, [])
            case _:
                self.asked.append((name, selection.names, dict(args)))
                if name in self.answers:
                    return self.answers[name]
                return [
                    {"service": each, "instance": each, "ok": True, "phase": "running"}
                    for each in selection.names
                ]

    def _rights(self, identity: Identity) -> Document:
        reach = max(RANKS.index(role) for role in identity.roles)
        verbs = [each for each in VERBS if RANKS.index(each.role) <= reach]
        return {
            "actor": identity.actor,
            "way": identity.way,
            "roles": list(identity.roles),
            "verbs": [each.name for each in verbs],
            "grants": [
                {
                    "services": [each["service"] for each in self.services],
                    "verbs": [each.name for each in verbs],
                }
            ],
        }

    async def _follow(self, emit: Emit, *, follows: bool) -> object:
        came, told = asyncio.Event(), 0
        self._came.append(came)
        while True:
            for event in self._events[told:]:
                emit(event)
            told = len(self._events)
            if not follows:
                return {"events": told}
            await came.wait()
            came.clear()


def service(name: str, *, phase: str = "running", **more: object) -> Document:
    """Give the status of one."""
    runs = phase == "running"
    known: Document = {
        "service": name,
        "instance": name,
        "phase": phase,
        "ready": runs,
        "live": None,
        "pid": 4000 if runs else None,
        "started_at": time.time() - 7_000 if runs else None,
        "restarts": 0,
        "exit_code": None,
        "exit_signal": None,
        "manager": "agent",
        "spec_revision": "3f9a77c01d2e",
        "applied": True,
        "enabled": True,
        "cpu": 1.5 if runs else None,
        "memory_bytes": 35_000_000 if runs else None,
        "processes": 2 if runs else None,
        "reason": "",
        "status_text": "",
        "next_at": None,
        "groups": [],
        "labels": {},
        "description": "",
    }
    return known | more
