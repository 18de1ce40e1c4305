"""Definitions of services that are probed: see programs/probed.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROBED = Path(__file__).parent / "programs" / "probed.py"


def command(way: str, *args: object) -> str:
    """Give the command of a program that behaves in that *way*, as a definition has it."""
    return json.dumps([sys.executable, "-I", "-S", str(PROBED), way, *map(str, args)])


def service(name: str, exec_: str, *probes: str, options: str = "") -> str:
    """Give the definition of a service with *probes*, each the inside of a table."""
    tables = "".join(f"[[services.{name}.health]]\n{probe}\n" for probe in probes)
    return (
        f"[services.{name}]\nexec = {exec_}\nstop.timeout = '1s'\n"
        f"restart = {{ max = 0, delay = '20ms', factor = 1 }}\n{options}\n{tables}"
    )
