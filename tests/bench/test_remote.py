"""What is measured of remote control is what a client sees, and a bare handler says the same."""

from __future__ import annotations

import asyncio
import json

import pytest

from bench import remote
from bench.remote_site import SERVICE, bare, site

pytestmark = [pytest.mark.slow, pytest.mark.posix]


def test_the_front_and_the_bare_handler_say_the_same_to_the_same_token() -> None:
    with site(SERVICE.format(number=0)) as made:
        document = asyncio.run(remote.said(made))
        with bare(remote.BARE, document, made) as (pid, port):
            ours = asyncio.run(
                remote.ask(made.port, made.token, seconds=0.2, pids={"agent": made.agent})
            )
            theirs = asyncio.run(remote.ask(port, made.token, seconds=0.2, pids={"bare": pid}))

    assert json.loads(document)["result"][0]["service"] == "s000"
    assert ours.answers > 0
    assert theirs.answers > 0
    assert list(ours.cpu) == ["agent"]
    assert theirs.rate > 0
