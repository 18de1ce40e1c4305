"""nginx, Node, redis and postgres kept as a reader of ``examples/real`` would keep them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.needs_root, pytest.mark.timeout(180)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "real" / "svcctl.toml"
STAYING = ("app", "cache", "db", "front")


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def postgres_folder() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(found[-1].parent) if found else ""


class Shop:
    """The example, up, and what a customer sees of it."""

    def __init__(self, agent: Any, data: Path) -> None:
        db, cache, app, front = free_ports(4)
        self.agent, self.data, self.front = agent, data, front
        agent.variables |= {
            "DATA": str(data),
            "PG_BIN": postgres_folder(),
            "DB_PORT": str(db),
            "CACHE_PORT": str(cache),
            "APP_PORT": str(app),
            "FRONT_PORT": str(front),
        }

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.front}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text.strip()

    def serves(self) -> bool:
        try:
            return self.get().startswith("visit ")
        except OSError:
            return False

    def pids(self) -> dict[str, int]:
        return {each["service"]: each["pid"] for each in self.agent.status() if each["pid"]}

    def all_ready(self) -> bool:
        return all(self.agent.one(name)["ready"] for name in STAYING)


@pytest.fixture
def shop(box: Any) -> Iterator[Shop]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for program in ("nginx", "node", "redis-server"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    if not postgres_folder():
        pytest.skip("needs postgres")
    data = Path(tempfile.mkdtemp(prefix="svcctl-real-", dir="/tmp"))
    data.chmod(0o755)
    made = Shop(box, data)
    box.start_agent()
    box.ok("apply", str(EXAMPLE), "--yes", within=120)
    try:
        yield made
    finally:
        box.cli("stop", "--all", "--yes", "--timeout", "40s", within=90)
        shutil.rmtree(data, ignore_errors=True)


def test_they_come_up_in_the_order_of_their_needs_and_work_together(shop: Shop) -> None:
    first, second = shop.get(), shop.get()

    ready = [
        each["service"]
        for each in shop.agent.events()
        if each["kind"] == "PhaseChanged" and each["fields"]["new"] in {"running", "finished"}
    ]
    assert (first, second) == ("visit 1", "visit 2")
    places = {name: len(ready) - ready[::-1].index(name) for name in ready}
    assert places["folders"] < places["db-init"] < places["db"] < places["app"] < places["front"]
    assert places["cache"] < places["app"]


def test_nginx_reloads_without_losing_a_request(shop: Shop, until: Any) -> None:
    master = shop.pids()["front"]
    conf = shop.data / "front" / "nginx.conf"
    conf.write_text(conf.read_text().replace('"one\\n"', '"two\\n"'))
    failures: list[Exception] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                shop.get("/healthz")
            except OSError as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    shop.agent.ok("reload", "front")
    until(lambda: shop.get("/version") == "two")
    over.set()
    asking.join()

    assert failures == []
    assert shop.pids()["front"] == master


def test_each_of_them_killed_is_healed_and_its_output_kept(shop: Shop, until: Any) -> None:
    before = shop.pids()

    for name in STAYING:
        os.kill(before[name], signal.SIGKILL)
    until(lambda: all(shop.agent.one(name)["restarts"] >= 1 for name in STAYING), within=60)
    until(shop.all_ready, within=60)
    until(shop.serves, within=60)

    assert not set(before.values()) & set(shop.pids().values())
    for name, said in {
        "app": "listening on",
        "cache": "Ready to accept connections",
        "db": "database system is ready to accept connections",
        "front": "GET /",
    }.items():
        assert said in shop.agent.ok("logs", name, "-n", "1000").out, name


def test_none_of_them_notices_that_the_agent_was_killed(shop: Shop, until: Any) -> None:
    before = shop.pids()
    shop.agent.kill_agent()
    assert shop.get().startswith("visit ")

    shop.agent.start_agent()

    assert shop.pids() == before
    until(shop.all_ready)
    os.kill(before["app"], signal.SIGKILL)
    until(lambda: shop.agent.one("app")["restarts"] == 1 and shop.all_ready(), within=60)
    until(shop.serves)


def test_they_stop_in_order_and_cleanly(shop: Shop, alive: Any) -> None:
    pids = shop.pids()

    shop.agent.ok("stop", "@real", "--timeout", "60s", within=90)

    stopped = [
        each["service"]
        for each in shop.agent.events()
        if each["kind"] == "PhaseChanged" and each["fields"]["new"] == "stopped"
    ]
    assert stopped.index("front") < stopped.index("app") < stopped.index("db")
    assert not [pid for pid in pids.values() if alive(pid)]
    assert "database system is shut down" in shop.agent.ok("logs", "db", "-n", "1000").out
    shop.agent.ok("start", "db", within=90)
    said = shop.agent.ok("logs", "db", "-n", "1000").out
    assert "was not properly shut down" not in said
