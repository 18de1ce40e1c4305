"""The address of a broker: what is safe is taken, and its password is told nobody."""

from __future__ import annotations

import pytest

from svcctl.client.amqp import parse_amqp
from svcctl.errors import SpecError


def test_an_address_says_where_and_who() -> None:
    found = parse_amqp("amqps://me:p%40ss@broker.example/my%2Fown\n")

    assert (found.host, found.port, found.vhost) == ("broker.example", 5671, "my/own")
    assert (found.login, found.password) == ("me", "p@ss")
    assert found.tls
    assert str(found) == "amqps://broker.example:5671/my/own"


def test_on_this_machine_no_tls_is_needed() -> None:
    found = parse_amqp("amqp://me:hush@127.0.0.1:1234")

    assert (found.port, found.vhost, found.tls) == (1234, "/", False)
    assert "hush" not in f"{found!r} {found}"


@pytest.mark.parametrize(
    "url",
    [
        "amqp://me:hush@broker.example/",
        "amqp://me:hush@10.0.0.1/",
        "http://me:hush@localhost/",
        "amqps://broker.example/",
        "amqps://me:hush@/",
        "amqps://me:hush@broker:port/",
        "amqps://me:hush@broker/?verify=no",
        "amqps://me:hush@[broker/",
        "",
    ],
)
def test_what_is_not_safe_or_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_amqp(url)

    assert "hush" not in caught.value.problem + caught.value.hint


def test_a_file_that_has_no_authority_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text("nothing")

    with pytest.raises(SpecError, match="no file of certificates"):
        parse_amqp("amqps://me:hush@broker/", ca=str(file))
