"""The shop's worker: packs orders, and now and then meets one it was not made for."""

from __future__ import annotations

import random
import time

from svcctl.cli.shop.orders import ask, database_port

_PAUSE = 0.25  # seconds between two orders
_CRASHES_AFTER = (6, 14)  # orders


def main() -> None:
    """Pack until an order is too much."""
    port = database_port()
    good = random.randint(*_CRASHES_AFTER)  # noqa: S311 - no secret
    for _ in range(good):
        _, packed = ask(port, "pack").split()
        print(f"packed order {packed}", flush=True)
        time.sleep(_PAUSE)
    raise RuntimeError("an order for -1 sofas")


if __name__ == "__main__":
    main()
