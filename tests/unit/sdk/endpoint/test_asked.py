"""What stands in a request is what it should be, or the request is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from svcctl.errors import UsageError
from svcctl.sdk.endpoint.asked import Asked


def asked(**args: object) -> Asked:
    return Asked(args=args, who="ann")


def test_values_come_out_as_what_they_are() -> None:
    it = asked(level="debug", reset=True, version=3, length=1.5)

    assert (it.text("level"), it.flag("reset")) == ("debug", True)
    assert (it.whole_number("version"), it.seconds("length")) == (3, 1.5)


def test_what_was_not_given_is_empty() -> None:
    assert (asked().text("x"), asked().flag("x"), asked().seconds("x")) == ("", False, None)


@pytest.mark.parametrize(
    "reading",
    [
        lambda: asked(x=1).text("x"),
        lambda: asked().whole_number("x"),
        lambda: asked(x=True).whole_number("x"),
        lambda: asked(x=-1).whole_number("x"),
        lambda: asked(x="3").whole_number("x"),
        lambda: asked(x="10m").seconds("x"),
        lambda: asked(x=0).seconds("x"),
        lambda: asked(x=float("inf")).seconds("x"),
        lambda: asked(x=float("nan")).seconds("x"),
    ],
)
def test_a_value_of_another_kind_is_refused(reading: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match=r"^x is "):
        reading()
