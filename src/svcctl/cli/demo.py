"""``svcctl demo``: a small shop breaks in three ways, and a real agent heals it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click

from svcctl.bootstrap.local import paths
from svcctl.cli.command import Command
from svcctl.cli.definitions import documents
from svcctl.cli.demo_report import Report, Story
from svcctl.cli.demo_view import View
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.cli.verb_command import read_duration
from svcctl.server.foreground import up
from svcctl.spec.load import load_files

_SHOP = Path(__file__).with_name("shop") / "shop.toml"
_UNWATCHED = 15.0  # seconds it lasts where no terminal shows it
_PATIENCE = 5.0  # seconds that what is being healed at the end gets
_NOT_HEALED = 1


@click.command(cls=Command)
@click.option(
    "--for",
    "seconds",
    type=read_duration,
    metavar="DURATION",
    help="end by itself after this time (default: 15s without a terminal, else at Ctrl-C)",
)
@click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json"]),
    default="text",
    help="format of the report at the end",
)
@click.pass_obj
def demo(session: Session, /, *, seconds: float | None, output: str) -> int:
    """Watch a small shop break and heal.

    A database, a web server that hangs, a worker that crashes, a scheduler that leaks, and a
    report every few seconds, kept by a real agent in a folder of its own that is removed
    afterwards. Exit status: 0 when all that went wrong was healed at the end, else 1.
    """
    shown = output == "text" and session.out.is_tty
    limit = seconds if seconds is not None or shown else _UNWATCHED
    with _home() as home:
        return _Demo(session, limit=limit, shown=shown).run(home, output=output)


demo.examples = (
    "svcctl demo                    watch, until Ctrl-C",
    "svcctl demo --for 15s -o json  what happened in 15 seconds",
)


class _Demo:
    """One run of the shop."""

    def __init__(self, session: Session, *, limit: float | None, shown: bool) -> None:
        self._session, self._limit, self._shown = session, limit, shown
        self._story = Story()

    def run(self, home: str, *, output: str) -> int:
        """Run it and report; give the exit status."""
        loaded = load_files([_SHOP], environ=_environ())
        kept = tuple(sorted(n for n, spec in loaded.services.items() if spec.schedule is None))
        if not self._shown:
            self._session.tell(f"running a shop that breaks, for {self._limit:g}s")
        began = time.time()
        asyncio.run(self._open_shop(home, documents(loaded), kept))
        report = Report(
            story=self._story,
            services=tuple(sorted(loaded.services)),
            kept=kept,
            began=began,
            ended=self._story.closed_at or time.time(),
        )
        out = self._session.out
        for line in [as_json(report.document())] if output == "json" else report.lines():
            out.line(line)
        return 0 if report.healed else _NOT_HEALED

    async def _open_shop(
        self, home: str, services: list[dict[str, object]], kept: tuple[str, ...]
    ) -> None:
        enough = asyncio.Event()
        view = View(self._session.out, self._story, home=home, shown=self._shown)
        timer = asyncio.create_task(self._end_in_time(enough, view, kept))
        try:
            with view.screen():
                await up(home, {"services": services}, audience=view, enough=enough)
        finally:
            timer.cancel()

    async def _end_in_time(self, enough: asyncio.Event, view: View, kept: tuple[str, ...]) -> None:
        """Say when it is enough; what is being healed at that moment gets a little longer."""
        if self._limit is None:
            return
        await asyncio.sleep(self._limit)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while not self._story.is_healed(kept):
                    view.changed.clear()
                    await view.changed.wait()
        enough.set()


def _environ() -> dict[str, str]:
    """Give the variables of the shop's definitions: who runs it, and ports nobody uses."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SVCCTL_")}
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        web, database = (str(door.getsockname()[1]) for door in doors)
    return environ | {"SHOP_PYTHON": sys.executable, "SHOP_WEB": web, "SHOP_DATABASE": database}


@contextmanager
def _home() -> Iterator[str]:
    """Give a folder for the agent; it and all the agent kept elsewhere are gone afterwards."""
    home = tempfile.mkdtemp(prefix="svcctl-demo-")
    try:
        yield home
    finally:
        shutil.rmtree(paths(home).run, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
