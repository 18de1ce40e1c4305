"""``svcctl serve KIND`` as people start it: before a real agent, without rights."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.client.queue_events import queue_events
from svcctl.errors import Denied, Unauthenticated
from tests.flows.conftest import Box, boxed
from tests.flows.mq.front import Front, passable
from tests.flows.mq.sites import Site
from tests.flows.mq.stand import told

WEB = '[services.web]\nexec = ["sleep", "1000"]\n'


@pytest.fixture
def front(site: Site) -> Iterator[Front]:
    """A home with an agent, and what serves it once it is started."""
    folder = passable(Path(tempfile.mkdtemp(prefix="svcctl-")))
    try:
        with boxed(folder) as box:
            box.start_agent()
            made = Front(box, site)
            try:
                box.apply(WEB + made.access)
                yield made
            finally:
                made.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def alone(site: Site, tmp_path: Path) -> Front:
    """What would serve an agent, if there were one."""
    return Front(Box(tmp_path), site)


def test_who_may_restarts_a_service_over_the_queue_and_hears_of_it(front: Front) -> None:
    known = front.known()
    front.start("--events")
    before = front.box.one("web")["pid"]

    async def story() -> None:
        async with (
            front.queue(known) as queue,
            queue_events(front.broker, host=front.host, hosts=known) as events,
        ):
            found = await queue.ask(front.host, "restart", "web", args={"reason": "new disks"})
            assert isinstance(found, list)
            assert (found[0]["service"], found[0]["ok"]) == ("web", True)
            kinds = set()
            while "InstanceSpawned" not in kinds:
                kinds.add((await anext(events))["kind"])
            with pytest.raises(Denied, match="may not do 'remove'"):
                await queue.ask(front.host, "remove", "web")

    told(story)
    assert front.box.one("web")["pid"] != before
    rows = front.box.ok("audit", "--actor", "key:ci", "-o", "json").json()
    assert [(row["verb"], row["way"], row["outcome"]) for row in rows] == [
        ("restart", "queue", "asked"),
        ("restart", "queue", "done"),
        ("remove", "queue", "asked"),
        ("remove", "queue", "SVC-1500"),
    ]
    assert rows[0]["reason"] == "new disks"
    assert front.ask_to_end() == 0
    assert ":guest@" not in front.said()
    assert f"signed with the key {known.known[front.host]}" in front.said()


def test_a_key_that_is_taken_out_of_the_definition_is_believed_no_more(front: Front) -> None:
    front.start()

    async def story() -> None:
        async with front.queue() as queue:
            await queue.ask(front.host, "status")
            front.box.apply(WEB + front.access.partition("[access.signers")[0])
            with pytest.raises(Unauthenticated, match="not known here"):
                await queue.ask(front.host, "status")

    told(story)


def test_an_agent_that_is_killed_is_waited_for(front: Front) -> None:
    front.start()
    front.box.kill_agent()

    async def story() -> None:
        async with front.queue() as queue:
            front.box.start_agent()
            found = await queue.ask(front.host, "restart", "web", within=80)
            assert isinstance(found, list)
            assert found[0]["ok"]

    told(story)


def test_a_second_front_of_the_same_host_is_refused(front: Front) -> None:
    front.start()
    first = front.process

    second = front.launch()
    try:
        assert second.wait(60) == 1
        assert "is in use by another process" in front.said()
    finally:
        front.process = first


def test_an_address_that_everybody_may_read_is_refused(alone: Front) -> None:
    alone.url_file.chmod(0o644)

    ran = alone.box.cli("serve", alone.kind, *alone.options())

    assert ran.status == 2
    assert "the password in " in ran.err
    assert "can be read by others" in ran.err


def test_who_does_not_say_where_the_broker_is_is_told_how(alone: Front) -> None:
    ran = alone.box.cli("serve", alone.kind)

    assert ran.status == 2
    assert "--url-file FILE" in ran.err


def test_a_broker_elsewhere_without_tls_is_refused_and_its_password_is_not_told(
    alone: Front,
) -> None:
    scheme = alone.url_file.read_text().partition(":")[0]
    alone.url_file.write_text(f"{scheme}://me:hush@broker.example/")

    ran = alone.box.cli("serve", alone.kind, *alone.options())

    assert ran.status == 78
    assert "there is no TLS" in ran.err
    assert "hush" not in ran.err + ran.out


def test_a_rehearsal_says_whether_it_could_be_served(alone: Front) -> None:
    good = alone.box.cli("serve", alone.kind, *alone.options("--dry-run"))
    right = alone.url_file.read_text()
    alone.url_file.write_text(right.replace(":guest@", ":wrong@"))
    bad = alone.box.cli("serve", alone.kind, *alone.options("--dry-run"))

    assert (good.status, bad.status) == (0, 1)
    assert "could be served over" in good.err
    assert "does not let us in" in bad.err
    assert "wrong" not in bad.err


def test_it_gives_up_every_right(front: Front) -> None:
    front.start()
    assert front.process

    status = Path(f"/proc/{front.process.pid}/status").read_text()

    def of(name: str) -> str:
        (line,) = [each for each in status.splitlines() if each.startswith(f"{name}:")]
        return line.partition(":")[2].strip()

    assert int(of("CapEff"), 16) == 0
    assert of("NoNewPrivs") == "1"
    assert "0" not in of("Uid").split()
