"""Whether a browser's request is taken for one of our own pages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Denied
from svcctl.server.web.guards import CSRF, insist_on_csrf, insist_on_host, insist_on_own_page

OURS = frozenset({"ops.example.org", "localhost", "127.0.0.1", "::1"})


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("ops.example.org", "192.0.2.7"),
        ("OPS.example.org.:8443", "192.0.2.7"),
        ("192.0.2.7:7411", "192.0.2.7"),
        ("[2001:db8::1]:7411", "2001:db8::1"),
        ("localhost:1", "127.0.0.1"),
        ("127.0.0.9", "127.0.0.1"),
    ],
)
def test_names_of_ours_are_answered(host: str, address: str) -> None:
    insist_on_host({"host": host}, address=address, names=OURS)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "127.0.0.1"),
        ("evil.example", "127.0.0.1"),
        ("ops.example.org.evil.example", "192.0.2.7"),
        ("evil.example:80@ops.example.org", "192.0.2.7"),
        ("ops.example.org/evil", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.7"),
        ("127.0.0.1.evil.example", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
    ],
)
def test_other_names_are_not(host: str, address: str) -> None:
    with pytest.raises(Denied):
        insist_on_host({"host": host}, address=address, names=OURS)


@given(st.text())
def test_no_host_breaks_it(host: str) -> None:
    with suppress(Denied):
        insist_on_host({"host": host}, address="192.0.2.7", names=())
        assert "192.0.2.7" in host


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "https://ops.example.org"},
        {"origin": "https://OPS.example.org"},
        {"sec-fetch-site": "none"},
    ],
)
def test_our_own_pages_may_ask(headers: dict[str, str]) -> None:
    insist_on_own_page({"host": "ops.example.org", **headers}, scheme="https")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-site", "origin": "https://ops.example.org"},
        {"origin": "null"},
        {"origin": "http://ops.example.org"},
        {"origin": "https://ops.example.org:444"},
        {"origin": "https://evil.example"},
    ],
)
def test_pages_elsewhere_may_not(headers: dict[str, str]) -> None:
    with pytest.raises(Denied):
        insist_on_own_page({"host": "ops.example.org", **headers}, scheme="https")


@given(st.text().filter(lambda text: text != "t0ken"))
def test_only_the_very_token_is_one(said: str) -> None:
    insist_on_csrf({CSRF: "t0ken"}, token="t0ken")

    with pytest.raises(Denied):
        insist_on_csrf({CSRF: said}, token="t0ken")
