"""``python -m svcctl`` is the command line."""

from __future__ import annotations

from svcctl.cli.main import run

if __name__ == "__main__":
    run()
