"""The example of a saga: an order is fulfilled in all three places, or in none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from svcctl.sdk.resilience.retry import without_waits

Example = Callable[[str], ModuleType]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder with an order in it."""
    (tmp_path / "A17.json").write_text(json.dumps({"item": "tea", "price": 7}))
    return tmp_path


def fulfilled(orders: ModuleType, inbox: Path, shop: str) -> list[dict[str, object]]:
    """Have the order brought to its end; give what was logged."""
    settings = {"inbox": str(inbox), "shop": shop}

    async def story() -> list[dict[str, object]]:
        async with orders.Orders.test(config=settings) as t:
            await t.until(lambda: not (inbox / "A17.json").exists())
            log: list[dict[str, object]] = t.log
            return log

    return asyncio.run(story())


def test_an_order_goes_through_all_three_places(
    example: Example, inbox: Path, partner: Any
) -> None:
    fulfilled(example("orders"), inbox, partner.url)

    assert partner.paths == ["/reserve", "/charge", "/ship"]
    assert partner.keys == [f"order/A17/{each}" for each in ("reserve", "charge", "ship")]
    assert (inbox / "done" / "A17.json").exists()


def test_where_one_refuses_what_was_done_is_taken_back_in_reverse_order(
    example: Example, inbox: Path, partner: Any
) -> None:
    partner.answer = lambda path, _body: 409 if path == "/ship" else 200

    log = fulfilled(example("orders"), inbox, partner.url)

    assert partner.paths == ["/reserve", "/charge", "/ship", "/refund", "/release"]
    assert (inbox / "refused" / "A17.json").exists()
    (refusal,) = [each for each in log if each["event"] == "order.refused"]
    assert "409" in str(refusal["problem"])


def test_who_is_away_for_a_while_is_asked_again_with_the_same_key(
    example: Example, inbox: Path, partner: Any
) -> None:
    answers = [200, 503, 503, 200, 200]
    partner.answer = lambda _path, _body: answers.pop(0)

    with without_waits(attempts=3):
        fulfilled(example("orders"), inbox, partner.url)

    assert partner.paths == ["/reserve", "/charge", "/charge", "/charge", "/ship"]
    assert len(set(partner.keys)) == 3
    assert (inbox / "done" / "A17.json").exists()


def test_an_order_that_nobody_can_read_is_refused_and_keeps_no_other(
    example: Example, inbox: Path, partner: Any
) -> None:
    (inbox / "A16.json").write_text("{")
    partner.answer = lambda _path, body: 200 if body else 400

    fulfilled(example("orders"), inbox, partner.url)

    assert (inbox / "refused" / "A16.json").exists()
    assert (inbox / "done" / "A17.json").exists()
