"""Requests that are signed one by one, over real HTTP: what is changed on the way is refused."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from svcctl.auth.signature import Message, SignerKey, sign
from tests.flows.attack.forging import PRIVATE, PUBLIC
from tests.flows.http.asking import line_to
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A server that takes what the key ci signs."""
    found = Stand(tmp_path)
    found.signers["ci"] = SignerKey(actor="key:ci", public=PUBLIC, roles=("operator",))
    return found


class Signer:
    """Signs requests to *stand* and sends them, or something else in their place."""

    def __init__(self, stand: Stand, client: httpx.AsyncClient) -> None:
        self.stand, self.client = stand, client
        self.client.headers.pop("authorization", None)

    def signed(
        self,
        path: str = "/v1/services/web/restart",
        *,
        method: str = "POST",
        body: bytes = b'{"reason":"new disks"}',
        later: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        url = f"http://127.0.0.1:{self.stand.port}{path}"
        plain = Message(method=method, url=url, headers=dict(headers or {}), body=body)
        now = self.stand.clock.now() + later
        more = sign(plain, key_id="ci", private=PRIVATE, now=now)
        return replace(plain, headers=plain.headers | more)

    async def send(self, message: Message, more: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.request(
            message.method,
            message.url,
            headers={**message.headers, **(more or {})},
            content=message.body,
        )


def test_who_signs_a_request_may_what_the_key_vouches_for(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)

        done = await signer.send(signer.signed("/v1/services/web/restart?wait=5s"))
        looked = await signer.send(signer.signed("/v1/logs?grep=a%20b", method="GET", body=b""))
        refused = await signer.send(signer.signed("/v1/services/web/scale", body=b"{}"))

        assert (done.status_code, looked.status_code, refused.status_code) == (200, 200, 403)
        assert {row.actor for row in stand.rows} == {"key:ci"}

    told(stand, story)


def test_the_same_request_is_taken_once_even_by_the_server_of_afterwards(stand: Stand) -> None:
    kept: list[Message] = []
    ports: list[int] = []

    async def first(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)
        kept.append(signer.signed())
        assert (await signer.send(kept[0])).status_code == 200
        assert "made before" in (await signer.send(kept[0])).text
        ports.append(stand.port)

    async def second(stand: Stand, client: httpx.AsyncClient) -> None:
        host = {"host": f"127.0.0.1:{ports[0]}"}
        message = replace(kept[0], url=f"http://127.0.0.1:{stand.port}/v1/services/web/restart")
        answer = await Signer(stand, client).send(message, host)
        assert (answer.status_code, "made before" in answer.text) == (401, True)

    told(stand, first)
    Path(stand.agent).unlink(missing_ok=True)
    told(stand, second)
    assert stand.came == ["restart"]
    assert {
        stat.S_IMODE(each.stat().st_mode) for each in Path(stand.nonces).parent.glob("nonces*")
    } == {0o600}


def test_whatever_is_changed_on_the_way_is_refused(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)
        port = stand.port

        def message() -> Message:
            return signer.signed(headers={"idempotency-key": "k1"})

        changed = [
            replace(message(), method="PUT"),
            replace(message(), url=f"http://127.0.0.1:{port}/v1/services/web/stop"),
            replace(message(), url=f"http://127.0.0.1:{port}/v1/services/web/restart?wait=0s"),
            replace(message(), url=f"http://127.0.0.1:{port}/v1/services/%77eb/restart"),
            replace(message(), body=b'{"reason":"new disk"}'),
            replace(message(), body=b""),
            replace(message(), headers={**message().headers, "idempotency-key": "k2"}),
            replace(message(), headers={**message().headers, "content-digest": "sha-256=:AA==:"}),
            signer.signed(later=-3600),
            signer.signed(later=+3600),
        ]
        added = [
            (signer.signed(), {"idempotency-key": "mine"}),
            (signer.signed(), {"if-match": '"v1"'}),
            (signer.signed(), {"host": f"127.0.0.1:{port + 1}"}),
            (signer.signed(), {"host": f"web-2.example.org:{port}"}),
            (signer.signed(), bearer_of(stand.token())),
            (signer.signed(), {"authorization": "Signature a"}),
        ]

        for number, each in enumerate(changed):
            answer = await signer.send(each)
            assert (number, answer.status_code) in {(number, 401), (number, 404), (number, 405)}
        for plain, more in added:
            answer = await signer.send(plain, more)
            assert (more, answer.status_code) == (more, 401)
        assert stand.came == []

    told(stand, story)


def test_what_is_not_signed_is_refused_before_its_body_is_there(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)
        path = "/v1/services/web/restart"
        host = {"host": f"127.0.0.1:{stand.port}", "content-length": str(1024 * 1024)}
        good = signer.signed().headers
        heads = [
            good | {"signature": "svcctl=:AAAA:"},
            good | {"content-digest": "sha-256=:AA==:"},
            {name: value for name, value in good.items() if name.lower() != "content-digest"},
            signer.signed(later=-3600).headers,
        ]
        for head in heads:
            async with line_to(stand.port) as line:  # over which no byte of a body is sent
                answer = await line.ask("POST", path, head | host)
            assert (answer.status, answer.json()["code"]) == (401, "SVC-1501")
        assert stand.came == []

    told(stand, story)


def test_content_that_comes_in_pieces_is_held_against_its_digest(stand: Stand) -> None:
    async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(content), 5):
            yield content[at : at + 5]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)
        codes = []
        for content in (b'{"reason":"new disks"}', b'{"reason":"new disk!"}', b""):
            signed = signer.signed()
            headers = {**signed.headers, "content-type": "application/json"}
            sent = in_pieces(content)
            answer = await client.post(signed.url, headers=headers, content=sent)
            codes.append(answer.status_code)
        assert codes == [200, 401, 401]
        assert stand.came == ["restart"]

    told(stand, story)


def test_who_has_a_clock_that_is_wrong_is_told_by_how_much(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)

        ahead = (await signer.send(signer.signed(later=600))).json()
        behind = (await signer.send(signer.signed(later=-600))).json()

        assert ahead["detail"].startswith("the signature is of a time ")
        assert ahead["detail"].endswith("s ahead")
        assert "clocks" in ahead["hint"]
        assert behind["detail"].startswith("the signature has expired ")

    told(stand, story)


def test_a_key_that_is_no_longer_named_signs_nothing(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        signer = Signer(stand, client)
        assert (await signer.send(signer.signed())).status_code == 200

        stand.signers.clear()

        assert (await signer.send(signer.signed())).status_code == 401

    told(stand, story)
