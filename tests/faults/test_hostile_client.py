"""Whoever is at the other end of the socket: others are served, services run, memory is bounded."""

from __future__ import annotations

import json
import os
import pwd
import resource
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from svcctl.engine.visits import MOST
from svcctl.wire import LONGEST, Request, Selection, encode_request
from tests.faults.invariants import Invariants
from tests.faults.trial import Effort, Trial
from tests.flows.conftest import PATIENCE, until

MEBIBYTE = 1024 * 1024
MOST_MEMORY = 160 * MEBIBYTE
"""What the agent may use while it is tormented: long requests, and what is behind of answers."""

STATUS = encode_request(Request(verb="status"))
FOLLOW = encode_request(Request(verb="logs", args={"follow": True, "lines": 1000}))


@pytest.fixture
def busy(trial: Trial) -> Trial:
    """An agent with services that write."""
    trial.apply_counting("a", "b", how="10 0.01")
    return trial


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have a thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def connected(trial: Trial, *, timeout: float = PATIENCE) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(trial.paths.socket)
        caller.settimeout(timeout)
        yield caller


def served(trial: Trial) -> bool:
    """Whether somebody else is answered."""
    return {"a", "b"} <= trial.standing().keys()


def memory(trial: Trial) -> int:
    """Bytes the agent has in memory now."""
    status = Path(f"/proc/{trial.agent.pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def open_files(trial: Trial) -> int:
    return len(os.listdir(f"/proc/{trial.agent.pid}/fd"))


def heard(caller: socket.socket) -> dict[str, object]:
    """Give the next answer; empty where the agent hung up."""
    with suppress(ConnectionResetError), caller.makefile("rb") as answers:
        line = answers.readline()
        return dict(json.loads(line)) if line else {}
    return {}


def push(caller: socket.socket, content: bytes) -> int:
    """Send as much as is taken without waiting long; give how much that was."""
    sent = 0
    with suppress(ConnectionError, TimeoutError):
        while sent < len(content):
            sent += caller.send(content[sent : sent + 65536])
    return sent


def test_frames_without_end_are_refused(busy: Trial, invariants: Invariants) -> None:
    for _ in range(5):
        with connected(busy) as caller:
            push(caller, b"x" * (LONGEST + 2 * MEBIBYTE))
            assert "more than 16 MiB" in json.dumps(heard(caller))
            assert served(busy)

    assert memory(busy) < MOST_MEMORY
    invariants.hold()


@pytest.mark.parametrize("piece", [b"[", b'{"a":', b"[],", b"9", b"\xff", b'"\\u0000'], ids=repr)
def test_the_longest_frame_is_understood_or_refused(busy: Trial, piece: bytes) -> None:
    with connected(busy) as caller:
        push(caller, piece * ((LONGEST - 1) // len(piece)) + b"\n")
        assert "not a request" in json.dumps(heard(caller))
        caller.sendall(STATUS)
        assert "result" in heard(caller)

    assert served(busy)


def test_half_frames_share_what_room_there_is(busy: Trial, many_files: None) -> None:
    del many_files
    with ExitStack() as stack:
        for number in range(40):
            caller = stack.enter_context(connected(busy, timeout=0.5))
            push(caller, b'{"verb": "' + b"x" * (2 * MEBIBYTE))
            assert number % 8 or served(busy)

        assert memory(busy) < MOST_MEMORY
        assert served(busy)


def test_frames_may_come_a_byte_at_a_time(busy: Trial) -> None:
    with connected(busy) as caller:
        for each in STATUS:
            caller.sendall(bytes([each]))
            select.select([], [caller], [])
        assert "result" in heard(caller)


def test_a_thousand_connections_keep_nobody_out(
    busy: Trial, many_files: None, invariants: Invariants
) -> None:
    del many_files
    with ExitStack() as stack:
        crowd = [stack.enter_context(connected(busy)) for _ in range(1000)]
        for each in crowd:
            with suppress(ConnectionError):
                each.send(STATUS[:7])

        assert served(busy)
        assert open_files(busy) < MOST + 100
        assert memory(busy) < MOST_MEMORY
    until(lambda: open_files(busy) < 60, what="the agent let go of who went away")
    invariants.hold()


def test_garbage_of_every_kind_is_answered(busy: Trial, effort: Effort) -> None:
    for _ in range(effort.of(200, bounded=5)):
        with connected(busy) as caller:
            for _ in range(100):
                noise = busy.chance.randbytes(busy.chance.randint(1, 200)).replace(b"\n", b"")
                caller.sendall(_mangled(busy, noise) + b"\n")
                assert "error" in heard(caller)

    assert served(busy)
    assert "Traceback" not in busy.box.said()


def _mangled(trial: Trial, noise: bytes) -> bytes:
    """Noise, or a request with some of it in the place of a value."""
    text = noise.decode("latin-1")
    request = {"id": 1, "verb": "status", "select": {"names": ["a"]}, "args": {}}
    match trial.chance.randrange(5):
        case 0:
            return noise
        case 1:
            return json.dumps(request | {"verb": text}).encode()
        case 2:
            return json.dumps(request | {"args": {text: text}}).encode()
        case 3:
            return json.dumps(request | {"select": {"names": [f"{text}!"]}}).encode()
        case _:
            return json.dumps(request | {"verb": "logs", "args": {"lines": text}}).encode()


@pytest.mark.parametrize("lines", [-1, 2**31, 10**400], ids=["-1", "2**31", "10**400"])
@pytest.mark.parametrize("verb", ["logs", "events"])
def test_numbers_that_nobody_can_mean_are_refused(busy: Trial, verb: str, lines: int) -> None:
    with connected(busy) as caller:
        caller.sendall(b'{"verb": "%b", "args": {"lines": %d}}\n' % (verb.encode(), lines))

        assert "out of range" in json.dumps(heard(caller))


def test_who_never_reads_its_answers_is_not_waited_for(
    busy: Trial, many_files: None, effort: Effort, invariants: Invariants
) -> None:
    del many_files
    with ExitStack() as stack:
        for _ in range(60):
            deaf = stack.enter_context(connected(busy))
            deaf.sendall(FOLLOW)
        for _ in range(60):
            asking = stack.enter_context(connected(busy, timeout=0.2))
            push(asking, STATUS * 2000)
        for _ in range(effort.of(100, bounded=10)):
            assert served(busy)
            busy.ask("restart", "a")

        assert memory(busy) < MOST_MEMORY
    invariants.hold()


def test_who_hangs_up_in_the_middle_hurts_nobody(busy: Trial, invariants: Invariants) -> None:
    for verb in ("status", "logs", "events", "restart", "stop", "start"):
        request = encode_request(Request(verb=verb, select=Selection(names=("a", "b"))))
        for end in (len(request) // 2, len(request)):
            with connected(busy) as caller:
                caller.sendall(request[:end])
    busy.ask_and_remember("start", "a")
    busy.ask_and_remember("start", "b")

    assert "Traceback" not in busy.box.said()
    invariants.hold()


KNOCK = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2]))
with socket.socket(socket.AF_UNIX) as caller:
    caller.settimeout(60)
    try:
        caller.connect(sys.argv[1])
        try:
            caller.sendall(b'{"verb": "stop", "select": {"all": true}}\\n')
        except BrokenPipeError:
            pass  # it was turned away before it asked
        print(caller.makefile("rb").readline().decode())
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.needs_root
@pytest.mark.parametrize(("mode", "said"), [(0o700, "PermissionError"), (0o777, "SVC-1500")])
def test_a_user_without_a_right_is_turned_away(busy: Trial, mode: int, said: str) -> None:
    nobody = pwd.getpwnam("nobody")
    door = Path(busy.paths.socket)
    for each in (door, door.parent):  # whoever opens them: the kernel still tells who is calling
        each.chmod(mode)
    ids = str(nobody.pw_uid), str(nobody.pw_gid)

    ran = subprocess.run(
        [sys.executable, "-I", "-c", KNOCK, door.name, *ids],
        cwd=door.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said in ran.stdout
    assert busy.standing()["a"]["phase"] == "running"
