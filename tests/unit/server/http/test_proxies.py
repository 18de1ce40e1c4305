"""Whatever a caller writes, what counts is what a trusted proxy has added."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.server.http.proxies import Proxies, read_proxies

PEER = "10.1.0.2"
PROXIES = read_proxies(["10.1.0.0/16", "2001:db8:1::/48"])

in_a_header = st.text(
    st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.just("\t"), max_size=200
) | st.text('for="=;,\\ 1.[]', max_size=40)


def caller(*headers: tuple[str, str], proxies: Proxies = PROXIES) -> str:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return proxies.caller(PEER, raw)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("203.0.113.9,192.0.2.7,10.1.2.3 , 10.1.0.9", "192.0.2.7"),
        ("10.1.2.3, 10.1.0.9", "10.1.2.3"),
        ("unknown, 192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:DB8::7]:443", "2001:db8::7"),
        ("192.0.2.7, 2001:db8:1::2", "192.0.2.7"),
        ("::ffff:192.0.2.7, ::ffff:10.1.0.9", "192.0.2.7"),
    ],
)
def test_the_last_that_is_not_trusted_is_the_caller(value: str, found: str) -> None:
    assert caller(("x-forwarded-for", value)) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("for=192.0.2.7", "192.0.2.7"),
        ("For=192.0.2.7;proto=https;by=10.1.0.2", "192.0.2.7"),
        ('for="192.0.2.7:4711";', "192.0.2.7"),
        ('proto=https;for="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for=203.0.113.9;host="a,b;c", for=192.0.2.7, for=10.1.0.9', "192.0.2.7"),
        ('for="_\\"hidden", for=192.0.2.7', "192.0.2.7"),
    ],
)
def test_so_it_is_as_the_rfc_writes_it(value: str, found: str) -> None:
    assert caller(("forwarded", value)) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("x-forwarded-for", each) for each in ("", "unknown", "192.0.2.7,", "192.0.2.700")),
        *(("x-forwarded-for", each) for each in ("fe80::1%eth0", "fe80::1% by 10.1.0.2", "a b")),
        *(("x-forwarded-for", each) for each in ("192.0.2.7:x", "[192.0.2.7", "192.0.2.7\xa0")),
        *(("forwarded", each) for each in ("", "for=unknown", "for=_hidden", "proto=https")),
        *(("forwarded", each) for each in ('for="192.0.2.7', "for=192.0.2.7 x", "for=a,", "for=")),
        *(("forwarded", each) for each in ("for=192.0.2.7;for=192.0.2.8", "192.0.2.7", ";")),
        ("forwarded", "for=2001:db8::7"),
    ],
)
def test_what_does_not_say_who_it_is_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match="does not say from whom"):
        caller((name, value))


def test_of_two_kinds_nobody_knows_which_the_proxy_wrote() -> None:
    with pytest.raises(UsageError, match="both"):
        caller(("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7"))


def test_headers_that_come_in_pieces_are_one() -> None:
    assert caller(("x-forwarded-for", "192.0.2.8"), ("x-forwarded-for", "192.0.2.7")) == "192.0.2.7"


def test_a_proxy_that_says_nothing_asks_itself() -> None:
    assert caller(("x-real-ip", "192.0.2.7"), ("x-forwarded-host", "a")) == PEER


@given(forged=in_a_header)
def test_nothing_that_a_caller_writes_changes_who_they_are(forged: str) -> None:
    assert caller(("x-forwarded-for", f"{forged}, 192.0.2.7")) == "192.0.2.7"
    for added, found in (("192.0.2.7", "192.0.2.7"), ('"[2001:db8::7]:4711"', "2001:db8::7")):
        with suppress(UsageError):
            assert caller(("forwarded", f"{forged}, for={added}")) == found


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.255.1", True),
        ("10.2.0.1", False),
        ("::ffff:10.1.0.1", True),
        ("2001:db8:1:9::1", True),
        ("2001:db8:2::1", False),
        ("", False),
        ("unix", False),
    ],
)
def test_who_is_in_a_network_is_trusted(address: str, trusted: bool) -> None:
    assert PROXIES.trusts(address) is trusted
    assert not Proxies().trusts(address)


@pytest.mark.parametrize("text", ["", "proxy", "10.1.0.1/16", "10.1.0.0/33", "0.0.0.0/0", "::/0"])
def test_what_is_no_network_of_proxies_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_proxies([text])
    assert "10.1.0.0/16" in refused.value.hint
