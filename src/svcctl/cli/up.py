"""``svcctl up``: run the services of a file here and now, without installing anything."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import click

from svcctl.bootstrap.local import paths

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_cyan", "bright_yellow")


@click.command()
@click.argument("words", nargs=-1, metavar="[FILE] [NAME]...")
@click.option("--detach", "-d", is_flag=True, help="hand the services to an agent and come back")
@click.option("--set", "flags", multiple=True, metavar="PATH=VALUE", help="override an option")
@click.pass_context
def up(
    context: click.Context, words: tuple[str, ...], *, detach: bool, flags: tuple[str, ...]
) -> None:
    """Run services in the foreground, with their output.

    \b
    svcctl up                      everything in ./svcctl.toml
    svcctl up shop.toml web        web, and what it needs
    svcctl up shop.toml --detach   leave them to an agent

    Ctrl-C once stops everything in order, twice kills.
    """
    from svcctl.cli.definitions import default_files, load  # noqa: PLC0415

    is_file = bool(words) and (words[0].endswith(".toml") or Path(words[0]).is_dir())
    files = [words[0]] if is_file else default_files()
    names = words[1:] if is_file else words
    loaded = load(files, flags=flags)
    home = context.find_root().params.get("home")
    if detach:
        from svcctl.cli.detach import hand_over  # noqa: PLC0415

        hand_over(home, loaded, names=names)
        return
    raise SystemExit(_run(home or _own_home(files), loaded, names=names))


def _own_home(files: list[str]) -> str:
    """Give the folder for the state of these files: the next ``up`` of them finds it again."""
    text = "\n".join(str(Path(each).resolve()) for each in files)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = Path(files[0]).resolve().parent.name or "root"
    return os.path.join(paths().state, "up", f"{name}-{digest}")  # noqa: PTH118
