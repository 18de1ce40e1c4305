"""``svcctl serve http`` as people start it: over real sockets, with real TLS, without rights."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.fronting.conftest import FRONTS
from tests.flows.fronting.served import HERE, IN_TOUCH, Served, asking, client, served, token

pytestmark = [pytest.mark.slow, pytest.mark.posix]

BOUND = """
[[access.bindings]]
who = ["spiffe://example.org/ci"]
roles = ["viewer"]
"""


def test_kept_as_a_service_it_is_ready_once_it_listens_and_answers_until_a_token_is_revoked(
    site: Box,
) -> None:
    issued = token(site)
    command = [sys.executable, "-m", "svcctl", "serve", "http", *HERE]
    site.apply(f'{FRONTS}[services.front]\nexec = {json.dumps(command)}\nready = "notify"\n')
    assert site.one("front")["phase"] == "running"

    until(lambda: IN_TOUCH in site.ok("logs", "front").out)
    url = until(lambda: re.search(r"serving (\S+)", site.ok("logs", "front").out))[1]
    with asking(url, issued["token"]) as ann:
        first = ann.get("/status")
        page = ann.get("/")
        site.ok("auth", "token", "revoke", issued["id"])
        after = ann.get("/status")

    assert first.status_code == 200
    assert [each["service"] for each in first.json()["result"]] == ["front"]
    assert "text/html" in page.headers["content-type"]
    assert after.status_code == 401
    site.ok("stop", "front")
    assert site.one("front")["exit_code"] == 0


def test_while_the_agent_is_gone_it_says_so_and_goes_on_once_there_is_another(site: Box) -> None:
    issued = token(site)

    with served(site) as front, client(front, issued["token"]) as ann:
        site.kill_agent()
        gone = ann.get("/status")
        site.start_agent()
        back = until(lambda: ann.get("/status").status_code == 200, what="it is back")

        assert (gone.status_code, gone.json()["code"]) == (503, "SVC-1400")
        assert back


def _certificates(site: Box) -> Path:
    site.ok("cert", "init", "--domain", "example.org")
    site.ok("cert", "issue", "host/web", "--host", "127.0.0.1")
    site.ok("cert", "issue", "ci")
    return site.home / "state" / "certificates"


def _tls(folder: Path) -> tuple[str, ...]:
    issued = folder / "issued"
    return (
        *("--cert", str(issued / "host+web.pem"), "--key", str(issued / "host+web.key")),
        *("--client-ca", str(folder / "trust.pem"), "--domain", "example.org"),
    )


def _context(folder: Path, *, certificate: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "trust.pem"))
    if certificate:
        context.load_cert_chain(folder / "issued" / "ci.pem", folder / "issued" / "ci.key")
    return context


def test_over_tls_a_certificate_shows_who_asks_and_so_does_a_token(site: Box) -> None:
    folder = _certificates(site)
    site.apply((site.home / "svcctl.toml").read_text() + BOUND)
    issued = token(site)

    with served(site, "--no-dashboard", *_tls(folder)) as front:
        shown = _context(folder, certificate=True)
        with (
            client(front, verify=shown) as ci,
            client(front, issued["token"], verify=_context(folder, certificate=False)) as ann,
        ):
            assert ci.get("/status").status_code == 200
            assert ci.post("/restart", json={"all": True}).status_code == 403
            assert ann.get("/status").status_code == 200
            site.ok("cert", "revoke", "ci")
            assert ci.get("/status").status_code == 401
        with client(front, verify=_context(folder, certificate=False)) as nobody:
            assert nobody.get("/status").status_code == 401
            assert nobody.get("/").status_code == 404
            assert nobody.get("/health").status_code == 200
        assert front.url.startswith("https://")


def test_a_renewed_certificate_is_shown_to_who_comes_and_nobody_is_cut_off(site: Box) -> None:
    folder = _certificates(site)
    issued = token(site)
    trusting = _context(folder, certificate=False)

    with served(site, *_tls(folder)) as front:
        # root's key is not for the account that serves: it is told so, and goes on with the old
        before = _serial(front, trusting)
        kept = HTTPSConnection("127.0.0.1", _port(front), context=trusting, timeout=PATIENCE)
        assert _asked(kept, issued["token"]) == 200

        site.ok("cert", "renew", "host/web")
        _for_who_serves(folder / "issued" / "host+web.key")
        os.kill(front.process.pid, signal.SIGHUP)
        until(lambda: _serial(front, trusting) != before, what="the new certificate is shown")

        assert kept.sock is not None
        assert _asked(kept, issued["token"]) == 200
        kept.close()


def _for_who_serves(key: Path) -> None:
    """Have the account that serves be able to read *key*, as its folder lets it."""
    if os.geteuid() == 0:
        for each in (key.parent, key.parent.parent, key.parent.parent.parent):
            each.chmod(0o711)
        shutil.chown(key, "nobody")
        shutil.chown(key.with_suffix(".pem"), "nobody")


def _asked(connection: HTTPSConnection, text: str) -> int:
    connection.request("GET", "/status", headers={"authorization": f"Bearer {text}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _port(front: Served) -> int:
    return int(front.url.rpartition(":")[2])


def _serial(front: Served, context: ssl.SSLContext) -> str:
    """Give the serial number of the certificate that is shown now."""
    address = ("127.0.0.1", _port(front))
    with (
        socket.create_connection(address, timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        shown = tls.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


@pytest.mark.needs_root
def test_root_serves_as_somebody_without_rights_who_still_answers(site: Box) -> None:
    issued = token(site)

    with served(site) as front, client(front, issued["token"]) as ann:
        assert ann.get("/status").status_code == 200
        status = Path(f"/proc/{front.process.pid}/status").read_text()
        told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert set(told["Uid"].split()) == {"65534"}
        assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
        assert told["NoNewPrivs"] == "1"
        assert told["Seccomp"] == ("0" if "no filter of system calls" in front.said() else "2")
        assert (site.home / "state-front").stat().st_uid == 65534
    rows = site.ok("audit", "-o", "json").json()
    assert ("uid:65534", "trust") in {(row["actor"], row["verb"]) for row in rows}
    assert ("token:ci", "status", "http") in {(r["actor"], r["verb"], r["way"]) for r in rows}


@pytest.mark.needs_root
def test_an_account_that_was_not_named_is_turned_away_and_told_what_to_say(site: Box) -> None:
    site.apply('[access]\nlocal = "admin"\n')

    ran = site.cli("serve", "http", "--listen", "127.0.0.1:0", "--user", "nobody", within=90)

    assert ran.status == 6
    assert '[access] fronts = ["uid:65534"]' in ran.err
