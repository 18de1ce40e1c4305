"""Pages of help: folded as wide as they are shown, with examples, in the reader's language."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from svcctl.cli.command import Command, Context, Group, fold
from svcctl.cli.commands import svcctl
from svcctl.cli.main import main
from svcctl.cli.output import width

Captured = pytest.CaptureFixture[str]


def commands(context: click.Context) -> list[click.Context]:
    """Give *context* and those of all commands below it."""
    found = [context]
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None, name
            found += commands(Context(command, info_name=name, parent=context))
    return found


ALL = commands(Context(svcctl, info_name="svcctl"))


def test_lines_break_between_words() -> None:
    assert fold("to be  or\nnot to be", 6) == ["to be", "or not", "to be"]


def test_lines_break_between_chinese_letters_and_not_before_what_closes() -> None:
    assert fold("停止服务，先停依赖。", 10) == ["停止服务，", "先停依赖。"]
    assert fold("停止服务吧，停", 10) == ["停止服务", "吧，停"]


def test_what_opens_stays_with_what_it_opens() -> None:
    assert fold("停止服务（全部）", 10) == ["停止服务", "（全部）"]


def test_a_variable_is_not_torn() -> None:
    assert fold("say more [env: SVCCTL_VERBOSE]", 20) == ["say more", "[env: SVCCTL_VERBOSE]"]


def test_a_word_that_is_too_long_stands_alone() -> None:
    assert fold("see https://example.org/long now", 8) == ["see", "https://example.org/long", "now"]


@pytest.mark.parametrize("context", ALL, ids=lambda each: each.command_path)
def test_every_command_shows_what_is_typed(context: click.Context) -> None:
    assert isinstance(context.command, Command | Group)
    assert context.command.examples


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_is_wider_than_the_terminal(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVCCTL_LANG", language)
    root = Context(svcctl, info_name="svcctl", terminal_width=80)

    wide = [
        line
        for context in commands(root)
        for line in context.get_help().splitlines()
        if width(line) > 80 and "svcctl " not in line and not line.startswith("    ")
    ]

    assert wide == []


def test_a_family_alone_shows_its_help_and_that_it_was_not_enough(capsys: Captured) -> None:
    assert main(["finding"]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Usage: svcctl finding")
    assert "error" not in said.err


def test_what_an_example_is_for_is_told_in_the_language_of_the_reader(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVCCTL_LANG", "zh")

    main(["finding", "--help"])

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "用法: svcctl finding [选项] 命令 [参数]..."
    assert "  svcctl finding quiet 3f9a          不再报告此类发现" in said
    assert "  quiet  不再报告此类发现：并无异常。" in said


def test_completions_are_explained_in_the_language_of_the_reader(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "SVCCTL_LANG": "zh",
        "_SVCCTL_COMPLETE": "fish_complete",
        "COMP_WORDS": "svcctl auth token",
        "COMP_CWORD": "re",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit):
        main([])

    assert "plain,revoke\t吊销令牌：由它打开的一切立即关闭。" in capsys.readouterr().out


def test_a_bad_value_is_told_with_what_to_write(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path / "gone")]) == 2
    assert main(["start", "web", "--timeout", "soon"]) == 2
    assert main(["start", "web", "--timeout"]) == 2

    said = capsys.readouterr().err
    assert "bad value for '[FOLDER]': directory " in said
    assert "hint: write for example" in said
    assert "option '--timeout' requires an argument" in said
