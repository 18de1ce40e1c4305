"""Arguments and variables as Windows takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import CannotSpawn
from svcctl.system.windows.command_line import (
    LONGEST,
    batch_command_line,
    command_line,
    environment_block,
    is_batch,
    look_up,
)

words = st.text(st.sampled_from('ab \\"\t^%&\n'), max_size=8)
safe_words = st.text(st.sampled_from("ab \\\t^&|<>()!=,;'"), max_size=8)


def taken_apart(line: str) -> list[str]:
    """Do what CommandLineToArgvW is documented to do."""
    program, _, rest = line[1:].partition('"') if line[0] == '"' else line.partition(" ")
    return [program, *_arguments(rest)]


def _arguments(rest: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(rest):
        if rest[at] in " \t":
            at += 1
            continue
        word, at = _argument(rest, at)
        found.append(word)
    return found


def _argument(rest: str, at: int) -> tuple[str, int]:
    word, quoted = "", False
    while at < len(rest) and (quoted or rest[at] not in " \t"):
        slashes = len(rest[at:]) - len(rest[at:].lstrip("\\"))
        at += slashes
        if at < len(rest) and rest[at] == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            at += 1
        elif slashes:
            word += "\\" * slashes
        else:
            word += rest[at]
            at += 1
    return word, at


@given(st.lists(words, max_size=5))
def test_every_argument_arrives_as_it_was(arguments: list[str]) -> None:
    argv = [r"C:\Program Files\app.exe", *arguments]

    assert taken_apart(command_line(argv)) == argv


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ("C:\\folder\\", "C:\\folder\\"),
        ("C:\\a folder\\", '"C:\\a folder\\\\"'),
        ('say "hi"', '"say \\"hi\\""'),
        ('\\"', '"\\\\\\""'),
        ("%PATH%", "%PATH%"),
    ],
)
def test_a_word_is_quoted_only_where_it_must_be(word: str, quoted: str) -> None:
    assert command_line(["app.exe", word]) == f"app.exe {quoted}"


def test_a_program_ending_in_a_backslash_is_not_escaped() -> None:
    assert command_line(["C:\\a b\\"]) == '"C:\\a b\\"'


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (['a"b.exe'], "no program can be called"),
        (["app.exe", "a\0b"], "NUL"),
        (["app.exe", "x" * LONGEST], "is the most on Windows"),
    ],
)
def test_what_no_program_can_be_given_is_refused(argv: list[str], problem: str) -> None:
    with pytest.raises(CannotSpawn, match=problem) as raised:
        command_line(argv)

    assert raised.value.permanent


def test_the_longest_command_there_can_be_is_taken() -> None:
    assert len(command_line(["a", "x" * (LONGEST - 2)])) == LONGEST


@pytest.mark.parametrize("name", ["run.bat", "RUN.CMD", "run.bat. .", r"C:\x\run.cmd"])
def test_a_batch_file_is_known_by_its_name(name: str) -> None:
    assert is_batch(name)


def test_a_program_is_no_batch_file() -> None:
    assert not is_batch(r"C:\batch.cmd\run.exe")


def test_a_batch_file_is_run_by_a_shell_that_takes_off_the_outermost_quotes_only() -> None:
    line = batch_command_line(r"C:\my app\run.cmd", ["plain", "a b", "x&calc", "", "a b\\"])

    assert line == (
        'cmd.exe /e:on /v:off /d /s /c ""C:\\my app\\run.cmd" plain "a b" "x&calc" "" "a b\\\\""'
    )


@given(st.lists(safe_words, max_size=4))
def test_nothing_a_shell_would_act_upon_stands_outside_of_quotes(arguments: list[str]) -> None:
    line = batch_command_line("run.cmd", arguments)

    _, _, inside = line.partition("/c ")
    outside = "".join(inside[1:-1].split('"')[::2])
    assert not set(outside) & set("^&|<>()!=,;'\t")


@pytest.mark.parametrize("word", ['"', '" & calc', "%PATH%", "a\r\nb", "a\nb", "\0", "\x1a"])
def test_what_a_shell_could_act_upon_is_refused(word: str) -> None:
    with pytest.raises(CannotSpawn, match="cannot be handed to a batch file safely") as raised:
        batch_command_line("run.cmd", [word])

    assert raised.value.permanent


def test_a_batch_file_with_a_dangerous_name_is_refused() -> None:
    with pytest.raises(CannotSpawn, match="safely"):
        batch_command_line("%TEMP%.cmd", [])


def test_variables_are_sorted_whatever_their_case() -> None:
    assert environment_block({"b": "2", "A": "1", "C": ""}) == "A=1\0b=2\0C=\0"


def test_of_two_spellings_of_a_variable_the_last_holds() -> None:
    assert environment_block({"Path": "old", "PATH": "new"}) == "PATH=new\0"


def test_names_that_windows_tells_apart_are_two() -> None:
    assert environment_block({"STRASSE": "1", "Straße": "2"}) == "STRASSE=1\0Straße=2\0"


def test_no_variables_are_an_empty_block() -> None:
    assert environment_block({}) == "\0"


@pytest.mark.parametrize("env", [{"": "x"}, {"a=b": "x"}, {"a\0": "x"}, {"a": "x\0y"}])
def test_a_variable_that_cannot_be_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(CannotSpawn, match="none that a program can be given"):
        environment_block(env)


def test_a_variable_is_found_however_it_is_spelled() -> None:
    assert look_up({"Path": "a", "PATH": "b"}, "path") == "b"
    assert look_up({}, "path") is None
