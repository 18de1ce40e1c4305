"""Orders that are fulfilled in three places, or in none: a saga.

Try it::

    svcctl mock shop.toml --port 8003    # plays warehouse, bank and carrier
    python orders.py run
    echo '{"item": "tea", "price": 7}' > orders/A17.json
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
                    end = await fulfil(ctx, file.stem, file.read_bytes())
                file.replace(inbox / end / file.name)


def waiting(inbox: Path) -> list[Path]:
    """Give the orders that have not come to their end."""
    return sorted(inbox.glob("*.json"))


async def fulfil(ctx: Context, number: str, order: bytes) -> str:
    """Go on with an order where it was left, and say how it ended."""
    shop = Shop(ctx, order)
    try:
        async with ctx.saga("order", number) as saga:
            await saga.step(shop.reserve, undo=shop.release)
            await saga.step(shop.charge, undo=shop.refund, undo_failed=True)
            await saga.step(shop.ship)
    except (Refused, SagaUndone) as error:
        ctx.log.warning("order.refused", number=number, problem=str(error))
        return "refused"
    ctx.log.info("order.done", number=number)
    return "done"


class Shop:
    """Those who fulfil an order; each does but once what it is asked with one key."""

    def __init__(self, ctx: Context, order: bytes) -> None:
        self._url, self._order = ctx.config.shop, order
        self._ask = ctx.retry(on=OSError, attempts=None, timeout="10m")(self._ask_once)

    async def reserve(self, key: str) -> object:
        """Put the goods aside."""
        return await self._ask("reserve", key)

    async def release(self, key: str) -> object:
        """Put them back."""
        return await self._ask("release", key)

    async def charge(self, key: str) -> object:
        """Take the money; where no answer comes, it may have been taken all the same."""
        return await self._ask("charge", key)

    async def refund(self, key: str) -> object:
        """Give it back, if it was taken."""
        return await self._ask("refund", key)

    async def ship(self, key: str) -> object:
        """Send the goods: after that there is no way back."""
        return await self._ask("ship", key)

    async def _ask_once(self, what: str, key: str) -> object:
        return await asyncio.to_thread(post, f"{self._url}/{what}", key, self._order)


class Refused(Exception):
    """The answer is no, and will be no."""


def post(url: str, key: str, order: bytes) -> object:
    """Ask for something that is done but once for each *key*; OSError says: ask again."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(url, order, headers)
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
