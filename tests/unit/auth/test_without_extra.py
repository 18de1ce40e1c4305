"""Without the extra, whoever asks for tokens or certificates is told how to get them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from svcctl.auth.certificates import new_authority
from svcctl.auth.keys import new_ring
from svcctl.auth.signature import Message, sign
from svcctl.errors import NotAvailable


def _sign() -> None:
    sign(Message(method="GET", url="https://a/"), key_id="a", private=b"a" * 32, now=1.0)


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("joserfc.jwk", lambda: new_ring(1.0)),
        ("cryptography.x509", lambda: new_authority("a", number=1, lifetime=60, now=1.0)),
        ("http_message_signatures", _sign),
    ],
)
def test_what_is_not_installed_is_named_with_the_way_to_get_it(
    module: str, use: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(NotAvailable, match="is not installed") as caught:
        use()

    assert caught.value.hint == "pip install 'svcctl[auth]'"
