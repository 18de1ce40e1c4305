"""The shop's scheduler: plans deliveries and never throws a plan away."""

from __future__ import annotations

import time

from svcctl.cli.shop.orders import ask, database_port

_PLAN = 4 * 1024 * 1024  # bytes
_PAUSE = 0.1  # seconds between two plans
_MOST = 24  # plans: a demo must not eat the machine, even where nobody stops it


def main() -> None:
    """Plan until killed."""
    port = database_port()
    plans: list[bytes] = []
    while True:
        placed, _ = ask(port, "count").split()
        if len(plans) < _MOST:
            plans.append(b"\x01" * _PLAN)
            print(f"{placed} orders planned, {len(plans)} plans kept", flush=True)
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
