"""Answers which records a service writes, and has it write more, or less, for a while."""

from __future__ import annotations

from dataclasses import asdict

from svcctl.errors import UsageError
from svcctl.sdk.endpoint.asked import Answers, Asked
from svcctl.sdk.logs.levels import Levels


def on_logs(levels: Levels) -> Answers:
    """Give the answers to ``log-level`` and ``set-log-level``."""

    def shown() -> object:
        return [asdict(each) for each in levels.show()]

    async def show(_: Asked) -> object:
        return shown()

    async def change(asked: Asked) -> object:
        logger, level = asked.text("logger"), asked.text("level")
        if asked.flag("reset"):
            levels.reset(logger)
        elif level:
            levels.set(logger, level, for_=asked.seconds("for"))
        else:
            raise UsageError("no level was given", hint="debug, info, warning, error or critical")
        return shown()

    return {"log-level": show, "set-log-level": change}
