"""``svcctl mock``: a stand-in for what a program depends on, with all its faults."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from svcctl.cli.command import Command
from svcctl.cli.output import Screen, as_json, printable
from svcctl.cli.session import Session

if TYPE_CHECKING:
    from svcctl.sdk.mock.reading import Script
    from svcctl.sdk.mock.server import Seen


@click.command(
    cls=Command,
    params=[
        click.Argument(["file"], metavar="FILE", type=click.Path()),
        click.Option(
            ["--port", "-p"],
            type=click.IntRange(0, 65535),
            metavar="PORT",
            default=8080,
            help="port to answer on; 0 takes a free one (default: 8080)",
        ),
        click.Option(
            ["--host"],
            metavar="ADDRESS",
            default="127.0.0.1",
            help="address to answer on (default: 127.0.0.1, for this machine alone)",
        ),
        click.Option(
            ["--record"],
            metavar="URL",
            help="ask this server what FILE does not answer, and write that into FILE",
        ),
        click.Option(
            ["--seed"], type=click.INT, help="of what is left to chance, instead of FILE's"
        ),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "jsonl"]),
            default="text",
            help="format of the log of requests (default: text)",
        ),
    ],
    help="""Answer HTTP requests as a TOML file says: instead of the servers a program needs.

    A route has a method, a path with {parameters}, and a status, headers, body or json; or several
    answers, one after the other. With _delay, _error ("reset", "timeout", 503) and _probability
    it fails as real servers do. Every mistake in FILE is shown with its place; exit status 78.

    Ctrl-C ends it.
    """,
)
@click.pass_obj
def mock(
    session: Session,
    /,
    *,
    file: str,
    port: int,
    host: str,
    record: str | None,
    seed: int | None,
    output: str,
) -> int:
    from svcctl.sdk.mock.recording import Recorder  # noqa: PLC0415 - only for this command
    from svcctl.sdk.mock.server import MockServer  # noqa: PLC0415

    script = _read_or_begin(file, records=record is not None)
    if seed is not None:
        script = replace(script, seed=seed)
    out, is_json = session.out, output == "jsonl"

    def tell(seen: Seen) -> None:
        out.line(as_json(asdict(seen), indent=None) if is_json else _line(out, seen))
        out.flush()

    recorder = None if record is None else Recorder(record, file)
    server = MockServer(script, port=port, host=host, tell=tell, recorder=recorder)
    out.line(as_json({"url": server.url}, indent=None) if is_json else f"answering on {server.url}")
    out.flush()
    session.tell(f"{len(script.routes)} routes of {file}; Ctrl-C ends it")
    try:
        server.serve()
    except KeyboardInterrupt:
        session.tell("stopped")
    return 0


def _read_or_begin(file: str, *, records: bool) -> Script:
    """Read *file*; one that is to be recorded into may be missing."""
    from svcctl.sdk.mock.reading import Script, read_script  # noqa: PLC0415

    if records and not Path(file).exists():
        return Script(routes=(), seed=0)
    return read_script(file)


def _line(out: Screen, seen: Seen) -> str:
    time = datetime.fromtimestamp(seen.at).astimezone().strftime("%H:%M:%S")
    style = "good" if 200 <= seen.status < 400 else "bad"
    status = out.paint(str(seen.status or "-"), style)
    asked = printable(f"{seen.method} {seen.target}")
    return f"{time} {status} {asked} ({printable(seen.how)}, {seen.seconds * 1000:.0f} ms)"


mock.examples = (
    "svcctl mock payments.toml",
    "svcctl mock payments.toml --port 0 -o jsonl",
    "svcctl mock payments.toml --record https://api.example.com",
)
