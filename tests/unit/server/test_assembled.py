"""A front says what it lacks before it listens."""

from __future__ import annotations

import sys

import pytest

from svcctl.errors import NotAvailable

pytest.importorskip(
    "svcctl.server.front.assembled", reason="Wine cannot load what serves", exc_type=ImportError
)

from svcctl.server.front.assembled import load_everything


def test_what_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "http_message_signatures", None)

    with pytest.raises(NotAvailable, match="http_message_signatures is not installed") as caught:
        load_everything(dashboard=False)

    assert caught.value.hint == "pip install 'svcctl[auth,http]'"


def test_where_all_is_installed_nothing_is_said() -> None:
    load_everything(dashboard=True)
