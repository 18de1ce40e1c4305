"""What an author writes is given what it asks for, by the names of its parameters."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.errors import UsageError
from svcctl.sdk.calling import Caller, fitted


def called(call: Any, *args: object, **more: object) -> object:
    return asyncio.run(Caller("context", "plain").call("it", call, *args, more=more))


def test_who_asks_for_less_is_given_less() -> None:
    assert called(lambda: "nothing", "reason") == "nothing"
    assert called(lambda one: one, "reason") == "reason"
    assert called(lambda *all_: all_, 1, 2) == (1, 2)


def test_a_coroutine_is_given_the_context_and_a_plain_function_one_for_its_thread() -> None:
    async def job(ctx: object) -> object:
        return ctx

    assert called(job) == "context"
    assert called(lambda ctx: ctx) == "plain"


def test_what_else_is_offered_is_given_to_who_names_it() -> None:
    def on_reload(old: object, new: object, ctx: object, changed: object) -> object:
        return old, new, ctx, changed

    assert called(on_reload, 1, 2, changed={"port"}) == (1, 2, "plain", {"port"})


def test_a_default_stays_where_nobody_gives_anything() -> None:
    assert called(lambda one=7, *, two=8: (one, two)) == (7, 8)


def test_who_wants_what_nobody_has_is_told() -> None:
    with pytest.raises(UsageError, match="wants 'database', which nobody gives it"):
        fitted("check", lambda database: database, given=0)
    with pytest.raises(UsageError, match="wants 'key'"):
        fitted("check", lambda *, key: key, given=3)
