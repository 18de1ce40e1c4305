"""What a server is called: by its certificate, by loopback, and by whoever started it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import StateFault

pytest.importorskip(
    "cryptography.hazmat.bindings._rust",
    reason="Wine cannot load cryptography",
    exc_type=ImportError,
)
names = pytest.importorskip(
    "svcctl.server.http.names", reason="Wine cannot load what serves", exc_type=ImportError
)


def test_loopback_is_called_by_all_its_names_and_others_by_what_they_are_given() -> None:
    assert names.names_of("127.0.0.2") == {"localhost", "127.0.0.1", "::1", "127.0.0.2"}
    assert names.names_of("0.0.0.0") == frozenset()
    assert names.names_of("192.0.2.7", more=["Web-1.Example.org."]) == {"web-1.example.org"}


def test_a_certificate_names_its_server_but_for_wildcards(tmp_path: Path) -> None:
    from svcctl.auth.certificates import new_authority, new_certificate

    authority = new_authority("example.org", number=1, lifetime=600.0, now=1.79e9)
    made = new_certificate(
        authority,
        "spiffe://example.org/host/web-1",
        names=("web-1.example.org", "*.example.org", "192.0.2.7", "2001:db8::1"),
        lifetime=60.0,
        now=1.79e9,
    )
    path = tmp_path / "web.pem"
    path.write_bytes(made.certificate + authority.certificate)

    found = names.names_of("0.0.0.0", certificate=str(path))

    assert found == {"web-1.example.org", "192.0.2.7", "2001:db8::1"}
    path.write_text("nothing")
    with pytest.raises(StateFault, match="cannot be read"):
        names.names_of("0.0.0.0", certificate=str(path))


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("Web-1.example.org:7411", "web-1.example.org"),
        ("127.0.0.1:7411", "127.0.0.1"),
        ("[::1]:7411", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("localhost", "localhost"),
        ("", ""),
        (":80", ""),
        ("a@b", ""),
        ("a/b", ""),
        ("a b", ""),
        ("a:x", ""),
        ("[::1", ""),
        ("größe.example", ""),
    ],
)
def test_the_host_of_a_header_is_read_in_one_way(authority: str, host: str) -> None:
    assert names.host_of(authority) == host


@given(st.text(max_size=40))
def test_whatever_a_header_says_it_is_a_plain_name_or_nothing(authority: str) -> None:
    found = names.host_of(authority)

    assert found == found.lower()
    assert not set(found) & set("/?#@[] \t\n")
