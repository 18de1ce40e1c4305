"""What a command of ``svcctl`` is to click, and its page of help in the language of its reader.

Click hands all that a page holds to a formatter, its own words as well: so they are translated in
one place, and folded at the columns they take, where click would count characters.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from svcctl.cli.output import cut, screen, width, written
from svcctl.errors import UsageError
from svcctl.words.catalogue import Words

_WIDE = r"\u2e80-\u9fff\uff00-\uffef"
_CLOSING = "，。；：、？！）”"
_PIECE = re.compile(  # what stays on one line: a letter, or a word, and what closes it
    rf"(\s*)((?:\[[^][]*\]|[（“]*[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*)"
)
_ASIDES = re.compile(r"(?: +(?:\(default: .*\)|\[[^][]*\]))+$")
_IN_ASIDE = re.compile(  # what an aside is about, and a value that is no name
    r"\b(?:default|env|required)\b|(?<=: )[^\s()[\]]+ [^()[\]]*"
)
_PLACE = re.compile("[A-Z]{2,}")  # what stands for a value: NAME, FILE
_EXAMPLE = re.compile(r"(\s*\S.*?)(\s{2,}(?:# )?)(\S.*)")  # a command, and what it is for
_LEAST = 10  # columns; narrower is no text


def words_here() -> Words:
    """Give the words of whoever reads what is printed."""
    return screen(sys.stdout, os.environ).words


def fold(text: str, room: int) -> list[str]:
    """Give the lines of *text*, each of at most *room* columns unless one word takes more."""
    lines = [""]
    for space, piece in _PIECE.findall(text):
        longer = f"{lines[-1]}{space and ' '}{piece}" if lines[-1] else piece
        if lines[-1] and width(longer) > room:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


class Page(click.HelpFormatter):
    """A page of help in the language of its reader."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        super().__init__(indent_increment, width, max_width)
        self._words = words_here()

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, self._places(args), prefix or f"{self._words.of('Usage')}: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._words.of(heading))

    def write_text(self, text: str) -> None:
        margin = " " * self.current_indent
        told = (self._words.of(" ".join(each.split())) for each in text.split("\n\n"))
        paragraphs = (fold(each, self.width - self.current_indent) for each in told)
        self.write("\n".join("".join(f"{margin}{line}\n" for line in each) for each in paragraphs))

    def write_examples(self, examples: Iterable[str]) -> None:
        """Write commands as they are typed; what one is for may follow it, two spaces further."""
        for each in examples:
            found = _EXAMPLE.fullmatch(each)
            line = f"{found[1]}{found[2]}{self._words.of(found[3])}" if found else each
            self.write(f"{'':{self.current_indent}}{line}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        told = [(self._places(term), self._told(text)) for term, text in rows]
        room = min(max(width(term) for term, _ in told), col_max) + col_spacing
        margin = " " * self.current_indent
        for term, text in told:
            lines = fold(text, max(self.width - self.current_indent - room, _LEAST))
            if width(term) > room - col_spacing:
                self.write(f"{margin}{term}\n")
                first = " " * room
            else:
                first = f"{term}{'':{room - width(term)}}"
            for before, line in zip((first, *[" " * room] * len(lines)), lines, strict=False):
                self.write(f"{margin}{before}{line}".rstrip() + "\n")

    def _told(self, text: str) -> str:
        """Give what is said of an option: a sentence, and asides on its default and variable."""
        found = _ASIDES.search(text)
        asides = found[0] if found else ""
        said = text.removesuffix(asides)
        return self._words.of(said) + _IN_ASIDE.sub(lambda each: self._words.of(each[0]), asides)

    def _places(self, text: str) -> str:
        return _PLACE.sub(lambda each: self._words.of(each[0]), text)


class Context(click.Context):
    """One command as it was typed."""

    formatter_class = Page


class Paged(click.Command):
    """A command, or a family of them, whose help is a page of ours with *examples*."""

    context_class = Context
    examples: Sequence[str] = ()

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        with written():  # a page of help
            return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # whose --help is of use
            raise

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        if self.examples:
            assert isinstance(formatter, Page)
            with formatter.section("Examples"):
                formatter.write_examples(self.examples)
        self.format_options(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        return cut(words_here().of(summary(self)), limit)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return _told(super().shell_complete(ctx, incomplete))


class Command(Paged):
    """A command; *bare* gives values to options without one."""

    bare: Mapping[str, str] = {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        filled = [f"{each}={self.bare[each]}" if each in self.bare else each for each in args[:end]]
        return super().parse_args(ctx, filled + args[end:])


class Group(Paged, click.Group):
    """Commands of one family."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if not (args[0] in known or args[0].startswith("-") or ctx.resilient_parsing):
            from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - for those who mistype

            hint = did_you_mean(args[0], known) or f"see: {ctx.command_path} --help"
            raise UsageError(f"no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(command)) for name, command in known if command])


def summary(command: click.Command) -> str:
    """Give the first paragraph of the help of *command*, on one line."""
    return " ".join((command.help or "").strip().partition("\n\n")[0].split())


def _told(items: Iterable[CompletionItem]) -> list[CompletionItem]:
    """Give *items* with their help in the language of the reader."""
    words = words_here()
    return [
        CompletionItem(each.value, each.type, help=each.help and words.of(each.help))
        for each in items
    ]
