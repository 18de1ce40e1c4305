"""nginx, Node, redis and postgres kept as a reader of ``examples/real`` would keep them."""

from __future__ import annotations

import contextlib
import http.client
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from bench.ports import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.needs_root]

EXAMPLE = Path(__file__).parents[2] / "examples" / "real"
STAYING = ("app", "cache", "db", "front")
NEEDED = (  # what must hold first, and of which service it is a need
    *(("folders", "db-init"), ("folders", "cache"), ("db-init", "db")),
    *(("db", "app"), ("cache", "app"), ("app", "front")),
)
SAYS_WHEN_UP = {
    "app": "listening on ",
    "cache": "Ready to accept connections",
    "db": "database system is ready to accept connections",
    "front": "start worker process ",
}


def postgres_folder() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return str(found[-1].parent) if found else ""


def descendants(pid: int) -> set[int]:
    """Give the processes below *pid*; sessions and environments they changed do not hide them."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found.update(map(int, (thread / "children").read_text().split()))
    return found.union(*map(descendants, found))


class Shop:
    """A copy of the example, and what a customer sees of it."""

    def __init__(self, agent: Any, folder: Path) -> None:
        self.db_port, cache, app, self.front_port = free_ports(4)
        self.agent, self.folder, self.data = agent, folder, folder / "data"
        shutil.copytree(EXAMPLE, folder / "real")
        agent.variables |= {
            "DATA": str(self.data),
            "PG_BIN": postgres_folder(),
            "DB_PORT": str(self.db_port),
            "CACHE_PORT": str(cache),
            "APP_PORT": str(app),
            "FRONT_PORT": str(self.front_port),
        }

    def get(self, path: str = "/") -> str:
        """Ask nginx; OSError or HTTPException: the request failed."""
        front = http.client.HTTPConnection("127.0.0.1", self.front_port, timeout=60)
        with contextlib.closing(front):
            front.request("GET", path)
            answer = front.getresponse()
            text = answer.read().decode().strip()
            if answer.status != http.HTTPStatus.OK:
                raise http.client.HTTPException(f"{path}: {answer.status} {text}")
            return text

    def serves(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get().startswith("visit ")
        return False

    def pids(self) -> dict[str, int]:
        return {each["service"]: each["pid"] for each in self.agent.status() if each["pid"]}

    def is_up_again(self, name: str, before: int) -> bool:
        found = self.agent.one(name)
        return bool(found["ready"] and found["pid"] != before)

    def said(self, name: str) -> str:
        text: str = self.agent.ok("logs", name, "-n", "10000").out
        return text

    def steps(self) -> list[tuple[str, str]]:
        """Give which service came to which phase, or was ``spawned``, in order."""
        return [
            (each["service"], each["fields"].get("new", "spawned"))
            for each in self.agent.events()
            if each["kind"] in {"PhaseChanged", "InstanceSpawned"}
        ]


class Customers:
    """Ask for one numbered page after another, and remember what failed."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.asked = 0
        self.failures: list[Exception] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def have_asked(self, more: int, until: Any) -> None:
        """Wait for so many further requests."""
        goal = self.asked + more
        until(lambda: self.asked >= goal, what=f"{goal} requests")

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                self._shop.get(f"/?page={self.asked}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
            self.asked += 1


@pytest.fixture
def shop(box: Any) -> Iterator[Shop]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for program in ("nginx", "node", "redis-server"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    if not postgres_folder():
        pytest.skip("needs postgres")
    folder = Path(tempfile.mkdtemp(prefix="svcctl-real-", dir="/tmp"))
    folder.chmod(0o755)  # postgres passes through it to its own
    made = Shop(box, folder)
    box.start_agent()
    try:
        box.ok("apply", str(folder / "real" / "svcctl.toml"), "--yes", within=120)
        yield made
    finally:
        box.cli("stop", "--all", "--yes", "--timeout", "40s", within=90)
        shutil.rmtree(folder, ignore_errors=True)


def test_they_come_up_in_the_order_of_their_needs_and_work_together(shop: Shop) -> None:
    visits = shop.get(), shop.get()

    steps = shop.steps()
    assert visits == ("visit 1", "visit 2")
    for needed, dependent in NEEDED:
        held = "finished" if needed in {"folders", "db-init"} else "running"
        assert steps.index((needed, held)) < steps.index((dependent, "spawned"))


def test_postgres_runs_as_its_own_user_and_answers(shop: Shop) -> None:
    port = str(shop.db_port)

    psql = (
        f"{postgres_folder()}/psql",
        "-h",
        "127.0.0.1",
        "-p",
        port,
        "-U",
        "postgres",
        "-Atc",
        "select 6 * 7",
    )
    answer = subprocess.run(psql, capture_output=True, text=True, check=True, cwd="/")

    assert answer.stdout == "42\n"
    owner = os.stat(f"/proc/{shop.pids()['db']}").st_uid
    assert owner == pwd.getpwnam("postgres").pw_uid


def test_nginx_reloads_without_losing_a_request(shop: Shop, until: Any, alive: Any) -> None:
    master = shop.pids()["front"]
    (old_worker,) = descendants(master)
    template = shop.folder / "real" / "nginx.conf.in"
    template.write_text(template.read_text().replace('"one\\n"', '"two\\n"'))
    shop.agent.ok("exec", "front", "--", "sh", "render.sh")
    assert shop.get("/version") == "one"

    with Customers(shop) as customers, half_a_request(shop) as under_way:
        customers.have_asked(10, until)
        shop.agent.ok("reload", "front")
        until(lambda: shop.get("/version") == "two")
        customers.have_asked(10, until)
        under_way.sendall(b"rest")
        answer = under_way.makefile("rb").read()

    assert customers.failures == []
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"visit " in answer
    assert shop.pids()["front"] == master
    until(lambda: not alive(old_worker))
    assert shop.agent.one("front")["restarts"] == 0


@contextlib.contextmanager
def half_a_request(shop: Shop) -> Iterator[socket.socket]:
    """Have nginx wait for the rest of a body: ``rest``."""
    with socket.create_connection(("127.0.0.1", shop.front_port), timeout=60) as under_way:
        under_way.sendall(
            b"POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: 8\r\n\r\n"
        )
        assert under_way.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        under_way.sendall(b"half")
        yield under_way


@pytest.mark.parametrize("name", STAYING)
def test_each_of_them_killed_is_healed_alone_and_its_output_kept(
    shop: Shop, until: Any, alive: Any, name: str
) -> None:
    before = shop.pids()
    orphans = descendants(before[name])
    assert shop.said(name).count(SAYS_WHEN_UP[name]) == 1

    os.kill(before[name], signal.SIGKILL)

    until(lambda: shop.is_up_again(name, before[name]))
    until(shop.serves)
    after = shop.pids()
    assert {each: after[each] == before[each] for each in STAYING} == {
        each: each != name for each in STAYING
    }
    assert not [pid for pid in orphans if alive(pid)]
    until(lambda: shop.said(name).count(SAYS_WHEN_UP[name]) == 2, what="both runs are in the log")


def test_none_of_them_notices_that_the_agent_was_killed(shop: Shop, until: Any) -> None:
    before = shop.pids()

    with Customers(shop) as customers:
        customers.have_asked(10, until)
        shop.agent.kill_agent()
        customers.have_asked(50, until)
        shop.agent.start_agent()
        customers.have_asked(10, until)

    assert customers.failures == []
    assert shop.pids() == before
    until(lambda: len(pages := pages_logged(shop)) == customers.asked and pages)
    assert set(pages_logged(shop).values()) == {1}
    assert all(shop.agent.one(name)["restarts"] == 0 for name in STAYING)


def pages_logged(shop: Shop) -> Counter[str]:
    """Count the lines nginx wrote about each numbered page."""
    return Counter(re.findall(r"GET /\?page=(\d+) ", shop.said("front")))


def test_the_next_agent_heals_what_dies_or_hangs(shop: Shop, until: Any) -> None:
    first = shop.pids()["app"]
    shop.agent.kill_agent()
    shop.agent.start_agent()

    os.kill(first, signal.SIGKILL)
    until(lambda: shop.is_up_again("app", first))
    second = shop.pids()["app"]
    shop.agent.kill_agent()
    shop.agent.start_agent()
    os.kill(second, signal.SIGSTOP)  # it hangs: only a probe can tell
    until(lambda: shop.is_up_again("app", second))

    until(shop.serves)
    failed = [each for each in shop.agent.events("app") if each["kind"] == "ProbeFailed"]
    assert any(each["fields"]["purpose"] == "live" for each in failed)


def test_they_stop_dependants_first_and_leave_nothing_running(shop: Shop, alive: Any) -> None:
    mains = shop.pids()
    everything = set(mains.values()).union(*map(descendants, mains.values()))

    shop.agent.ok("stop", "--all", "--yes", within=90)

    steps = shop.steps()
    for needed, dependent in (("app", "front"), ("db", "app"), ("cache", "app")):
        assert steps.index((dependent, "stopped")) < steps.index((needed, "stopping"))
    assert len(everything) > len(STAYING)
    assert not [pid for pid in everything if alive(pid)]
    assert not [each for each in shop.agent.events() if each["kind"] == "TreeKilled"]
    assert {each["phase"] for each in shop.agent.status()} == {"stopped"}


def test_postgres_is_shut_down_cleanly_and_recovers_nothing_afterwards(shop: Shop) -> None:
    shop.agent.ok("stop", "--all", "--yes", within=90)

    assert "database system is shut down" in shop.said("db")
    control = (f"{postgres_folder()}/pg_controldata", str(shop.data / "db"))
    told = subprocess.run(control, capture_output=True, text=True, check=True)
    assert re.search(r"^Database cluster state: +shut down$", told.stdout, re.MULTILINE)

    shop.agent.ok("start", "--all", within=90)

    assert shop.serves()
    assert shop.said("db").count("database system was shut down at") == 2
    assert "recovery" not in shop.said("db")
