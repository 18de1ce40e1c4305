"""Who may not see a service hears of it by no way around: a real agent, and a real front."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.flows.conftest import Box
from tests.flows.fronting.conftest import FRONTS
from tests.flows.fronting.served import client, served, token

pytestmark = [pytest.mark.slow, pytest.mark.posix]

RULE = """
[[access.rules]]
effect = "deny"
who = ["token:ci"]
services = ["vault*"]
why = "it is not for them"
"""
WEB = """
[services.web]
exec = ["/bin/sh", "-c", "while :; do echo tick; sleep 0.2; done"]
"""
VAULT = """
[services.vault]
exec = ["/bin/sh", "-c", "echo treasure; exec sleep 1000"]
"""
BROKEN = """
[services.vault-door]
exec = ["/bin/false"]
restart = { policy = "never" }
"""
LOOKS = (
    *("/v1/services", "/v1/services/wbe", "/v1/status?service=wbe", "/v1/show?service=wbe"),
    *("/v1/alerts?all", "/v1/findings", "/v1/watch-list", "/metrics", "/v1/metrics"),
    *("/v1/logs", "/v1/logs?stats", "/v1/logs?watch=wbe", "/v1/logs?service=wbe", "/v1/crashes"),
    *("/v1/events?lines=100", "/v1/tree", "/v1/drift", "/v1/healing", "/v1/trends", "/v1/may"),
)


def test_no_look_tells_of_a_service_that_may_not_be_seen(site: Box) -> None:
    log = site.home / "ledger.log"
    log.write_text("2026-11-22T09:00:00Z INFO treasure is under the oak\n")
    log.chmod(0o644)
    watches = f"""
[[watch]]
name = "ledger"
service = "vault"
path = "{log}"
[[watch]]
name = "vault-log"
path = "{log}"
"""
    site.cli("apply", str(site.write(FRONTS + RULE + WEB + VAULT + BROKEN + watches)), "--yes")
    site.until_phase("vault-door", "failed")

    with served(site) as front, client(front, token(site, "viewer")["token"]) as asker:
        told = {path: asker.get(path).text for path in LOOKS}
        by_watch = [
            asker.get(f"/v1/logs?{query}&grep=treasure").json()["detail"]
            for query in ("watch=ledger", "service=web&watch=ledger", "watch=vault-log")
        ]

    assert by_watch == [
        f"nothing is watched as {name!r}" for name in ("ledger",) * 2 + ("vault-log",)
    ]
    for path, text in told.items():
        assert (path, [each for each in ("vault", "treasure", "ledger") if each in text]) == (
            path,
            [],
        )


def test_a_service_that_comes_later_is_not_told_of_in_a_stream_that_is_open(site: Box) -> None:
    site.apply(FRONTS + RULE + WEB)
    told: list[str] = []

    with (
        served(site) as front,
        client(front, token(site, "viewer")["token"]) as asker,
        _stream(asker, "/v1/events?follow=true") as lines,
    ):
        _until(lines, '"service":"web"', told)
        site.apply(FRONTS + RULE + WEB + VAULT)
        site.ok("restart", "web")
        _until(lines, '"kind":"InstanceExited"', told)

    assert not [each for each in told if "vault" in each]


@pytest.mark.parametrize("what", ["logs", "events"])
def test_a_stream_ends_once_its_reader_may_have_it_no_more(site: Box, what: str) -> None:
    site.apply(FRONTS + WEB)
    told: list[str] = []

    with served(site) as front, client(front, token(site, "viewer")["token"]) as asker:
        with _stream(asker, f"/v1/{what}?follow=true") as lines:
            _until(lines, '"service":"web"', told)
            site.apply(FRONTS + RULE.replace("vault*", "*") + WEB)
            site.ok("restart", "web")
            _until(lines, "event: error", told)
            _until(lines, "SVC-1500", told)
        again = asker.get(f"/v1/{what}")

    assert again.status_code == 403


@contextmanager
def _stream(asker: httpx.Client, path: str) -> Iterator[Iterator[str]]:
    with asker.stream("GET", path, headers={"accept": "text/event-stream"}) as answer:
        yield answer.iter_lines()


def _until(lines: Iterator[str], sign: str, told: list[str]) -> None:
    """Read on up to a line with *sign*; all of them are *told*."""
    for line in lines:
        told.append(line)
        if sign in line:
            return
    raise AssertionError(f"no {sign!r} in {told}")
