"""From a key to a service that runs, with curl against a real front and agent; and what is left."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box
from tests.flows.fronting.conftest import FRONTS, site
from tests.flows.fronting.served import Served, client, served, token

pytestmark = [pytest.mark.slow, pytest.mark.posix]

__all__ = ["site"]

KEYS = """
host = "h1"
signed_specs = true
spec_keys = {{ release = "{public}" }}

[access.signers.ci]
key = "{public}"
roles = ["deployer"]
"""
WEB = '[services.web]\nexec = ["sleep", "1000"]\n'


@pytest.fixture
def host(site: Box) -> Box:
    """A site that takes what the key release.key signs: requests, and definitions."""
    public = site.ok("spec", "keygen", "release.key").out.strip()
    site.apply(FRONTS + KEYS.format(public=public))
    return site


def curl(host: Box, front: Served, signed: Path, path: str, body: Path | None = None) -> str:
    """Ask with the headers in the file *signed*; give status and answer."""
    more = ["--data-binary", f"@{body}"] if body else []
    ran = subprocess.run(
        [
            *("curl", "-sS", "-w", "%{http_code}", "-H", f"@{signed}"),
            *("-H", "content-type: application/json", *more, front.url + path),
        ],
        cwd=host.home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return ran.stdout[-3:] + ran.stdout[:-3]


def sign(host: Box, front: Served, method: str, path: str, body: Path | None = None) -> Path:
    """Have ``svcctl auth sign`` print the headers into a file."""
    more = ("--body", str(body)) if body else ()
    key = ("--key", "release.key", "--as", "ci")
    made = host.ok("auth", "sign", method, front.url + path, *key, *more).out
    return host.write(made, "signed.txt")


def test_a_signed_definition_is_applied_by_a_signed_request_and_each_of_them_once(
    host: Box,
) -> None:
    assert shutil.which("curl"), "the tests of the command line need curl"
    key = ("--key", "release.key", "--as", "release", "--host", "h1")
    host.write(WEB, "web.toml")
    bundle = json.loads(host.ok("spec", "sign", "web.toml", *key).out)
    body = host.write(json.dumps({"bundle": bundle}), "body.json")

    with served(host) as front:
        signed = sign(host, front, "POST", "/v1/apply", body)
        done = curl(host, front, signed, "/v1/apply", body)
        again = curl(host, front, signed, "/v1/apply", body)
        anew = curl(host, front, sign(host, front, "POST", "/v1/apply", body), "/v1/apply", body)
        looked = curl(host, front, sign(host, front, "GET", "/v1/services"), "/v1/services")

    assert done.startswith("200"), done
    assert again.startswith("401"), again
    assert "made before" in again
    assert anew.startswith("409"), anew
    assert looked.startswith("200"), looked
    assert host.one("web")["phase"] == "running"
    rows = host.ok("audit", "--verb", "apply-signed", "-o", "json").json()
    assert {(row["actor"], row["target"]) for row in rows} == {("key:ci", "web"), ("unknown", "")}
    assert "made before" in str([row for row in rows if row["actor"] == "unknown"])


EVIL = "x\n2026-11-22 09:00:00,000 info agent.ready\r\x1b[2J\x1b]0;owned\x07\u202e"


def test_what_strangers_write_forges_no_line_of_any_log_nor_reaches_a_terminal(
    host: Box,
) -> None:
    shown = token(host)

    with served(host) as front, client(front, shown["token"]) as ann:
        ann.post("/v1/services/web/stop", json={"reason": EVIL})
        ann.post("/v1/stop", json={"service": [EVIL], "reason": "r"})
        ann.get("/v1/logs", params={"grep": EVIL, "service": EVIL})
        ann.get(f"/{EVIL!r}", headers={"user-agent": EVIL.encode("unicode_escape").decode()})
        ann.get("/v1/services", headers={"authorization": "Bearer \x1b[2J"})
        written = front.said() + host.said()
    audited = host.ok("audit").out

    for text in (written, audited):
        assert not set(text) & set("\x1b\x07\r\u202e")
    assert written.count("agent.ready") == 1
    assert not any(line.startswith("2026-11-22 09:00:00,000") for line in audited.splitlines())
