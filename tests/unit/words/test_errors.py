"""What goes wrong, and what to do about it, is told in Chinese, whatever the source has of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import svcctl
from svcctl import errors
from svcctl.words.catalogue import words_of

PACKAGE = Path(svcctl.__file__).parent
ENGLISH_ONLY = ("sdk", "testing")  # they speak to the program they are part of, and to its log
_PLACE = "\0"
_FEWEST = 12  # fixed characters that a text has to have which begins with a place
_TYPED = re.compile(
    r"(sudo |log )?(svcctl|pip|chmod|runas|redis-cli|icacls|reg|sc\.exe|show|systemctl) "
    r"|--|['\w-]+: (\0(: \0)?|Bearer TOKEN)$"
)
_CLASSES = {name for name, each in vars(errors).items() if isinstance(each, type)}


@pytest.mark.slow
@pytest.mark.posix  # it reads our own source, which is the same everywhere: a minute under Wine
def test_every_error_and_hint_has_a_chinese_text() -> None:
    chinese = words_of("zh")

    missing = {text for text in map(_filled, _told()) if chinese.told(text) == text}

    assert missing == set()


def _told() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] not in ENGLISH_ONLY:
            yield from filter(_is_sentence, _texts(ast.parse(path.read_text(encoding="utf-8"))))


def _is_sentence(text: str) -> bool:
    """Say whether there is something to translate that can be told from other texts."""
    fixed = len(text.replace(_PLACE, ""))
    is_told_apart = fixed >= _FEWEST if text.startswith(_PLACE) else bool(text.strip(_PLACE))
    has_words = " " in text.strip() and bool(re.search("[a-z]{2}", text))
    return is_told_apart and has_words and not _TYPED.match(text.strip())


def _filled(text: str) -> str:
    return text.replace(_PLACE, "x")


def _texts(tree: ast.Module) -> Iterator[str]:
    """Give what errors are made of: in place, and by the names of this module that they use."""
    names: set[str] = {"problem", "hint"}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            for each in _said(call):
                yield from _literals(each, names)
    for _ in range(2):  # a name may be made of another
        for node in ast.walk(tree):
            for each in _values(node, frozenset(names)):
                yield from _literals(each, names)


def _said(call: ast.Call) -> Iterator[ast.expr]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in _CLASSES or name == "mistake":
        yield from call.args
    yield from (each.value for each in call.keywords if each.arg in {"problem", "hint"})


def _values(node: ast.AST, names: frozenset[str]) -> Iterator[ast.expr]:
    """Give what one of *names* is made to be, or what the function of that name gives."""
    match node:
        case ast.FunctionDef(name=name) if name in names:
            for each in ast.walk(node):
                if isinstance(each, ast.Return) and each.value is not None:
                    yield each.value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            for target, value in zip(targets, values, strict=False):
                if isinstance(target, ast.Name) and target.id in names:
                    yield value
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ) if name in names:
            yield value


def _literals(value: ast.expr, names: set[str]) -> Iterator[str]:
    """Give the texts that *value* may be; the names it may come by are added to *names*."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else _PLACE for p in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*_literals(one, names), *_literals(other, names))
        case ast.BoolOp(values=values) | ast.Dict(values=values):
            for each in values:
                yield from _literals(each, names)
        case ast.NamedExpr(value=value):
            yield from _literals(value, names)
        case ast.Call(func=ast.Attribute(attr="get"), args=[_, otherwise]):
            names.add(_name(value))
            yield from _literals(otherwise, names)
        case _:
            names.add(_name(value))


def _name(value: ast.expr) -> str:
    """Give the name in front: of a text, of a table of texts, or of what makes one."""
    while not isinstance(value, ast.Name):
        inner = getattr(value, "func", getattr(value, "value", None))
        if not isinstance(inner, ast.expr):
            return ""
        value = inner
    return value.id
