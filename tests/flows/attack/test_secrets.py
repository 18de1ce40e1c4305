"""Secrets never leave: they are put wherever a definition can hold one, and everything is read."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from svcctl.app.verb import Effect, Kind, Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.bootstrap.local import paths
from svcctl.wire import Request, Selection, encode_request
from tests.flows.conftest import PATIENCE, Box

pytestmark = [pytest.mark.slow, pytest.mark.posix]

DEFINITION = """
version = 1

[services.web]
exec = ["sh", "-c", "sleep 1000", "--password", "SECRET-a1", "--token=SECRET-a2"]
env = { DB_PASSWORD = "SECRET-b1", PLAIN = "SECRET-b2", DSN = "postgres://u:SECRET-b3@h/x" }
env_file = ["app.env"]
secrets = { TOKEN = "file:secret.txt" }
secrets_as = "env"

[services.web.hook]
pre_start = ["true --api-key SECRET-c1"]
post_start = ["false token=SECRET-c2"]
run = { threads = "true password=SECRET-c3" }

[[services.web.health]]
http = "http://user:SECRET-d1@127.0.0.1:9/health?token=SECRET-d2"
for = "live"
interval = "100ms"

[[services.web.health]]
exec = "false --secret SECRET-d3"
for = "live"
interval = "100ms"

[[services.web.stop.sequence]]
http = "http://127.0.0.1:9/stop?password=SECRET-d4"
timeout = "100ms"

[services.bad]
exec = ["/nowhere/app", "--secret=SECRET-e1"]
env = { A_TOKEN = "SECRET-e2" }
restart.max = 1

[alerting.channels.hook]
kind = "webhook"
url = "file:url.txt"
headers = { Authorization = "file:secret.txt" }

[alerting.priorities.P0]
channels = ["hook"]

[alerting.priorities.P1]
channels = ["hook"]

[alerting.priorities.P2]
channels = ["hook"]

[shipping.lake]
kind = "loki"
url = "file:url.txt"
token = "file:secret.txt"
services = ["*"]
"""

FAR = Identity(
    actor="token:eve", way=Way.HTTP, proof=Proof.TOKEN, source="192.0.2.1", roles=("admin",)
)
MEANT: Mapping[str, object] = {
    "channel": "hook",
    "receiver": "lake",
    "command": "threads",
    "verb": "start",
}
HARMLESS = frozenset(("alert-test", "shipping-test", "heal", "run", "reload"))
"""Verbs that do something, and whose answers may tell of what they did it with."""


@pytest.fixture
def planted(box: Box) -> Box:
    """An agent with a secret in every place that takes one; one service runs, one cannot."""
    (box.home / "app.env").write_text("FROM_FILE=SECRET-f1\n")
    (box.home / "secret.txt").write_text("SECRET-f2\n")
    (box.home / "url.txt").write_text("http://127.0.0.1:9/SECRET-f3?access_token=SECRET-f4\n")
    box.start_agent()
    box.cli("apply", str(box.write(DEFINITION)), "--yes", "--timeout", "20s")
    box.ok("start", "web")
    return box


def asked_from_afar(box: Box, verb: Verb) -> str:
    """Ask as a front does for an admin elsewhere; give every byte of the answer."""
    args: dict[str, Any] = {"timeout": 0.1} if verb.name == "wait" else {}
    for arg in verb.args:
        if arg.positional and arg.default is None:
            args[arg.name] = MEANT.get(arg.name, 1 if arg.kind is Kind.INTEGER else "web")
    selection = {
        Selects.NONE: Selection(),
        Selects.ONE: Selection(names=("web",)),
    }.get(verb.selects, Selection(all=True))
    request = Request(verb=verb.name, select=selection, args=args, on_behalf=asdict(FAR))
    answer = b""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(PATIENCE)
        door.connect(paths(str(box.home)).socket)
        door.sendall(encode_request(request))
        for line in door.makefile("rb"):
            answer += line
            if {"result", "error"} & json.loads(line).keys():
                return answer.decode()
    raise AssertionError(f"{verb.name} is not answered: {answer!r}")


def test_no_answer_to_anybody_elsewhere_holds_a_secret(planted: Box) -> None:
    told = {
        verb.name: sorted(set(re.findall(r"SECRET-\w+", asked_from_afar(planted, verb))))
        for verb in VERBS
        if not verb.local_only and (verb.effect is Effect.READ or verb.name in HARMLESS)
    }

    assert {name: found for name, found in told.items() if found} == {}
    assert "web" in asked_from_afar(planted, next(each for each in VERBS if each.name == "show"))


def test_neither_do_the_log_of_the_agent_and_what_is_audited(planted: Box) -> None:
    planted.cli("stop", "web", "--reason", "password=SECRET-g1")
    planted.cli("start", "web", "--reason", "Bearer SECRET-g2")

    audited = planted.ok("audit", "-o", "json").out

    assert re.findall(r"SECRET-\w+", audited + planted.said()) == []


def test_its_owner_sees_what_they_wrote(planted: Box) -> None:
    assert "SECRET-b2" in planted.ok("show", "web").out
