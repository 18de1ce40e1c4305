"""Answers how a service is: its checks, its figures, and what it died of before."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from svcctl.errors import UsageError
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.endpoint.asked import Answers, Asked
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.result import Group
from svcctl.sdk.waiting import in_thread


def on_health(checks: Checks) -> Answers:
    """Give the answer to ``health``, of a group or of all checks."""

    async def health(asked: Asked) -> object:
        found = await checks.look(_group(asked.text("group")))
        return {
            "status": str(found.status),
            "checks": {name: _plain(asdict(each)) for name, each in found.checks.items()},
        }

    return {"health": health}


def on_metrics(exposition: Callable[[bool], Awaitable[tuple[str, bytes]]]) -> Answers:
    """Give the answer to ``metrics``: all of them as Prometheus reads them.

    *exposition* gives media type and text, in OpenMetrics where its argument is true.
    """

    async def metrics(_: Asked) -> object:
        kind, text = await exposition(False)
        return {"content_type": kind, "text": text.decode()}

    return {"metrics": metrics}


def on_crashes(folder: CrashFolder) -> Answers:
    """Give the answer to ``crashes``: where the reports are, the newest first."""

    async def crashes(_: Asked) -> object:
        names = await in_thread("crashes", folder.names)
        return [os.path.join(folder.path, each) for each in reversed(names)]

    return {"crashes": crashes}


def _group(text: str) -> Group | None:
    if not text:
        return None
    try:
        return Group(text)
    except ValueError:
        known = ", ".join(Group)
        raise UsageError(f"there is no group {text!r}", hint=f"one of: {known}") from None


def _plain(result: dict[str, object]) -> dict[str, object]:
    """Give a result as JSON can hold it, whatever its author put into the details."""
    details = result["details"]
    assert isinstance(details, dict)
    shown = {
        str(key): value if value is None or isinstance(value, str | int | float) else str(value)
        for key, value in details.items()
    }
    return {"status": str(result["status"]), "details": shown}
