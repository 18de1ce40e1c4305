"""The shop's report: one line, and done."""

from __future__ import annotations

from svcctl.cli.shop.orders import ask, database_port


def main() -> None:
    """Report once."""
    placed, packed = ask(database_port(), "count").split()
    print(f"{placed} orders placed, {packed} packed")


if __name__ == "__main__":
    main()
