"""Commands over a real broker, from who signs them to the verb and back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from svcctl.auth.certificates import new_authority
from svcctl.errors import NotDelivered
from tests.flows.mq.sites import Site
from tests.flows.mq.stand import Stand, told


def test_a_command_is_done_by_its_host_and_answered(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            found = await queue.ask(stand.host, "restart", "web")

        assert found == {"verb": "restart", "names": ["web"]}
        (row,) = [each for each in stand.rows if each.outcome == "done"]
        assert (row.actor, row.way, row.target) == ("key:ann", "queue", "web")
        assert row.source == str(stand.broker)
        assert row.source.endswith(f"://127.0.0.1:{stand.site.server.port}")

    told(story)


def test_a_host_that_never_was_is_told_at_once(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            with pytest.raises(NotDelivered, match="no host 'nobody' takes commands"):
                await queue.ask("nobody", "status")

    told(story)


def test_a_host_that_is_away_does_it_when_it_is_back(stand: Stand) -> None:
    async def story() -> None:
        async with stand.front_open():  # it was there once
            pass
        async with stand.queue() as queue, stand.agent_open():
            asking = asyncio.create_task(queue.ask(stand.host, "restart", "web"))
            async with stand.front_open():
                assert await asking == {"verb": "restart", "names": ["web"]}

    told(story)


def test_a_broker_is_reached_by_tls_and_only_the_right_one(
    stand: Stand, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "ca.pem"
    made = new_authority("example.org", number=1, lifetime=86_400, now=stand.clock.now())
    stranger.write_bytes(made.certificate)
    broker = site.server

    async def story() -> None:
        async with stand.open():
            stand.broker = site.parse(broker.tls_url, ca=broker.ca)
            async with stand.queue() as queue:
                found = await queue.ask(stand.host, "restart", "web")
            assert found == {"verb": "restart", "names": ["web"]}
            monkeypatch.setenv("SSL_CERT_FILE", broker.ca)  # this machine trusts it: no matter
            stand.broker = site.parse(broker.tls_url, ca=str(stranger))
            with pytest.raises(NotDelivered, match="certificate") as caught:
                async with stand.queue():
                    pass
            assert "guest" not in caught.value.problem

    told(story)
