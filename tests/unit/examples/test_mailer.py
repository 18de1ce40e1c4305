"""The example of a service that can be paused: letters come in, and wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from bench.ports import free_port

Example = Callable[[str], ModuleType]


def test_while_it_is_paused_the_queue_grows_and_nobody_touches_the_outbox(
    example: Example, tmp_path: Path
) -> None:
    mailer, outbox = example("mailer"), tmp_path / "outbox.txt"
    settings = mailer.Mailer.Config(port=0, outbox=str(outbox))

    async def story() -> None:
        async with mailer.Mailer.test(config=settings) as t:
            letters = t.service.letters
            await letters.put("before")
            await t.until(lambda: "before" in outbox.read_text())

            await t.pause()
            moved = outbox.rename(tmp_path / "moved.txt")  # Windows allows it for closed files only
            await letters.put("meanwhile")
            await t.forward("1h")
            assert await letters.size() == 1
            assert moved.read_text() == "1 before\n"
            assert not outbox.exists()

            await t.resume()
            await t.until(lambda: outbox.read_text() == "2 meanwhile\n")

    asyncio.run(story())


def test_a_letter_comes_in_by_the_network_and_is_taken_for_good(
    example: Example, tmp_path: Path
) -> None:
    mailer, outbox = example("mailer"), tmp_path / "outbox.txt"
    settings = mailer.Mailer.Config(port=free_port(), outbox=str(outbox))

    async def story() -> bytes:
        async with mailer.Mailer.test(config=settings) as t:
            await t.ready()
            reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
            writer.write(b"Dear Ann\n")
            said = await reader.read()
            writer.close()
            await t.until(lambda: outbox.read_text() == "1 Dear Ann\n")
            return said

    assert asyncio.run(story()) == b"taken\n"
