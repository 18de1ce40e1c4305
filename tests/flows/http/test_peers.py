"""HTTP as others know it: curl, a client made from the description, schemathesis, Prometheus."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.server.http.openapi import description
from tests.flows.conftest import Box, until
from tests.flows.prometheus import ask, prometheus, tool
from tests.flows.web.stand import Front, front_of

pytestmark = [pytest.mark.slow, pytest.mark.posix]

MAILER = """
from dataclasses import dataclass

from svcctl import Context, Service


class Mailer(Service):
    @dataclass(frozen=True, kw_only=True)
    class Config:
        period: int = 10

    async def run(self, ctx: Context) -> None:
        print("sending", flush=True)
        async for _ in ctx.ticks(60):
            pass
"""
SERVICES = """
version = 1

[services.web]
exec = ["sh", "-c", "echo serving; exec sleep 1000"]

[services.mailer]
python = "mailer:Mailer"
"""


@pytest.fixture
def front(box: Box) -> Iterator[Front]:
    """Serve an agent that keeps an ordinary program, and one in Python."""
    (box.home / "mailer.py").write_text(MAILER)
    box.start_agent()
    box.apply(SERVICES)
    with front_of(box.home) as front:
        yield front


class Curl:
    """What somebody types who has a token in a file."""

    def __init__(self, front: Front, folder: Path) -> None:
        self._front, self._file = front, folder / "token"
        self._file.write_text(f"Authorization: Bearer {front.token('ann')}")

    def __call__(self, path: str, *words: str) -> tuple[int, dict[str, str], Any]:
        """Give status, headers and body of what is answered."""
        ran = subprocess.run(
            [
                *(tool("curl"), "--silent", "--show-error", "--noproxy", "*"),
                *("--max-time", "60", "-H", f"@{self._file}", "-D", "-"),
                *(*words, self._front.url + path),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        head, _, body = ran.stdout.partition("\n\n")
        first, *lines = head.splitlines()
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        is_json = "json" in headers.get("content-type", "")
        return int(first.split()[1]), headers, json.loads(body) if is_json else body


def test_the_paths_of_the_articles_work_with_curl(front: Front, tmp_path: Path) -> None:
    curl = Curl(front, tmp_path)
    post = ("-X", "POST", "-H", "Content-Type: application/json")

    _, _, health = curl("/health")
    _, _, before = curl("/status?service=web")
    status, _, restarted = curl("/restart", *post, "-d", '{"service": "web"}')
    _, _, after = curl("/v1/services/web")
    reloaded, _, _ = curl("/reload", *post, "-d", '{"service": "mailer"}')

    assert health == {"status": "ok"}
    (web,) = before["result"]
    assert (web["phase"], bool(web["spec_revision"])) == ("running", True)
    assert (status, restarted["result"][0]["ok"]) == (200, True)
    assert after["result"][0]["pid"] != web["pid"]
    assert reloaded == 200


def test_a_configuration_is_read_and_replaced_with_curl(front: Front, tmp_path: Path) -> None:
    curl = Curl(front, tmp_path)
    put = ("-X", "PUT", "-H", "Content-Type: application/json")

    _, head, seen = curl("/config?service=mailer")
    match = ("-H", f"If-Match: {head['etag']}")
    refused, _, problem = curl("/config?service=mailer", *put, *match, "-d", '{"period": "soon"}')
    tried, _, _ = curl("/config?service=mailer&dry_run=1", *put, *match, "-d", '{"period": 7}')
    status, _, _ = curl("/v1/services/mailer/config", *put, *match, "-d", '{"period": 5}')
    late, _, _ = curl("/v1/services/mailer/config", *put, *match, "-d", '{"period": 6}')
    unsaid, _, _ = curl("/v1/services/mailer/config", *put, "-d", '{"period": 6}')
    _, _, now = curl("/v1/services/mailer/config")
    no_sdk, _, _ = curl("/v1/services/web/config", *put, "-H", "If-Match: *", "-d", "{}")
    _, _, history = curl("/v1/services/mailer/config-history")

    def values(document: Any) -> list[str]:
        return [each["value"] for each in document["result"][0]["answer"]["values"]]

    assert values(seen) == ["10"]
    assert (refused, tried, status, late, unsaid, no_sdk) == (422, 200, 200, 412, 428, 409)
    assert problem["mistakes"]
    assert values(now) == ["5"]
    (_, last) = history["result"][0]["answer"]
    assert (last["what"], last["who"]) == ("set-config", "token:ann")


def test_logs_and_events_are_followed_with_curl(front: Front, tmp_path: Path) -> None:
    curl = Curl(front, tmp_path)
    stream = ("-H", "Accept: text/event-stream")

    _, head, logs = curl("/v1/services/web/logs", *stream)
    _, _, events = curl("/v1/events?service=web", *stream)
    last = [line for line in events.splitlines() if line.startswith("id: ")][-1]
    _, _, rest = curl("/v1/events?service=web", *stream, "-H", f"Last-Event-ID: {last[4:]}")

    assert head["content-type"].startswith("text/event-stream")
    assert '"text":"serving"' in logs
    assert '"event":"' not in rest
    assert rest.endswith('event: end\ndata: {"events":0}\n\n')


def test_a_client_made_from_the_description_restarts_a_service(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, described = Curl(front, tmp_path)("/v1/openapi.json")
    (tmp_path / "openapi.json").write_text(json.dumps(described))
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", "openapi.json", "--output-path", "made_client"),
        ],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=True,
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(name: str) -> Any:
        return importlib.import_module(f"made_client.{name}")

    shown = made("client").AuthenticatedClient(base_url=front.url, token=front.token())
    key = "one-restart"
    with shown as client:
        before = made("api.read.status_service_at_v1_services_name").sync("web", client=client)
        body = made("models.restart_service_body").RestartServiceBody(reason="a new client")
        restart = made("api.write.restart_service").sync
        first = restart("web", client=client, body=body, idempotency_key=key)
        again = restart("web", client=client, body=body, idempotency_key=key)
        after = made("api.read.status_service_at_v1_services_name").sync("web", client=client)

    assert first.result[0].ok
    assert again.result[0].pid == first.result[0].pid
    assert before.result[0].pid != after.result[0].pid == first.result[0].pid


def test_the_description_is_valid() -> None:
    import schemathesis  # it takes a second

    described: dict[str, Any] = description()

    schemathesis.openapi.from_dict(described).validate()  # raises
    assert set(re.findall(r"\"#/([^\"]+)\"", json.dumps(described))) <= {
        f"components/{kind}/{name}"
        for kind, named in described["components"].items()
        for name in named
    }


def test_schemathesis_finds_nothing_wrong(front: Front, box: Box, tmp_path: Path) -> None:
    examples = os.environ.get("SVCCTL_SCHEMATHESIS", "1")  # of each operation
    without = "agent-stop|agent-upgrade|/wait$"  # what ends the agent, and what has no end
    checks = (
        "positive_data_acceptance",  # services of random names there are not
        "ignored_auth",  # after twenty tries that fail nobody is listened to
    )
    ran = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run"),
            *(f"{front.url}/v1/openapi.json", "-H", f"Authorization: Bearer {front.token()}"),
            *("--exclude-path-regex", without, "--exclude-checks", ",".join(checks)),
            *("--phases", "fuzzing", "-n", examples, "--seed", "1", "--generation-deterministic"),
            *("--request-timeout", "120", "--no-color"),
        ],
        cwd=tmp_path,
        env=box.environ() | {"NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert box.answers()


def test_prometheus_scrapes_with_a_token_and_finds_nothing_wrong(
    front: Front, tmp_path: Path
) -> None:
    viewer = front.token("prometheus", role="viewer")
    _, head, page = Curl(front, tmp_path)("/metrics")

    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    with prometheus(tmp_path, front.url.removeprefix("http://"), token=viewer) as server:
        found = until(lambda: ask(server, 'up{job="svcctl"} == 1'), within=120, what="it is up")

    assert head["content-type"].startswith("text/plain; version=0.0.4")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert found[0]["value"][1] == "1"
