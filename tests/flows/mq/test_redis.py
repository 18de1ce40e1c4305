"""What is Redis' own: its rights, its socket, and what becomes of a stream."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.redis_server import RedisServer
from svcctl.client import redis_streams
from svcctl.client.queue_events import queue_events
from svcctl.client.redis_streams import COMMANDS, parse_redis
from svcctl.errors import NotDelivered
from svcctl.server.mq import redis_streams as transport
from svcctl.server.mq.transport import Subject, Topic
from tests.flows.mq.sites import RedisSite
from tests.flows.mq.stand import Stand, told

MANUAL = Path(__file__).parents[3] / "docs" / "howto" / "redis.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisSite]:
    """A server that may be stopped and emptied."""
    made = RedisSite(RedisServer(tmp_path_factory.mktemp("redis")))
    try:
        made.server.begin()
        yield made
    finally:
        made.server.end()


@pytest.fixture
def stand(tmp_path: Path, site: RedisSite) -> Stand:
    return Stand(tmp_path, site)


async def _let_in(site: RedisSite, host: str) -> dict[str, str]:
    """Make the accounts of the manual, for *host*; give the address for each."""
    found = {}
    async with site.client() as client:
        for line in re.findall(r"^user (.*)", MANUAL.read_text(), re.MULTILINE):
            name, *rules = line.replace("PASSWORD", "hush").replace("web1", host).split()
            await client.execute_command("ACL", "SETUSER", name, "reset", *rules)
            found[name] = f"redis://{name}:hush@127.0.0.1:{site.server.port}"
    return found


def test_the_rights_in_the_manual_are_enough_and_no_more(stand: Stand, site: RedisSite) -> None:
    async def story() -> None:
        urls = await _let_in(site, stand.host)
        host, sender = (site.parse(urls[name]) for name in (stand.host, "ci"))
        stand.broker = host
        async with stand.agent_open(), stand.front_open():
            stand.broker = sender
            async with (
                stand.queue() as queue,
                queue_events(sender, hosts=stand.known),
                queue_events(sender, host=stand.host, hosts=stand.known),
            ):
                assert await queue.ask(stand.host, "restart", "web")
                await stand.post(b"no command")
                assert await stand.dead() == [(b"no command", "rejected")]
                with pytest.raises(NotDelivered, match="does not let us in"):
                    async with site.connect(sender, stand.host)():
                        pass
        async with site.connect(host, stand.host)() as connection:
            event = Subject(topic=Topic.EVENT, host="other", words=("X", "web"))
            with pytest.raises(NotDelivered, match="does not let us in"):
                await connection.publish(event, b"{}", message_id="1")
        with pytest.raises(NotDelivered, match="does not let us in"):
            async with site.connect(host, "other")():
                pass
        async with site.client() as client:
            for name in urls:
                for forbidden in (
                    "CLIENT LIST",
                    "KEYS *",
                    "FLUSHALL",
                    "XRANGE svcctl:commands:a - +",
                ):
                    said = await client.execute_command("ACL", "DRYRUN", name, *forbidden.split())
                    assert b"has no permissions" in said

    told(story)


def test_a_server_is_reached_by_its_socket(stand: Stand, site: RedisSite) -> None:
    stand.broker = parse_redis(site.server.socket_url)

    async def story() -> None:
        async with stand.open() as queue:
            assert await queue.ask(stand.host, "restart", "web")

    told(story)


def test_a_server_that_falls_silent_is_given_up(
    stand: Stand, site: RedisSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_streams, "_QUIET", 0.2)
    server = site.server.server
    assert server

    async def story() -> None:
        async with stand.broker.line("label") as line:
            replies = line.replies()
            hearing = asyncio.ensure_future(anext(replies))
            server.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(NotDelivered, match="does not answer") as caught:
                    await hearing
            finally:
                server.send_signal(signal.SIGCONT)
        assert caught.value.again

    told(story)


def test_a_quiet_server_is_not_given_up(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_streams, "_QUIET", 2.0)
    monkeypatch.setattr(transport, "_LONGEST_READ", 0.05)

    async def story() -> None:
        async with stand.front_open(), stand.queue() as queue:
            asking = asyncio.create_task(queue.ask(stand.host, "restart", "web"))
            await asyncio.wait({asking}, timeout=5.0)  # it is asked twice whether it is there
            stand.connected.clear()
            async with stand.agent_open():
                assert await asking
            assert not stand.connected.is_set()

    told(story)


def test_a_full_stream_takes_no_more_and_loses_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_streams, "_WAITING", 2)

    async def story() -> None:
        async with stand.front_open():
            pass
        await stand.post(b"{}", b"[]")
        async with stand.queue() as queue:
            with pytest.raises(NotDelivered, match="2 commands wait") as caught:
                await queue.ask(stand.host, "status", within=1.0)
            assert caught.value.again
            assert await stand.waiting() == 2
            async with stand.agent_open(), stand.front_open():
                assert await queue.ask(stand.host, "status")

    told(story)


def test_a_stream_that_is_deleted_is_made_anew(stand: Stand, site: RedisSite) -> None:
    async def story() -> None:
        async with stand.open() as queue, site.client() as client:
            await queue.ask(stand.host, "status")
            stand.connected.clear()
            await client.delete(f"{COMMANDS}{stand.host}")
            await stand.connected.wait()
            assert await queue.ask(stand.host, "status")

    told(story)


def test_what_is_settled_is_kept_nowhere(stand: Stand, site: RedisSite) -> None:
    async def story() -> None:
        async with stand.open() as queue, site.client() as client:
            await asyncio.gather(*(queue.ask(stand.host, "status") for _ in range(50)))
            while await client.xlen(f"{COMMANDS}{stand.host}"):
                await asyncio.sleep(0.01)
            keys = await client.keys(f"svcctl:*{stand.host}*")

        assert keys == [f"{COMMANDS}{stand.host}".encode()]

    told(story)
