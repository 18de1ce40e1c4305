"""One module for each thing that is measured, and the list of them."""

from __future__ import annotations

from bench.figures import capture, change, commands, crash, fleet, host, idle, imports, kill9
from bench.reading import Figure

FIGURES: tuple[Figure, ...] = (
    fleet.of(10),
    fleet.of(100),
    fleet.of(1000),
    crash.FIGURE,
    idle.FIGURE,
    commands.FIGURE,
    kill9.of(95, after=7.0),  # circus looks every 5 s
    capture.of(100),
    capture.of(4096),
    capture.of(65536),
    capture.of(4096, writers=10),
    change.FIGURE,
    host.FIGURE,
    imports.FIGURE,
)
