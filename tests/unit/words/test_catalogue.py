"""The catalogue of other languages: complete, of nothing that is gone, and with the same places."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from svcctl import words
from svcctl.app.verbs import VERBS
from svcctl.cli import command, happenings, outcomes, plan, standing
from svcctl.cli.commands import TABLE, svcctl
from svcctl.words.catalogue import LANGUAGES, Words, catalogue_of, language_in, words_of

PACKAGE = Path(words.__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts() -> dict[str, str]:
    found: dict[str, str] = json.loads(Path(catalogue_of("zh")).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LC_MESSAGES": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "en_GB", "SVCCTL_LANG": "zh"}, "zh"),
        ({"LC_ALL": "zh_CN", "SVCCTL_LANG": "en"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_language_is_what_the_environment_says_first(
    environ: dict[str, str], language: str
) -> None:
    assert language_in(environ) == language


def test_what_is_not_in_the_catalogue_stays_as_it_is() -> None:
    assert words_of("zh").of("never heard of") == "never heard of"
    assert words_of("zh").told("never heard of 'web'") == "never heard of 'web'"
    assert words_of("en").told("no service 'web'") == "no service 'web'"


def test_what_was_put_together_in_english_is_recognised() -> None:
    chinese = words_of("zh")

    assert chinese.told("no service 'web'") == "没有服务 'web'"
    assert chinese.told("not within 3s: web {db}") == "未在 3 秒内完成：web {db}"
    assert chinese.told("did you mean 'web'?\nor not?") == "您是指 'web'?\nor not 吗？"


def test_a_cause_within_a_text_is_told_as_well_and_a_name_is_not() -> None:
    some = Words(texts={"no {name}: {reason}": "X {name}: {reason}", "done": "D", "no disk": "N"})

    assert some.told("no done: no disk") == "X done: N"


def test_what_is_said_of_a_place_or_an_option_is_told_behind_it() -> None:
    some = Words(texts={"{n} has no unit": "{n} X", "no disk": "N"})

    assert some.told("a.toml:3:1: stop.timeout: 5 has no unit") == "a.toml:3:1: stop.timeout: 5 X"
    assert some.told("web: no disk") == "web: N"
    assert some.told("web: no such thing") == "web: no such thing"


def test_of_texts_that_fit_the_one_of_which_most_is_fixed_is_meant() -> None:
    some = Words(texts={"no {what} is there": "A{what}", "no service {name} is there": "B{name}"})

    assert some.told("no service web is there") == "Bweb"


def test_a_text_that_says_nearly_nothing_is_not_recognised() -> None:
    assert Words(texts={"{a} is {b}": "{b}{a}"}).told("the disk is full") == "the disk is full"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_catalogue_has_the_same_places_as_the_english_text(language: str) -> None:
    for text, said in words_of(language).texts.items():
        assert sorted(_places(text)) == sorted(_places(said)), text
        assert len(set(_places(text))) == len(_places(text)), text


def test_chinese_texts_are_chinese_and_written_as_such() -> None:
    for text, said in texts().items():
        assert CHINESE.search(said) or not _has_words(text), text
        assert bool(re.search(r"[^.]\.$", text)) == said.endswith("。"), text
        assert not re.search(r"[\u4e00-\u9fff][,;?!]|[,;?!][\u4e00-\u9fff]", said), said


@pytest.mark.slow
def test_verbs_commands_phases_and_headings_have_chinese_texts() -> None:
    wanted = {verb.summary for verb in VERBS}
    wanted |= {each.summary for each in TABLE.values()} | {each.section for each in TABLE.values()}
    wanted |= {*standing._PHASES, *_headings()}
    wanted |= {*outcomes._SAID.values(), outcomes._RUNNING, outcomes._OTHERWISE}
    wanted |= {*happenings._SENTENCES.values()}
    wanted |= {sentence for sentence, _ in plan._SENTENCES.values()}

    known = texts()
    assert {text for text in wanted if _has_words(text)} - known.keys() == set()


@pytest.mark.slow
def test_every_page_of_help_is_chinese_throughout() -> None:
    asked = {text for text in _asked_for_in_help() if not _IS_NAME.fullmatch(text)}

    assert asked - texts().keys() == set()


@pytest.mark.slow
def test_every_text_of_the_dashboard_has_a_chinese_one() -> None:
    known = texts()

    assert {
        text for text in _asked_for_in_the_browser() if _has_words(text)
    } - known.keys() == set()


@pytest.mark.slow
@pytest.mark.posix  # what a system says is in its own words elsewhere
def test_the_catalogue_has_nothing_that_nobody_says() -> None:
    said = _said_in_python() | _said_in_the_browser() | _asked_for_in_help() | _said_by_click()
    said |= {os.strerror(number) for number in errno.errorcode}
    filled = {_PLACE.sub("x", each) for each in said}

    stale = [text for text in texts() if not _is_said(text, said, filled)]

    assert stale == []


_PLACE = re.compile(r"\{[^{}]*\}")
_SAME = frozenset(("PID", "CPU", "ID", "Id"))


def _is_said(text: str, said: set[str], filled: set[str]) -> bool:
    if text in said:
        return True
    fits = Words(texts={text: "found"})
    begins = text.partition("{")[0]
    return any(each.startswith(begins) and fits.told(each) == "found" for each in filled)


def _has_words(text: str) -> bool:
    return text not in _SAME and bool(re.search("[A-Za-z]", _PLACE.sub("", text)))


def _places(text: str) -> list[str]:
    return re.findall(r"\{(\w+)[^{}]*\}", text)


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def _asked_for_in_help() -> set[str]:
    """Give every text that a page of help looks up."""
    asked = set()

    class Listening(dict[str, str]):
        def get(self, text: str, default: Any = None) -> Any:
            asked.add(text)
            return default

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "words_here", lambda: Words(texts=Listening()))
        for context in _contexts(command.Context(svcctl, info_name="svcctl")):
            context.get_help()
    return asked


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            if inner := context.command.get_command(context, name):
                yield from _contexts(command.Context(inner, info_name=name, parent=context))


_IS_NAME = re.compile("[A-Z_]+_[A-Z_]+(?:, [A-Z_]+)*|ID|URL")  # of a variable, or for a value


def _said_by_click() -> set[str]:
    """Give every text in the source of click, as our border hands it on."""
    said = set()
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                said.add(f"{node.value[0].lower()}{node.value[1:]}".rstrip("."))
    return said


def _headings() -> Iterator[str]:
    """Give what stands over the columns of tables: tuples of words in capitals."""
    for path, tree in _trees():
        if path.parent.name != "cli":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Tuple) and len(node.elts) > 1:
                cells = [getattr(each, "value", None) for each in node.elts]
                if all(isinstance(each, str) and _HEADING.fullmatch(each) for each in cells):
                    yield from map(str, cells)


_HEADING = re.compile("[A-Z]{2,}(?: [A-Z]+)*")


def _said_in_python() -> set[str]:
    """Give every text in the source, a place as ``{}`` in what is put together."""
    found = set()
    for _, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add("".join(map(_part, node.values)))
    return found


def _part(node: Any) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


_QUOTED = r'"((?:[^"\\\n]|\\.)*)"'
_ASKED_FOR = re.compile(rf'(?:\bt\(|\bmenu: |data-label": |\bname: (?={_QUOTED}, sign)){_QUOTED}')


def _asked_for_in_the_browser() -> set[str]:
    """Give every text that a page looks up, as far as it stands there in full."""
    return {json.loads(f'"{each[-1]}"') for each in _in_modules(_ASKED_FOR)}


def _said_in_the_browser() -> set[str]:
    """Give every text between quotes in the modules of the dashboard."""
    return {json.loads(f'"{each}"') for each in _in_modules(re.compile(_QUOTED))}


def _in_modules(pattern: re.Pattern[str]) -> Iterator[Any]:
    for path in (PACKAGE / "server/web").rglob("*.js"):
        yield from pattern.findall(path.read_text(encoding="utf-8"))
