"""The dashboard of ``svcctl serve http``: its sessions over restarts, and by certificate."""

from __future__ import annotations

import ssl

import httpx
import pytest

from tests.flows.conftest import Box, until
from tests.flows.fronting.served import client, served, token

pytestmark = [pytest.mark.slow, pytest.mark.posix]

CSRF = "x-svcctl-csrf"
BOUND = """
[[access.bindings]]
who = ["spiffe://example.org/ci"]
roles = ["operator"]

[services.web]
exec = ["sleep", "1000"]
"""


def test_a_restart_of_the_front_logs_nobody_out_and_a_revoked_token_does(site: Box) -> None:
    issued = token(site)

    with served(site) as front, client(front) as browser:
        told = browser.post("/login", data={"token": issued["token"]})
        cookies = browser.cookies
    with served(site) as front, client(front) as browser:
        browser.cookies = cookies
        again = browser.get("/session")
        site.ok("auth", "token", "revoke", issued["id"])
        until(lambda: browser.get("/v1/services").status_code == 401, what="it is over")

    assert told.status_code == 200
    assert again.json()["csrf"] == told.json()["csrf"]


def test_an_agent_that_is_long_away_ends_what_is_open_and_logs_nobody_out(site: Box) -> None:
    issued = token(site)

    with served(site) as front, client(front) as browser:
        told = browser.post("/login", data={"token": issued["token"]})
        with browser.stream("GET", "/v1/events?follow=true") as stream:
            site.ok("agent", "stop")
            for _ in stream.iter_bytes():
                pass  # until it is not known any more who may read it
        away = browser.get("/v1/services")
        site.start_agent()
        until(lambda: browser.get("/v1/services").status_code == 200, what="it goes on")
        again = browser.get("/session")
        site.ok("auth", "token", "revoke", issued["id"])
        until(lambda: _is_over(browser), what="the session of a revoked token is over")

    assert away.status_code == 503
    assert again.json()["csrf"] == told.json()["csrf"]


def test_a_certificate_logs_in_and_is_no_way_around_our_own_pages(site: Box) -> None:
    site.ok("cert", "init", "--domain", "example.org")
    site.ok("cert", "issue", "host/web", "--host", "127.0.0.1")
    site.ok("cert", "issue", "ci")
    folder = site.home / "state" / "certificates"
    context = ssl.create_default_context(cafile=str(folder / "trust.pem"))
    context.load_cert_chain(folder / "issued" / "ci.pem", folder / "issued" / "ci.key")
    issued = folder / "issued"
    site.apply((site.home / "svcctl.toml").read_text() + BOUND)
    options = (
        *("--cert", str(issued / "host+web.pem"), "--key", str(issued / "host+web.key")),
        *("--client-ca", str(folder / "trust.pem"), "--domain", "example.org"),
    )

    with served(site, *options) as front, client(front, verify=context) as browser:
        elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        forged = browser.post("/v1/services/web/restart", headers=elsewhere)
        entered = browser.post("/login", data={"token": ""})
        bare = browser.post("/v1/services/web/restart")
        said = {CSRF: entered.json()["csrf"]}
        done = browser.post("/v1/services/web/restart", headers=said)
        cookie = entered.headers["set-cookie"]
        site.ok("cert", "revoke", "ci")
        until(lambda: _is_over(browser), what="the certificate's session is over")

    assert forged.status_code == 403
    assert (entered.json()["actor"], entered.json()["proof"]) == (
        "spiffe://example.org/ci",
        "certificate",
    )
    assert cookie.startswith("__Host-svcctl=")
    assert "Secure" in cookie
    assert (bare.status_code, done.status_code) == (403, 200)


def _is_over(browser: httpx.Client) -> bool:
    return browser.get("/v1/services").status_code == 401


def test_what_a_front_refuses_stands_in_the_audit_log_and_does_not_fill_it(site: Box) -> None:
    web = '[services.web]\nexec = ["sleep", "1000"]\n'
    site.apply((site.home / "svcctl.toml").read_text() + web)
    stop = "/v1/services/web/stop"

    with served(site) as front, client(front) as browser, client(front) as stranger:
        said = {CSRF: browser.post("/login", data={"token": token(site)["token"]}).json()["csrf"]}
        bare = browser.post(stop)
        many = browser.post("/v1/stop", json={"service": ["web", "d*"]})
        defined = browser.post("/v1/apply", json={"bundle": "x"})
        foreign = browser.post(stop, headers={**said, "origin": "https://evil.example"})
        rebound = browser.get("/v1/services", headers={"host": "evil.example"})
        wrong = {"authorization": "Bearer x"}
        forged = [
            stranger.post("/v1/stop", headers=wrong, json={"service": ["web"]}),
            *(stranger.post(stop, headers=wrong) for _ in range(18)),
        ]
        looked = stranger.get("/v1/services")

    answers = [bare, many, defined, foreign, rebound, *forged, looked]
    assert [each.status_code for each in answers] == [*[403] * 5, *[401] * 20]
    rows = site.ok("audit", "-o", "json").json()
    refused = [row for row in rows if row["outcome"] == "asked" and row["reason"]]
    assert [(row["actor"], row["verb"], row["target"]) for row in refused[:6]] == [
        ("token:ci", "stop", "web"),
        ("token:ci", "stop", "web d*"),
        ("token:ci", "apply-signed", ""),
        ("token:ci", "stop", "web"),
        ("token:ci", "status", ""),
        ("unknown", "stop", ""),  # nothing is read of who is not known
    ]
    assert [row["reason"] for row in refused[:5]] == [
        *["no page of ours asks for this"] * 3,
        "a page of 'https://evil.example' asks for this",
        "this is not 'evil.example'",
    ]
    assert refused[0]["way"] == "http"
    assert refused[0]["source"].startswith("127.0.0.1 session ")
    assert [(row["actor"], row["source"]) for row in refused[5:]] == [("unknown", "127.0.0.1")] * 10
    outcomes = {row["asked"]: row["outcome"] for row in rows if row["outcome"] != "asked"}
    assert [outcomes[row["asked"]] for row in refused] == [*["SVC-1500"] * 5, *["SVC-1501"] * 10]
    assert site.one("web")["phase"] == "running"
