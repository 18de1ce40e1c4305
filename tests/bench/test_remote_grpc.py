"""gRPC beside a bare servicer: what is measured answers, and is told."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bench.remote_grpc import BARE, ask
from bench.remote_site import Site, bare
from svcctl.auth.keys import dump, new_ring
from svcctl.auth.tokens import issue
from svcctl.server.grpc.descriptors import classes
from svcctl.system.clock import SystemClock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, whose /proc is read"),
]


def test_the_bare_servicer_answers_who_shows_a_token(tmp_path: Path) -> None:
    now = SystemClock().now()
    ring = new_ring(now)
    token = issue(ring, "me", roles=["viewer"], lifetime=600, now=now).text
    keys = tmp_path / "state" / "signing-keys.json"
    keys.parent.mkdir()
    keys.write_bytes(dump(ring))
    site = Site(home=tmp_path, environ={})
    reply = classes().of["StatusReply"]().SerializeToString()

    with bare(BARE, reply, site) as (pid, port):
        run = asyncio.run(ask(port, token, seconds=0.05, pids={"bare": pid}))

    assert run.answers > 0
    assert run.rate > 0
    assert set(run.cpu) == {"bare"}
    assert os.getpid() != pid
