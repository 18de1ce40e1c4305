"""What was asked with a verb, checked against the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.arguments import Arguments, check
from svcctl.app.verb import Kind, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.errors import UsageError
from svcctl.spec.notation import show


def verb(name: str) -> Verb:
    found = find(name)
    assert found is not None
    return found


SCALE, LOGS = verb("scale"), verb("logs")


def test_what_was_not_given_has_its_default() -> None:
    args = check(SCALE, {"instances": 3})

    assert args.integer("instances") == 3
    assert args.flag("no_wait") is False
    assert args.seconds("timeout") is None


def test_each_kind_is_given_as_what_it_is() -> None:
    args = check(LOGS, {"follow": True, "lines": 7, "grep": "x", "stream": "stderr"})

    assert args.flag("follow") is True
    assert args.integer("lines") == 7
    assert args.text("grep") == "x"
    assert args.text("since") is None


@pytest.mark.parametrize("given", [2, 2.0])
def test_a_length_of_time_may_be_whole(given: float) -> None:
    assert check(SCALE, {"timeout": given}).seconds("timeout") == 2.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("instances", -1),
        ("instances", 2**31),
        ("instances", 10**400),
        ("timeout", -0.1),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("timeout", 10**400),
    ],
)
def test_a_number_that_nobody_can_mean_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"argument '{name}' of 'scale' is out of range"):
        check(SCALE, {name: value})


def test_a_long_value_is_not_repeated_in_full() -> None:
    with pytest.raises(UsageError) as raised:
        check(SCALE, {"instances": "x" * 1_000_000})

    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("instances", "3", "integer"),
        ("instances", 3.0, "integer"),
        ("instances", True, "integer"),
        ("timeout", "10s", "duration"),
        ("timeout", False, "duration"),
        ("no_wait", 1, "flag"),
        ("no_wait", "yes", "flag"),
    ],
)
def test_a_value_of_another_kind_is_refused(name: str, value: object, wanted: str) -> None:
    with pytest.raises(UsageError) as raised:
        check(SCALE, {name: value})

    assert raised.value.problem == f"argument {name!r} of 'scale' is {show(value)}, not {wanted}"


def test_a_value_that_is_not_to_choose_is_refused() -> None:
    with pytest.raises(UsageError, match="is 'stdin', not stdout or stderr"):
        check(LOGS, {"stream": "stdin"})


def test_an_argument_that_is_not_listed_is_refused_with_what_was_meant() -> None:
    with pytest.raises(UsageError, match="'scale' takes no argument 'instance'") as raised:
        check(SCALE, {"instance": 3})

    assert raised.value.hint == "did you mean 'instances'?"


def test_an_argument_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(UsageError) as raised:
        check(SCALE, {"zzz": 3})

    assert raised.value.hint == ""


def test_nothing_given_for_an_argument_is_nothing() -> None:
    assert Arguments({"x": None}).text("x") is None
    assert Arguments({"x": None}).integer("x") is None


@given(
    asked=st.sampled_from(VERBS),
    values=st.dictionaries(
        st.sampled_from(sorted({arg.name for verb in VERBS for arg in verb.args})),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
        max_size=3,
    ),
)
def test_whatever_is_given_is_of_its_kind_or_refused(
    asked: Verb, values: dict[str, object]
) -> None:
    try:
        args = check(asked, values)
    except UsageError:
        return
    for arg in asked.args:
        value = args.values[arg.name]
        if value is not None and arg.kind is not Kind.DOCUMENT:
            assert isinstance(value, {"text": str, "flag": bool}.get(arg.kind, int | float))
