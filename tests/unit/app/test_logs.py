"""Lines of the past are handed over as fast as they are taken, and none is dropped for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from svcctl.app.logs import _emit_all
from svcctl.observe.logs.query import Source, Wanted, read
from svcctl.server.local import _BEHIND


class SlowAsker:
    """Takes nothing until it is waited for."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self.behind = 0
        self.furthest = 0

    def __call__(self, item: object) -> None:
        self.furthest = max(self.furthest, self.behind)
        self.behind += len(json.dumps(item))
        self.items.append(item)

    async def room(self) -> None:
        self.behind = 0


@pytest.mark.parametrize("line", [b"short", b"\0" * 5_000, b"x" * 900_000, b"\0" * 1_000_000])
def test_an_asker_is_never_so_far_behind_that_lines_are_dropped(
    tmp_path: Path, line: bytes
) -> None:
    count = min(3_000, 20_000_000 // len(line))
    (tmp_path / "stdout.log").write_bytes((line + b"\n") * count)
    source = Source(service="web", instance="web", folder=str(tmp_path))
    asker = SlowAsker()

    told = asyncio.run(_emit_all(read([source], Wanted(), last=None), asker))

    assert (told, len(asker.items)) == (count, count)
    assert asker.furthest <= _BEHIND
