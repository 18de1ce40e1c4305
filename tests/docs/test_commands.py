"""The command line is explained, and every command shown anywhere is one that svcctl takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest

from svcctl.app.verbs import VERBS
from svcctl.cli.commands import TABLE, svcctl

FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}")


def read(line: str) -> None:
    """Let click read *line* as it would when typed; raises what it raises."""
    command: click.Command = svcctl
    context = click.Context(svcctl, info_name="svcctl")
    typed = shlex.split(line, comments=True)[1:]
    words = list(takewhile(lambda word: word not in {"|", ">"}, typed))  # the rest is the shell's
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        assert inner is not None, line
        if isinstance(inner, click.Group):
            context = click.Context(inner, parent=context, info_name=words[0])
        command, words = inner, words[1:]
    command.make_context(command.name, words, parent=context)


EXAMPLES = [example for verb in VERBS for example in verb.examples]


@pytest.fixture(scope="module")
def every_command() -> dict[str, click.Command]:
    return dict(commands(svcctl, "svcctl"))


def test_every_command_stands_in_the_reference(
    every_command: dict[str, click.Command], reference: dict[str, str]
) -> None:
    assert [path for path in every_command if f"\n## {path}\n" not in reference["cli.md"]] == []


def test_every_command_and_option_says_what_it_does(
    every_command: dict[str, click.Command],
) -> None:
    silent = [path for path, command in every_command.items() if not command.help]
    silent += [
        f"{path} {option.opts[0]}"
        for path, command in every_command.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]

    assert silent == []


def test_every_command_has_a_line_in_the_overview() -> None:
    assert [name for name, entry in TABLE.items() if not entry.summary.endswith(".")] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_a_verb_can_be_typed(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_with_files(tmp_path))

    read(example)


def test_every_command_the_pages_show_can_be_typed(
    written: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [
        line.removeprefix("$ ").partition(" > ")[0]  # where the shell writes it
        for page in written
        for block in FENCE.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.startswith("$ svcctl ")
    ]
    monkeypatch.chdir(_with_files(tmp_path))

    assert shown
    for line in shown:
        read(line)


def _with_files(folder: Path) -> Path:
    (folder / "svcctl.toml").write_text("version = 1\n")
    (folder / "broker").write_text("amqps://web1:secret@broker.example/\n")
    (folder / "conf.d").mkdir()
    return folder
