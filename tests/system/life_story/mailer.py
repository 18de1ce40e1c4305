"""The service of the life story: files beside it tell it what to do, and it notes what it did."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Self

from svcctl import Context, Service
from svcctl.errors import SpecError

HERE = Path(__file__).absolute().parent
A_LONG_TIME = 600.0


def note(line: str) -> None:
    with (HERE / "heard").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def told(word: str) -> bool:
    return (HERE / word).exists()


def taken(path: Path) -> bool:
    """Take a file away if it is there, and nobody still has it open, as Windows wants it."""
    try:
        path.unlink()
    except (FileNotFoundError, PermissionError):
        return False
    return True


def told_once(word: str) -> bool:
    return taken(HERE / word)


async def until(word: str) -> None:
    while not told(word):
        await asyncio.sleep(0.01)


class Noted:
    """A resource that notes what becomes of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __aenter__(self) -> Self:
        note(f"opened {self._name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        note(f"closed {self._name}")


class Mailer(Service):
    """Sends mail."""

    drain_timeout = "30s"

    async def run(self, ctx: Context) -> None:
        if told("misconfigured"):
            raise SpecError("there is no outbox", hint="name one")
        await ctx.use(Noted("database"))
        await ctx.use(Noted("outbox"))
        await until("may-be-ready")
        note("ready")
        ctx.ready()
        ctx.log.info("letters.awaited")
        async for _ in ctx.ticks("20ms"):
            for each in filter(taken, sorted(HERE.glob("*.letter"))):
                ctx.spawn(partial(self.send, ctx, each.stem), name=each.name)
            if told_once("crash"):
                raise ValueError("as told")
            if told_once("restart"):
                ctx.restart("as told")
            if told_once("hang"):
                note("hangs")
                time.sleep(A_LONG_TIME)  # noqa: ASYNC251 - that is what it is to hang

    async def send(self, ctx: Context, name: str) -> None:
        async with ctx.work("letter"):
            note(f"sending {name}")
            await until(f"{name}.sent")
            note(f"sent {name}")

    async def on_reload(self, _old: object, _new: object) -> None:
        note("reload")
        while told("reload-held"):
            await asyncio.sleep(0.01)

    def on_pause(self) -> None:
        note("pause")

    def on_resume(self) -> None:
        note("resume")

    def on_stop(self, reason: str) -> None:
        note(f"stop: {reason}")

    def on_control(self, code: int) -> None:
        note(f"control {code}")


if __name__ == "__main__":
    Mailer.main()
