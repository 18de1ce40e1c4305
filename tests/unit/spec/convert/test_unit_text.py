"""The text of units is read as systemd reads it."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.spec.convert.unit_text import command, read, words
from svcctl.system.systemd import quoting

WORDS = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")))


def test_lines_go_on_behind_a_backslash_and_comments_between_them_are_none() -> None:
    found = read(
        "[Service]\nExecStart=/bin/a \\\n# not part of it\n  b \\\n  c\n; nor this\nX = 1\n"
    )

    assert found == {"ExecStart": ["/bin/a    b    c"], "X": ["1"]}


def test_an_empty_value_forgets_those_before_it() -> None:
    assert read("A=1\nA=2\nA=\nA=3\nB=\n") == {"A": ["3"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  a   b\t", ["a", "b"]),
        (r'"a b" c\x20d', ["a b", "c d"]),
        (r"'a\tb' \101\u00e9", ["a\tb", "Aé"]),
        ('a"b c"d', ["ab cd"]),
        (r"\q", [r"\q"]),
        ("''", [""]),
        (r"\x00", [r"\x00"]),
    ],
)
def test_words_are_taken_apart_as_systemd_does(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("text", ['"a', "a 'b"])
def test_a_quote_that_is_not_closed_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        words(text)


@given(WORDS, st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_what_we_write_for_systemd_is_read_back(arguments: list[str], name: str) -> None:
    argv = (f"/bin/{name}", *arguments)

    found = command(quoting.command(argv))

    assert (found.words, found.shell, found.specifiers) == (argv, "", False)


def test_marks_say_how_and_are_no_part_of_the_program() -> None:
    found = command("-@/bin/a called b")

    assert (found.marks, found.words) == ("-@", ("/bin/a", "b"))


@pytest.mark.parametrize("text", ['"-/bin/my app" b', "-'/bin/my app' b"])
def test_marks_may_stand_within_quotes(text: str) -> None:
    found = command(text)

    assert (found.marks, found.words) == ("-", ("/bin/my app", "b"))


def test_with_a_colon_dollars_are_just_dollars() -> None:
    found = command(":/bin/a $$ ${B} $C")

    assert (found.words, found.shell) == (("/bin/a", "$$", "${B}", "$C"), "")


def test_specifiers_are_seen_and_doubled_signs_are_none() -> None:
    assert command("/bin/a %i").specifiers
    assert command("/bin/a %%%i").specifiers
    assert not command("/bin/a 100%% %%i").specifiers


@pytest.mark.posix
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $LIST z", ["a", "1", "2", "z"]),
        ("a ${LIST} z", ["a", "1 2", "z"]),
        ("a x$LIST ${LIST}", ["a", "x$LIST", "1 2"]),
        ("a --n=${LIST}!", ["a", "--n=1 2!"]),
        ("a $NONE ${NONE}", ["a", ""]),
        ("a $$LIST ${LIST}$$", ["a", "$LIST", "1 2$"]),
        (r"""a ${LIST} '"`id`\\' "*" """, ["a", "1 2", '"`id`\\', "*"]),
    ],
)
def test_a_shell_replaces_variables_where_systemd_would(text: str, expected: list[str]) -> None:
    script = command(f"printf %%s\\\\n {text}").shell
    env = {"LIST": "1 2", "PATH": "/usr/bin:/bin"}

    printed = subprocess.run(
        ["/bin/sh", "-c", script], env=env, capture_output=True, text=True, check=True
    )

    assert printed.stdout.splitlines() == expected
