"""No secret is shown, and all that is none is."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.redaction import (
    secret_values,
    shown_document,
    shown_names,
    shown_text,
    shown_value,
    without_known,
)
from svcctl.spec.secrecy import HIDDEN, is_secret_name, scrubbed

SECRET = "s3cr3t-value"

some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@dataclasses.dataclass
class Account:
    user: str
    password: str
    note: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass
class Sealed:
    inside: str

    def __repr__(self) -> str:
        return HIDDEN


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    "name",
    [
        *("password", "db_password", "dbPassword", "PASSWORD2", "passwd", "db_pwd", "token"),
        *("authToken", "secret", "AWS_SECRET_ACCESS_KEY", "api_key", "apiKey", "key", "cookie"),
        *("Set-Cookie", "Authorization", "auth", "credentials", "dsn", "csrf_token", "sessionId"),
    ],
)
def test_the_name_of_a_secret_is_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["monkey", "author", "keyboard", "PWD", "OLDPWD", "PATH", "spinner", "user", "passed"]
)
def test_a_name_that_only_looks_alike_is_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=abc", f"password={HIDDEN}"),
        ("user=ann, token: 'a b'; n=1", f"user=ann, token: {HIDDEN}; n=1"),
        ('{"api_key": "abc", "n": 1}', f'{{"api_key": {HIDDEN}, "n": 1}}'),
        ("--db-password=abc --port=1", f"--db-password={HIDDEN} --port=1"),
        ("postgres://ann:abc@db:5432/x?y=1", f"postgres://{HIDDEN}@db:5432/x?y=1"),
        ("sent Bearer abcdefghijk.lmn", f"sent Bearer {HIDDEN}"),
        ("ConnectionError: password=abc refused", f"ConnectionError: password={HIDDEN} refused"),
        ("nothing to hide: all=fine", "nothing to hide: all=fine"),
    ],
)
def test_secrets_are_taken_out_of_a_text(text: str, shown: str) -> None:
    assert scrubbed(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Account("ann", SECRET, SECRET), f"Account(user='ann', password={HIDDEN})"),
        (Sealed(SECRET), HIDDEN),
        ({"apiKey": SECRET, 1: Sealed(SECRET)}, f"{{'apiKey': {HIDDEN}, 1: {HIDDEN}}}"),
        ([1, ("a", {2.5})], "[1, ('a', {2.5})]"),
        (Broken(), "<Broken whose repr raised RuntimeError>"),
        (SECRET.encode(), "<12 bytes>"),
        (10**500, "<int>"),
        ([[[[1]]]], "[[[<list>]]]"),
        (range(30), "range(0, 30)"),
    ],
)
def test_a_value_is_shown_without_the_secrets_in_it(value: object, shown: str) -> None:
    assert shown_value(value) == shown


def test_a_value_by_the_name_of_a_secret_is_not_looked_at() -> None:
    assert shown_value(Broken(), name="password") == HIDDEN


@given(value=some_json)
def test_whatever_is_shown_is_short(value: object) -> None:
    assert len(shown_value(value)) <= 410


def test_a_long_list_says_how_much_more_there_is() -> None:
    assert shown_value(list(range(25))).endswith("18, 19, ... 5 more]")


def test_a_long_text_shows_its_beginning_and_its_length() -> None:
    assert shown_text("x" * 1000, 10) == "xxxxxxxxxx... (1000 characters)"


@given(filler=st.integers(0, 1200))
def test_a_password_is_hidden_wherever_a_long_text_is_cut(filler: int) -> None:
    shown = shown_text("x" * filler + f" postgres://ann:{SECRET}@db " + "y" * 2000)

    assert SECRET[:4] not in shown


def test_variables_are_shown_by_name_and_the_secret_ones_hidden() -> None:
    found = shown_names({"PATH": "/bin", "API_TOKEN": SECRET, "URL": f"http://a:{SECRET}@h/"})

    assert found == {"API_TOKEN": HIDDEN, "PATH": "/bin", "URL": f"http://{HIDDEN}@h/"}


@given(
    value=st.dictionaries(
        st.sampled_from(["count", "last", "user"]),
        st.none() | st.booleans() | st.integers() | st.lists(st.text("ab ", max_size=9)),
    )
)
def test_a_document_without_secrets_stays_as_it_is(value: dict[str, object]) -> None:
    assert shown_document(value) == value


def test_a_document_hides_by_name_and_keeps_what_json_can_hold() -> None:
    given_ = {"count": 1, "token": SECRET, "inner": [{"password": SECRET, "ok": True}], "o": Broken}

    shown = shown_document(given_)

    assert shown == {
        "count": 1,
        "token": HIDDEN,
        "inner": [{"password": HIDDEN, "ok": True}],
        "o": f"<class '{Broken.__module__}.Broken'>",
    }


def test_what_is_surely_a_secret_is_looked_for_elsewhere_too() -> None:
    found = secret_values({"password": SECRET, "key": "timeout-of-all", "token": "short", "n": 1})

    assert found == {SECRET}


def test_a_known_secret_is_hidden_however_deep_and_however_quoted() -> None:
    known = "it's\nsecret"
    report = {"a": [f"x{known}y", repr(f'"{known}')], "b": {"c": known}, "n": 1}

    assert without_known(report, [known]) == {
        "a": [f"x{HIDDEN}y", f"'\"{HIDDEN}'"],
        "b": {"c": HIDDEN},
        "n": 1,
    }
