"""A text that is signed: proven by its key alone, as it is, and for what it is."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from svcctl.auth.sealing import insist_sealed, seal
from svcctl.errors import Denied

_KEY = Ed25519PrivateKey.generate()
_PRIVATE, _PUBLIC = _KEY.private_bytes_raw(), _KEY.public_key().public_bytes_raw()


@pytest.mark.slow
@given(st.text())
def test_what_was_signed_is_proven(text: str) -> None:
    insist_sealed(text, seal(text, _PRIVATE), _PUBLIC)


@pytest.mark.slow
@given(text=st.text(), other=st.text())
def test_another_text_is_not(text: str, other: str) -> None:
    if text == other:
        return
    with pytest.raises(Denied, match="does not hold"):
        insist_sealed(other, seal(text, _PRIVATE), _PUBLIC)


@pytest.mark.slow
@given(st.text())
def test_whatever_is_shown_instead_of_a_signature_is_refused(signature: str) -> None:
    with pytest.raises(Denied, match="does not hold"):
        insist_sealed("text", signature, _PUBLIC)


def test_a_signature_of_the_bare_text_is_for_something_else() -> None:
    from base64 import urlsafe_b64encode

    bare = urlsafe_b64encode(_KEY.sign(b"text")).decode()

    with pytest.raises(Denied):
        insist_sealed("text", bare, _PUBLIC)
