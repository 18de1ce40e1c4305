"""How values are quoted in messages."""

from __future__ import annotations

from pathlib import PureWindowsPath

import pytest

from svcctl.errors import quoted
from svcctl.spec.notation import show


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (r"C:\apps\my app", r"'C:\apps\my app'"),
        (PureWindowsPath(r"C:\x"), r"'C:\x'"),
        (r".\shop", r"'.\shop'"),
        ("/srv/été", "'/srv/été'"),
        ("it's", '"it\'s"'),
        ("a\nb\x1b[2J", r"'a\nb\x1b[2J'"),
        ("\udcff", r"'\udcff'"),
    ],
)
def test_a_path_is_quoted_as_it_is_typed_and_cannot_move_the_cursor(
    value: object, shown: str
) -> None:
    assert quoted(value) == shown


def test_a_value_of_a_definition_is_shown_in_the_same_way() -> None:
    assert show(r"C:\x") == r"'C:\x'"
