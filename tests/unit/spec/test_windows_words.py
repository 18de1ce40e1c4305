"""Command lines of Windows come apart as the programs they are for take them apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.windows_words import command_words, words


def nothing(path: str) -> bool:
    del path
    return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b", ["a", "b"]),
        (' a\t"b c" ', ["a", "b c"]),
        (r"C:\dir\ --x", ["C:\\dir\\", "--x"]),
        (r'"C:\a dir\\" b', ["C:\\a dir\\", "b"]),
        (r"a\\\"b", ['a\\"b']),
        (r"a\\b", [r"a\\b"]),
        ('a""b', ["ab"]),
        ('""', [""]),
        ('"a""b c', ['a"b', "c"]),
        ('"not closed', ["not closed"]),
    ],
)
def test_arguments_follow_the_rules_of_windows(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def quoted(word: str) -> str:
    """Quote as every guide to CommandLineToArgvW says."""
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)
    ended = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    return f'"{ended}"'


@given(st.lists(st.text(alphabet='ab "\\\t', max_size=8)))
def test_what_was_quoted_comes_apart_into_the_same_words(argv: list[str]) -> None:
    assert words(" ".join(map(quoted, argv))) == argv


@given(st.text(alphabet='a "\\', max_size=12))
def test_no_text_breaks_it(text: str) -> None:
    assert all(isinstance(each, str) for each in words(text))


FILES = {r"C:\apps\my app\app.exe", r"C:\apps\my.exe", r"C:\tools\run.cmd"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            r"C:\apps\my app\app.exe --port 8080",
            [r"C:\apps\my app\app.exe", "--port", "8080"],
        ),
        (r'"C:\apps\my app\app.exe" --port 8080', [r"C:\apps\my app\app.exe", "--port", "8080"]),
        (r"C:\apps\my app\app --port", [r"C:\apps\my app\app", "--port"]),
        (r"C:\apps\my other.exe", [r"C:\apps\my", "other.exe"]),
        (r"C:\tools\run a", [r"C:\tools\run", "a"]),
        (r"C:\gone\app.exe a b", [r"C:\gone\app.exe", "a", "b"]),
        ("app.exe", ["app.exe"]),
        (r'"C:\ends with\\" x', ["C:\\ends with\\\\", "x"]),
    ],
)
def test_a_program_with_blanks_is_found_where_it_is(text: str, expected: list[str]) -> None:
    assert command_words(text, is_file=FILES.__contains__) == expected


@pytest.mark.parametrize("text", ["", "  ", '"" a', '"C:\\app.exe'])
def test_a_command_without_a_program_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        command_words(text, is_file=nothing)
