"""What a real agent answers has a field for each thing it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from svcctl.bootstrap.local import local_client
from svcctl.server.grpc.interface import calls, messages
from svcctl.server.grpc.shapes import KEYS, Call, Field, Form
from svcctl.wire import Request, Selection
from tests.flows.conftest import PATIENCE, Box

pytestmark = [pytest.mark.slow, pytest.mark.posix]

MESSAGES = {message.name: message for message in messages()}
WEB = """
[services.db]
exec = ["/bin/sh", "-c", "echo begun; exec sleep 1000"]
ready = "log:begun"

[services.web]
exec = ["/bin/sh", "-c", "echo 'ERROR: no'; exec sleep 1000"]
needs = ["db"]
labels = { tier = "front" }

[alerting.channels.ops]
kind = "webhook"
url = "http://127.0.0.1:9/"
"""
LOOKS: Mapping[str, dict[str, object]] = {
    "alerts": {"all": True},
    "alert-test": {"channel": "ops"},
    "auth-explain": {"who": "token:ci", "verb": "stop", "service": "web"},
    "findings": {"all": True},
    "heal": {"dry_run": True},
    "healing": {"since": "1h"},
    "kill": {"signal": "CONT"},
    "remove": {"dry_run": True},
    "silence-add": {"match": ["service=web"], "for": 60.0, "reason": "new disks"},
    "wait": {"condition": "started"},
}
"""What verbs are asked with; others are asked with nothing."""
PLAIN = (
    *("status", "show", "drift", "tree", "logs", "events", "metrics", "trends", "watch-list"),
    *("alert-show", "silence-list", "shipping", "shipping-show", "audit", "audit-verify"),
    *("token-list", "agent-status", "health", "config", "crashes", "enable", "restart"),
)
LOGS: tuple[dict[str, object], ...] = ({"records": True}, {"stats": True})


def test_nothing_that_the_agent_tells_is_left_out(box: Box) -> None:
    box.start_agent()
    box.apply(WEB)
    box.ok("auth", "token", "issue", "ci", "--roles", "viewer")

    asked = [*LOOKS.items(), *((name, {}) for name in PLAIN), *(("logs", args) for args in LOGS)]
    lost = [
        f"{name}: {path}"
        for name, args in asked
        for path in _unknown(_call(name).reply.name, _told(box, name, args))
    ]

    assert lost == []


def _call(verb: str) -> Call:
    return next(call for call in calls() if call.verb == verb)


def _told(box: Box, verb: str, args: dict[str, object]) -> Mapping[str, object]:
    """Ask the agent itself; give what its answer is as a reply."""
    call = _call(verb)
    selects = any(field.name == "selection" for field in call.request.fields)
    request = Request(verb=verb, select=Selection(all=selects), args=args)
    with local_client(str(box.home), timeout=PATIENCE) as agent:
        answers = list(agent.answers(request))
    if call.streams:
        items = [item for is_result, item in answers if not is_result]
        return {"statistics" if args.get("stats") else call.within: items}
    result = answers[-1][1]
    return result if isinstance(result, Mapping) else {call.within: result}


def _unknown(message: str, told: Mapping[str, object], path: str = "") -> Iterator[str]:
    known = {KEYS.get(field.name, field.name): field for field in MESSAGES[message].fields}
    for key, value in told.items():
        if key in known:
            yield from _within(known[key], value, f"{path}.{key}")
        else:
            yield f"{path}.{key}"


def _within(field: Field, value: object, path: str) -> Iterator[str]:
    if isinstance(field.of, Form) or value is None:
        return
    if field.keyed:
        assert isinstance(value, Mapping), path
        parts = list(value.values())
    else:
        parts = list(value) if isinstance(value, list) else [value]
    for each in parts:
        assert isinstance(each, Mapping), path
        yield from _unknown(field.of, each, path)
