"""The address of a Redis server: what is safe is taken, and its password is told nobody."""

from __future__ import annotations

import pytest

from svcctl.client.amqp import AmqpBroker
from svcctl.client.brokers import parse_broker
from svcctl.client.redis_streams import RedisBroker, parse_redis
from svcctl.errors import SpecError


def test_an_address_says_where_and_who() -> None:
    found = parse_redis("rediss://me:p%40ss@broker.example/3\n")

    assert (found.host, found.port, found.number) == ("broker.example", 6379, 3)
    assert (found.login, found.password) == ("me", "p@ss")
    assert found.tls
    assert str(found) == "rediss://broker.example:6379 (database 3)"


def test_on_this_machine_no_tls_is_needed() -> None:
    found = parse_redis("redis://:hush@127.0.0.1:1234")

    assert (found.port, found.number, found.login, found.tls) == (1234, 0, "", False)
    assert "hush" not in f"{found!r} {found}"


def test_a_socket_needs_no_password() -> None:
    found = parse_redis("unix:///run/my%20redis.sock?db=2")

    assert (found.path, found.number, found.password) == ("/run/my redis.sock", 2, "")
    assert str(found) == "unix:///run/my redis.sock (database 2)"


@pytest.mark.parametrize(
    "url",
    [
        "redis://me:hush@broker.example/",
        "redis://me:hush@10.0.0.1/",
        "http://me:hush@localhost/",
        "redis://localhost/",
        "rediss://hush@broker.example/",
        "rediss://me:hush@/",
        "rediss://me:hush@broker:port/",
        "rediss://me:hush@broker/?ssl_cert_reqs=none",
        "rediss://me:hush@broker/first",
        "rediss://me:hush@broker/-1",
        "rediss://me:hush@[broker/",
        "unix://me:hush@",
        "unix://me:hush@broker/redis.sock",
        "unix:///redis.sock?password=hush",
        "",
    ],
)
def test_what_is_not_safe_or_no_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_redis(url)

    assert "hush" not in caught.value.problem + caught.value.hint


def test_a_file_that_has_no_authority_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_text("nothing")

    with pytest.raises(SpecError, match="no file of certificates"):
        parse_redis("rediss://me:hush@broker/", ca=str(file))


def test_an_address_says_which_broker_it_is_that_of() -> None:
    assert isinstance(parse_broker("amqp://me:hush@localhost/"), AmqpBroker)
    assert isinstance(parse_broker(" redis://me:hush@localhost/"), RedisBroker)
    assert isinstance(parse_broker("unix:///redis.sock"), RedisBroker)
