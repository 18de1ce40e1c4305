"""Behind nginx, set up as the file in ``deploy/http`` has it: who asks is whom nginx has seen."""

from __future__ import annotations

import contextlib
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from bench.ports import free_ports
from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.fronting.served import served, token

pytestmark = [
    pytest.mark.slow,
    pytest.mark.posix,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="needs Linux, with nginx"),
]

EXAMPLE = Path(__file__).parents[3] / "deploy" / "http" / "nginx.conf"
NAME = "svcctl.example.org"
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {example}
}}
"""


@contextlib.contextmanager
def nginx(site: Box, *, port: int, upstream: str) -> Iterator[None]:
    """Have nginx listen at *port* in front of *upstream* while the block lasts."""
    certificates = site.home / "state" / "certificates"
    issued = certificates / "issued" / "host+web"
    changed = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "127.0.0.1:7411": upstream,
        "/etc/svcctl/web.pem": f"{issued}.pem",
        "/etc/svcctl/web.key": f"{issued}.key",
        "/etc/svcctl/trust.pem": str(certificates / "trust.pem"),
    }
    example = EXAMPLE.read_text()
    for ours, theirs in changed.items():
        assert ours in example
        example = example.replace(ours, theirs)
    folder = site.home / "nginx"
    folder.mkdir()
    path = site.write(AROUND.format(folder=folder, example=example), "nginx.conf")
    with (site.home / "nginx.stderr").open("wb") as said:
        process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(path)], stderr=said)
    try:
        until(lambda: process.poll() is not None or (folder / "nginx.pid").exists())
        assert process.poll() is None, (site.home / "nginx.stderr").read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_who_asks_is_who_nginx_has_seen_whatever_they_say_themselves(site: Box) -> None:
    site.ok("cert", "init", "--domain", "example.org")
    site.ok("cert", "issue", "host/web", "--host", NAME)
    issued, folder = token(site), site.home / "state" / "certificates"
    files = folder / "issued" / "host+web"
    (port,) = free_ports(1)
    shown = ("--cert", f"{files}.pem", "--key", f"{files}.key", "--trusted-proxy", "127.0.0.1")

    with served(site, *shown) as front:
        upstream = re.sub(".*//", "", front.url)
        context = ssl.create_default_context(cafile=str(folder / "trust.pem"))
        with (
            nginx(site, port=port, upstream=upstream),
            httpx.Client(verify=context, trust_env=False, timeout=PATIENCE) as client,
        ):

            def ask(
                path: str, said: Mapping[str, str], form: Mapping[str, str] | None = None
            ) -> httpx.Response:
                return client.request(
                    "POST" if form else "GET",
                    f"https://127.0.0.1:{port}{path}",
                    data=form,
                    headers={"host": f"{NAME}:{port}", **said},
                    extensions={"sni_hostname": NAME},
                )

            bearer = {"authorization": f"Bearer {issued['token']}"}
            forged = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9"}
            form = {"token": issued["token"]}
            looked = ask("/status", bearer | forged)
            events = ask("/v1/events?lines=1", bearer | {"accept": "text/event-stream"})
            ours = ask("/login", {"origin": f"https://{NAME}:{port}"}, form)
            foreign = ask("/login", {"origin": "https://evil.example.org"}, form)

    assert (looked.status_code, events.status_code) == (200, 200)
    assert events.headers["content-type"].startswith("text/event-stream")
    assert (ours.status_code, foreign.status_code) == (200, 403)
    rows = site.ok("audit", "-o", "json").json()
    assert {row["source"] for row in rows if row["verb"] in {"status", "events"}} >= {
        "127.0.0.1 by 127.0.0.1"
    }
    assert not any("203.0.113.9" in row["source"] for row in rows)
