"""Orders that are fulfilled in three places, or in none: a saga.

svcctl mock shop.toml --port 8003    plays warehouse, bank and carrier
python orders.py run                 takes orders/A17.json: {"item": "tea", "price": 7}
"""

import asyncio
import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

from svcctl import Context, Duration, Service
from svcctl.errors import SagaUndone


class Orders(Service):
    """Reserves, charges and ships; where one of them is refused, takes back what was done."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """Where orders are put down, and the address of those who fulfil them."""

        inbox: str = "orders"
        shop: str = "http://127.0.0.1:8003"
        period: Duration = 1.0

    async def run(self, ctx: Context) -> None:
        """Bring one order after the other to its end; after a crash, the one under way first."""
        inbox = Path(ctx.config.inbox)
        for end in ("done", "refused"):
            (inbox / end).mkdir(parents=True, exist_ok=True)
        async for _ in ctx.ticks(lambda: ctx.config.period):
            for file in waiting(inbox):
                if ctx.stopping:
                    break
                async with ctx.work("order"):
                    end = await fulfil(ctx, file.stem, json.loads(file.read_bytes()))
                file.replace(inbox / end / file.name)


def waiting(inbox: Path) -> list[Path]:
    """Give the orders that have not come to their end."""
    return sorted(inbox.glob("*.json"))


async def fulfil(ctx: Context, number: str, order: object) -> str:
    """Go on with an order where it was left, and say how it ended."""

    @ctx.retry(on=OSError, attempts=None, timeout="10m")
    async def ask(what: str, key: str) -> object:
        return await asyncio.to_thread(post, f"{ctx.config.shop}/{what}", key, order)

    try:
        async with ctx.saga("order", number) as saga:
            await saga.step(
                lambda key: ask("reserve", key),
                name="reserve",
                undo=lambda key: ask("release", key),
            )
            await saga.step(
                lambda key: ask("charge", key),
                name="charge",
                undo=lambda key: ask("refund", key),
                undo_failed=True,  # the money may have gone, and the answer been lost
            )
            await saga.step(lambda key: ask("ship", key), name="ship")
    except (Refused, SagaUndone) as error:
        ctx.log.warning("order.refused", number=number, problem=str(error))
        return "refused"
    ctx.log.info("order.done", number=number)
    return "done"


class Refused(Exception):
    """The answer is no, and will be no."""


def post(url: str, key: str, order: object) -> object:
    """Ask for something that is done but once for each *key*; OSError says: ask again."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(url, json.dumps(order).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            if error.code < 500:
                raise Refused(f"{url}: {error.code} {error.reason}") from error
            raise


if __name__ == "__main__":
    Orders.main()
