"""Lessons 1, 4 and 7: a closed table of verbs, none of which from elsewhere says what is run."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from svcctl.app.arguments import Arguments, check
from svcctl.app.signed_specs import SignedSpecs, Trusted
from svcctl.app.verb import Effect, Kind
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.auth.envelope import SPEC, seal
from svcctl.auth.identity import Identity, Proof, Way, inside, local
from svcctl.errors import UsageError
from svcctl.server.http.routes import routes
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection, encode
from tests.flows.attack.forging import PRIVATE, PUBLIC
from tests.flows.http.stand import Stand, told

pytestmark = pytest.mark.slow

FAR = Identity(actor="token:eve", way=Way.HTTP, proof=Proof.TOKEN, roles=("admin",))
STRANGE = (
    *("carry_out", "Dispatch.carry_out", "os.system", "__class__", "start.__globals__", "_start"),
    *("", " start", "start ", "START", "start\n", "start\x00", "sta\u200brt", "../start", "*"),
)

LOCAL_ALONE = {"apply", "environment", "token-issue", "token-rotate", "trust"}
"""What defines what is run, or gives away what shows who somebody is."""

WORDS = {
    *("exec", "command_line", "argv", "cmd", "hook", "shell", "script", "program", "path", "file"),
    *("cwd", "env", "environment", "user", "python", "interpreter", "url", "unit"),
}
"""Names under which a verb could take what is run, read or asked."""


async def asked_at_the_door(stand: Stand, document: object) -> dict[str, Any]:
    """Ask as a front does; give the last answer."""
    reader, writer = await asyncio.open_unix_connection(stand.agent)
    try:
        writer.write(encode(document))
        while True:
            found: dict[str, Any] = json.loads(await reader.readline())
            if "item" not in found:
                return found
    finally:
        writer.close()


def test_only_the_words_of_the_table_are_verbs(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del client
        for name in STRANGE:
            for whom in ({}, asdict(FAR)):
                found = await asked_at_the_door(
                    stand, {"id": 1, "verb": name, "select": {"all": True}, "on_behalf": whom}
                )
                assert (name, found["error"]["code"]) == (name, UsageError.code)
        assert stand.came == []
        assert {row.outcome for row in stand.rows} == {"asked", UsageError.code}

    told(stand, story)


def test_nobody_elsewhere_says_they_are_here(stand: Stand) -> None:
    """Who speaks for others speaks for nobody on this machine, nor for the agent itself."""

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del client
        for whom in (local("uid:0"), inside("healer")):
            found = await asked_at_the_door(
                stand, {"id": 1, "verb": "apply", "on_behalf": asdict(whom)}
            )
            assert found["error"]["code"] == "SVC-1500"
        for wrong in ({"actor": "root"}, {**asdict(FAR), "way": "ssh"}):
            found = await asked_at_the_door(
                stand, {"id": 1, "verb": "stop", "select": {"all": True}, "on_behalf": wrong}
            )
            assert found["error"]["code"] == UsageError.code
        assert stand.came == []

    told(stand, story)


def test_what_is_for_this_machine_alone_is_asked_for_from_nowhere_else(stand: Stand) -> None:
    assert {verb.name for verb in VERBS if verb.local_only} == LOCAL_ALONE
    assert not LOCAL_ALONE & {route.verb.name for route in routes()}

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del client
        for name in LOCAL_ALONE:
            found = await asked_at_the_door(
                stand,
                {"id": 1, "verb": name, "select": {"names": ["web"]}, "on_behalf": asdict(FAR)},
            )
            assert found["error"]["code"] in {"SVC-1500", "SVC-1200"}
        assert stand.came == []

    told(stand, story)


def test_no_verb_from_elsewhere_takes_what_is_run_or_read() -> None:
    """Arguments name what is there; a document is understood by who takes it, and runs nothing."""
    far = [verb for verb in VERBS if not verb.local_only]

    named = {f"{verb.name} {arg.name}" for verb in far for arg in verb.args if arg.name in WORDS}
    documents = {
        f"{verb.name} {arg.name}" for verb in far for arg in verb.args if arg.kind is Kind.DOCUMENT
    }
    commands = {
        f"{verb.name} {arg.name}" for verb in far for arg in verb.args if "command" in arg.name
    }

    assert named == set()
    assert commands == {"run command"}  # which of hook.run, by its name
    assert documents == {
        "apply-signed bundle",  # verified by the agent, see below
        "set-config config",  # values of a configuration, which its service validates
        "silence-add match",  # conditions on labels
        "findings services",  # names
    }


@pytest.mark.parametrize(
    "verb", [each for each in VERBS if not each.local_only], ids=lambda v: v.name
)
def test_no_verb_takes_an_argument_that_is_not_in_the_table(verb: Any) -> None:
    for name in ("exec", "argv", "__class__", "on_behalf", "identity", ""):
        with pytest.raises(UsageError, match="takes no argument"):
            check(verb, {name: "sh -c id"})


def test_definitions_come_signed_or_not_at_all(stand: Stand) -> None:
    applied: list[Arguments] = []

    async def apply(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        if not args.flag("dry_run"):
            applied.append(args)
        return {"plan": [], "outcomes": []}

    trusted: list[Trusted | None] = [None]
    specs = SignedSpecs(apply, trusted=lambda: trusted[0], store=FakeStore(), clock=stand.clock)
    stand.deeds["apply-signed"] = specs.apply_signed
    service = {"name": "web", "spec": {"name": "web", "exec": ["sh", "-c", "id"]}}
    now = stand.clock.now()
    said = {
        "version": 1,
        "hosts": ["web-1"],
        "issued_at": now,
        "expires_at": now + 60,
        "counter": 1,
        "apply": {"services": [service]},
    }
    good = seal(json.dumps(said).encode(), kind=SPEC, key_id="release", private=PRIVATE)
    other = seal(json.dumps(said).encode(), kind=SPEC, key_id="release", private=b"x" * 32)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        async def sent(document: object) -> int:
            return (await client.post("/v1/apply", json=document)).status_code

        assert await sent({"services": [service]}) == 400
        assert await sent({"bundle": {"services": [service]}}) == 403  # it is not turned on
        off = await client.post("/v1/apply", json={"bundle": good})
        assert (off.status_code, "signed_specs = true" in off.json()["hint"]) == (403, True)
        trusted[0] = Trusted(keys={"release": PUBLIC}, host="web-1")
        assert await sent({"bundle": other}) == 403
        assert await sent({"bundle": {**good, "payload": f"{other['payload']}AAAA"}}) in {400, 403}
        assert applied == []
        assert await sent({"bundle": good, "dry_run": True}) == 200
        assert await sent({"bundle": good}) == 200
        assert await sent({"bundle": good}) == 409
        assert len(applied) == 1
        client.headers["authorization"] = f"Bearer {stand.token('op', role='operator')}"
        assert await sent({"bundle": good}) == 403

    told(stand, story)


def test_what_changes_something_is_never_got() -> None:
    """A link, a picture or a prefetch does nothing: GET only looks."""
    looks = {route.verb.name for route in routes() if route.method == "GET"}

    assert {verb.name for verb in VERBS if verb.effect is not Effect.READ} & looks == set()
