"""Files of variables mean what they mean to a shell, and never lose a character."""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from svcctl.engine.env_file import read_env_file
from svcctl.errors import CannotSpawn

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "app.env"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X=plain", "plain"),
        ("export X=plain", "plain"),
        ("  X = spaced  ", "spaced"),
        ("X=", ""),
        ("X=''", ""),
        ("X=a  b", "a  b"),
        ("X=\"a  b\" 'c'", "a  b c"),
        ("X=a=b&c", "a=b&c"),
        ("X=pass#word", "pass#word"),
        ("X=#fff", "#fff"),
        ("X=# all comment", "# all comment"),
        ("X=red # don't say \"so", "red"),
        ('X="red # blue" # really', "red # blue"),
        ("X='it''s'", "its"),
        ('X="say \\"so\\""', 'say "so"'),
        ("X=a\\ b", "a b"),
        ("X='a\n\n b # c\\\n'", "a\n\n b # c\\\n"),
        ('X="-----BEGIN\nabc\n-----END"\r', "-----BEGIN\nabc\n-----END"),
        ("X=\u2028line\x0bseparators\x85", "\u2028line\x0bseparators\x85"),
        ("# Y=no\n\n   # Z=no\nX=yes", "yes"),
        ("\ufeffX=after a mark", "after a mark"),
        ("X=first\nX=second", "second"),
        ("X=windows\r\n", "windows"),
    ],
)
def test_a_line_gives_a_variable(file: Path, line: str, value: str) -> None:
    file.write_bytes(line.encode())

    assert read_env_file(str(file)) == {"X": value}


@given(st.dictionaries(NAMES, VALUES, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_shell_would_quote_comes_back(file: Path, variables: dict[str, str]) -> None:
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    file.write_bytes("".join(lines).encode())

    assert read_env_file(str(file)) == variables


@given(st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_raises_anything_unexpected(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with suppress(CannotSpawn):
        assert "\0" not in "".join(read_env_file(str(file)).values())


@pytest.mark.posix
def test_a_shell_reads_the_same(file: Path) -> None:
    file.write_text("A='x y'\nexport B=\"p # q\" # note\nC=a\\'b\nD='two\nlines'\n")
    script = f'. {shlex.quote(str(file))}; printf "%s|" "$A" "$B" "$C" "$D"'

    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.split("|")[:-1] == list(read_env_file(str(file)).values())


def test_bytes_that_are_no_text_reach_the_program(file: Path) -> None:
    file.write_bytes(b"X=caf\xe9")

    assert read_env_file(str(file))["X"].encode(errors="surrogateescape") == b"caf\xe9"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("A=1\nnonsense\n", ":2: this is not a NAME=value line"),
        ("1A=hunter2", ":1: this is not a NAME=value line"),
        ("a-b=hunter2", ":1: this is not a NAME=value line"),
        ("A=1\n\nB='hunter2\nC=2\n", ":3: a quote is opened here and never closed"),
        ("A=hunter2\\", ":1: a backslash has nothing after it"),
        ("A=hunter2\0", ":1: a value cannot hold a NUL"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_no_value(
    file: Path, content: str, problem: str
) -> None:
    file.write_text(content)

    with pytest.raises(CannotSpawn) as raised:
        read_env_file(str(file))

    assert raised.value.problem == f"{file}{problem}"
    assert raised.value.permanent


def test_a_missing_file_is_a_mistake_unless_it_is_optional(file: Path) -> None:
    assert read_env_file(f"-{file}") == {}

    with pytest.raises(CannotSpawn, match="is not there") as raised:
        read_env_file(str(file))

    assert raised.value.permanent
    assert f'env_file = ["-{file}"]' in raised.value.hint


@pytest.mark.posix
def test_an_optional_file_that_is_there_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(CannotSpawn, match="cannot be read: Is a directory"):
        read_env_file(f"-{tmp_path}")


def test_a_file_that_no_program_could_be_given_is_refused(file: Path) -> None:
    file.write_bytes(b"A=" + b"x" * 1024 * 1024)

    with pytest.raises(CannotSpawn, match="cannot be read: more than 1 MiB"):
        read_env_file(str(file))


def test_a_quote_that_stays_open_over_many_lines_is_told_at_once(file: Path) -> None:
    file.write_bytes(b"A='" + b"x # \n" * 200_000)

    with pytest.raises(CannotSpawn, match=":1: a quote is opened here and never closed"):
        read_env_file(str(file))


@pytest.mark.posix
def test_a_pipe_that_nobody_writes_into_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(CannotSpawn, match="cannot be read: it is a pipe"):
        read_env_file(str(tmp_path / "pipe"))
