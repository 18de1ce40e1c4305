"""``svcctl up``: run the services of a file here and now, without installing anything."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import click

from svcctl.bootstrap.local import paths
from svcctl.cli import outcomes
from svcctl.cli.command import Command
from svcctl.cli.definitions import arguments, default_files, load
from svcctl.cli.session import Session
from svcctl.spec.load import Loaded
from svcctl.wire import Request

_GAVE_UP = 1
_INTERRUPTED = 130


@click.command(cls=Command)
@click.argument("words", nargs=-1, metavar="[FILE|FOLDER] [NAME|@GROUP]...")
@click.option("--detach", "-d", is_flag=True, help="hand the services to an agent and come back")
@click.option(
    "--set",
    "flags",
    multiple=True,
    metavar="PATH=VALUE",
    help="override an option, such as web.stop.timeout=20s",
)
@click.pass_obj
def up(session: Session, /, *, words: tuple[str, ...], detach: bool, flags: tuple[str, ...]) -> int:
    """Run services here and now, with their output.

    Each line shows who wrote it: | on stdout, ! on stderr; a dot tells what became of a service.

    Ctrl-C once stops everything in order, twice kills. Exit status: 0 when all is done or was
    stopped, 1 when a service gave up, 130 when it was killed.
    """
    is_file = bool(words) and (words[0].endswith(".toml") or Path(words[0]).is_dir())
    files, names = (list(words[:1]), words[1:]) if is_file else (default_files(), words)
    loaded = load(files, flags=flags)
    if detach:
        return _hand_over(session, loaded, names=names)
    return _run(session, _own_home(files, session.home), loaded, names=names)


up.examples = (
    "svcctl up                      everything in ./svcctl.toml",
    "svcctl up shop.toml web        web, and what it needs",
    "svcctl up shop.toml --detach   leave them to an agent",
)


def _own_home(files: Sequence[str], home: str | None) -> str:
    """Give the folder for the state of these files: the next ``up`` of them finds it again."""
    text = "\n".join(str(Path(each).resolve()) for each in files)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = Path(files[0]).resolve().parent.name or "root"
    return str(Path(paths(home).state) / "up" / f"{name}-{digest}")


def _run(session: Session, home: str, loaded: Loaded, *, names: tuple[str, ...]) -> int:
    from svcctl.server.process import import_lean  # noqa: PLC0415 - asyncio is for agents only

    import_lean()
    import asyncio  # noqa: PLC0415

    from svcctl.cli.narrator import Narrator  # noqa: PLC0415
    from svcctl.server.foreground import up as run_up  # noqa: PLC0415

    narrator = Narrator(session, home=home, services=sorted(loaded.services))
    wanted = arguments(loaded, names=_with_needs(loaded, names))
    ended = asyncio.run(run_up(home, wanted, names=names, audience=narrator))
    if ended.left:
        session.tell(f"still running: {', '.join(ended.left)}; the next up takes them over")
    if ended.hurried:
        return _INTERRUPTED
    if ended.asked:
        session.tell("all services have stopped")
        return 0
    if ended.failed:
        session.tell(f"gave up: {', '.join(ended.failed)}")
        return _GAVE_UP
    return 0


def _hand_over(session: Session, loaded: Loaded, *, names: tuple[str, ...]) -> int:
    """Have the machine's agent keep them; start one where there is none."""
    from svcctl.bootstrap.background import agent_answers, start_agent  # noqa: PLC0415

    wanted = _with_needs(loaded, names)
    if not agent_answers(session.home):
        start_agent(session.home)
        session.tell("started an agent in the background")
    request = Request(verb="apply", args=arguments(loaded, names=wanted))
    result = outcomes.carry_out(session, request)
    assert isinstance(result, dict)
    status = outcomes.show(session, result["outcomes"], verb="apply", output="text")
    if status == 0:
        session.tell("the agent keeps them; next: svcctl status, svcctl logs -f")
    return status


def _with_needs(loaded: Loaded, names: tuple[str, ...]) -> list[str]:
    """Name *names* and all they need; everything where there are none."""
    from svcctl.app.selection import choose, service_of  # noqa: PLC0415
    from svcctl.engine.graph import closure  # noqa: PLC0415
    from svcctl.wire import Selection  # noqa: PLC0415

    specs = loaded.services
    if not names:
        return sorted(specs)
    chosen = {service_of(each, specs) for each in choose(Selection(names=names), specs)}
    return sorted(
        closure(sorted(chosen), {name: tuple(each.needs) for name, each in specs.items()})
    )
