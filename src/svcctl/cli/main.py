"""Where ``svcctl`` begins and ends; imports nothing before it knows what is wanted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence


def run() -> NoReturn:
    """Be the program ``svcctl``."""
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Do what *argv* (without the program's name) says and give the exit status."""
    if list(argv) == ["--version"]:
        from svcctl import __version__  # noqa: PLC0415

        print(f"svcctl {__version__}")
        return 0
    from svcctl.cli.border import exit_status  # noqa: PLC0415

    return exit_status(argv)
