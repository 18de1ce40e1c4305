"""Who asks a service for something can wait for it, and hears where it does not come about."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from svcctl.errors import Conflict
from svcctl.sdk.context import Context
from svcctl.sdk.service import Service
from tests.unit.sdk.living import Living, live


class Standing(Service):
    async def run(self, ctx: Context) -> None:
        await ctx.stopped()


class Stubborn(Standing):
    def on_pause(self) -> None:
        raise ValueError("a mail is half sent")

    def on_control(self, code: int) -> None:
        raise LookupError(f"no {code}")


def test_who_waits_for_a_pause_is_back_once_the_service_stands_still() -> None:
    async def story(it: Living) -> None:
        await it.life.await_pause()
        assert it.life.phase == "paused"

        await it.life.await_pause()  # it stands still already
        await it.life.await_resume()
        assert it.life.phase == "running"

    live(Standing(), story)


def test_a_pause_that_the_service_refuses_is_told_with_its_reason() -> None:
    async def story(it: Living) -> None:
        with pytest.raises(Conflict, match="on_pause failed: ValueError: a mail is half sent"):
            await it.life.await_pause()

        assert it.life.phase == "running"

    live(Stubborn(), story)


def test_a_control_that_fails_is_told() -> None:
    async def story(it: Living) -> None:
        with pytest.raises(Conflict, match="on_control failed: LookupError: no 130"):
            await it.life.await_control(130)

    live(Stubborn(), story)


def test_a_service_that_has_not_begun_cannot_be_resumed() -> None:
    class Slow(Service):
        async def run(self, ctx: Context) -> None:
            await ctx.use(contextlib.AsyncExitStack())
            await asyncio.Event().wait()

    async def story(it: Living) -> None:
        with pytest.raises(Conflict, match="is starting, not running"):
            await it.life.await_resume()

    live(Slow(), story)


def test_who_waits_for_a_pause_hears_that_the_service_stops_instead() -> None:
    class Long(Standing):
        async def on_pause(self) -> None:
            await asyncio.Event().wait()

    async def story(it: Living) -> None:
        waits = asyncio.ensure_future(it.life.await_pause())
        await it.turn()
        it.life.stop(shutdown=False)

        with pytest.raises(Conflict, match="the service stops"):
            await waits

    live(Long(), story)
