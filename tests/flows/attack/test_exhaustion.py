"""Lesson 9: what one asker can use up, others keep: streams, connections, memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow


async def _endless(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args
    emit({"at": 1.0, "text": "first"})
    await asyncio.Event().wait()
    return None


async def _said(texts: AsyncIterator[str]) -> str:
    """Give what a stream says until there is something in it."""
    said = ""
    while "data:" not in said:
        said += await anext(texts)
    return said


def test_who_opens_too_many_streams_is_refused_and_others_are_not(stand: Stand) -> None:
    stand.deeds["logs"] = _endless
    stand.each = 5

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        path, wanted = "/v1/logs?follow=1", {"accept": "text/event-stream"}
        eve = wanted | bearer_of(stand.token("eve"))
        async with AsyncExitStack() as stack:
            opened = []  # who throws away what gives the texts hangs up
            for _ in range(5):
                answer = client.stream("GET", path, headers=eve)
                opened.append((await stack.enter_async_context(answer)).aiter_text())
                assert "first" in await _said(opened[-1])

            refused = await client.get(path, headers=eve)
            async with client.stream("GET", path, headers=wanted) as other:
                assert "first" in await _said(other.aiter_text())
            assert (refused.status_code, refused.json()["code"]) == (503, "SVC-1702")
        said = ""
        while "first" not in said:  # soon the server sees that nobody reads any more
            async with client.stream("GET", path, headers=eve) as again:
                if again.status_code == 200:
                    said = await _said(again.aiter_text())

    told(stand, story)
