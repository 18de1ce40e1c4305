"""What in a line is taken for a value, and what for a word."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.shape import WILD, Words, tokens
from svcctl.detect.templates import Template


def _shape(line: str) -> str:
    words, around = tokens(line)
    return Template(id="", words=words, around=around).text


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("took 12 ms", "took <*>"),
        ("sent 1190 bytes (1.16 KB), done", "sent <*>, done"),
        ("ids [1, 2] gone (all)", "ids [<*>] gone (all)"),
        ("opened /etc/app/main.conf", "opened <*>"),
        (r"opened C:\Users\me\app.log", "opened <*>"),
        ("GET https://example.org/a?b=c done", "GET <*> done"),
        ("peer db-main.example.com gone", "peer <*> gone"),
        ("peer proxy.example.com:https gone", "peer <*>:https gone"),
        ("from host.example.dev:8080 at once", "from <*> at once"),
        ("raised com.example.shop.Cart", "raised com.example.shop.Cart"),
        ("mail of ann@example.org kept", "mail of <*> kept"),
        ('name="View Lock" set', "name=<*> set"),
        ("ready=yes for all", "ready=<*> for all"),
        ("session of user root closed", "session of user <*> closed"),
        ("no such user at all", "no such user at all"),
        ("began Sat Jun 11 03:28:22 EST 2005 here", "began <*> here"),
        ("visible true now", "visible <*> now"),
        ("synchronized to LOCAL(0), stratum 10", "synchronized to <*>, stratum <*>"),
        ("a -- b *** c", "a -- b *** c"),
        ("main.py:120 failed", "main.py:<*> failed"),
    ],
)
def test_a_value_is_known_by_its_look(line: str, shape: str) -> None:
    assert _shape(line) == shape


def test_a_run_of_values_is_one_value() -> None:
    assert tokens("ids 1, 2, 3 gone")[0] == ("ids", WILD, "gone")


@given(st.text(max_size=300))
def test_any_text_has_a_shape_and_no_two_values_stand_together(line: str) -> None:
    words, around = tokens(line)

    assert len(around) == len(words) + 1
    assert all(one != WILD or two != WILD for one, two in pairwise(words))


@pytest.mark.parametrize("line", ["a." * 5000, "/a" * 5000, "a-" * 5000, "=" * 9000, "Mon " * 3000])
def test_a_hostile_line_costs_little(line: str) -> None:
    assert len(tokens(line)[0]) <= 128


def test_words_with_digits_are_not_remembered_and_the_rest_is_bounded() -> None:
    words = Words(most=3)

    outline = [words[each] for each in ("b12", "id=7,", "(-7)", "one", "two", "three", "four")]

    assert outline == ["*", "id=", "*", "one", "two", "three", "four"]
    assert dict(words) == {"four": "four"}


def test_a_path_and_a_host_with_its_port_leave_no_trace_in_an_outline() -> None:
    words = Words()

    outline = [words[each] for each in ("/etc/passwd", "proxy.example.com:8080", "read/write")]

    assert outline == ["*", "*", "read/write"]
