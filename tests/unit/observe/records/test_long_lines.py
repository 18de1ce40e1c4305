"""A line of any length is read in time that grows with it and no faster."""

from __future__ import annotations

import pytest

from svcctl.observe.records.forms import FORMS, read_plain

LENGTH = 500_000  # what grows with its square would take minutes


@pytest.mark.parametrize("sign", ["y", "1", " ", "a.", "=", 'a="', "[", '"\\', "2026-11-21T"])
def test_a_long_line_of_no_form_is_read_at_once(sign: str) -> None:
    line = sign * (LENGTH // len(sign))

    assert all(read(line, 2e9) is None for name, read in FORMS.items() if name != "logfmt")
    FORMS["logfmt"](line, 2e9)
    assert read_plain(line, 2e9).message
