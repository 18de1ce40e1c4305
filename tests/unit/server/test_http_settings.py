"""What an HTTP front is told is checked before anything is opened."""

from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.server.front.settings import Listening, listening_of, material_of, read_listen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:7411", ("127.0.0.1", 7411)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert read_listen(text) == found


@pytest.mark.parametrize(
    "text", ["", "7411", ":7411", "127.0.0.1", "::1:80", "a:b", "a:65536", "a:-1", "a:٣"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_listen(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"certificate": "c"}, "without --key"),
        ({"key": "k"}, "without --cert"),
        ({"client_ca": "t", "domain": "d"}, "over TLS"),
        ({"certificate": "c", "key": "k", "client_ca": "t"}, "its domain"),
        ({"certificate": "c", "key": "k", "domain": "d"}, "its domain"),
    ],
)
def test_half_of_what_tls_needs_is_refused(given: dict[str, str], said: str) -> None:
    none = {"certificate": "", "key": "", "client_ca": "", "domain": ""}

    with pytest.raises(UsageError, match=said):
        material_of(**(none | given))


def test_who_has_a_token_needs_no_certificate() -> None:
    found = material_of(certificate="c", key="k", client_ca="t", domain="d")

    assert found is not None
    assert found.optional
    assert material_of(certificate="", key="", client_ca="", domain="") is None


def test_a_url_says_how_and_where() -> None:
    assert Listening(scheme="http", host="::1", port=0).url_at(80) == "http://[::1]:80"
    material = material_of(certificate="c", key="k", client_ca="", domain="")
    safe = Listening(scheme="grpc", host="h", port=1, material=material)
    assert safe.url_at(1) == "grpcs://h:1"


def test_options_that_are_not_given_are_empty() -> None:
    given = dict.fromkeys(("certificate", "key", "client_ca", "domain", "user"))

    found = listening_of("[::1]:80", scheme="http", **given)

    assert found == Listening(scheme="http", host="::1", port=80)
