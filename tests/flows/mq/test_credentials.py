"""Every verb, with everything that does not show who asks: none is done, each is told why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.app.envelope import Sealed
from svcctl.app.verb import Effect, Role, Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.auth.sealing import seal
from svcctl.auth.tokens import issue
from svcctl.client.queue import Queue, Signer
from svcctl.errors import Conflict, Denied, SvcctlError, Unauthenticated
from tests.flows.mq.stand import Stand, told

Bad = Callable[[Stand, Queue, Sealed], Sealed]


def _names(verb: Verb) -> tuple[str, ...]:
    return () if verb.selects is Selects.NONE else ("web",)


def _signed(stand: Stand, sealed: Sealed, signer: Signer, **changes: object) -> Sealed:
    """Give *sealed* with *changes*, signed by somebody."""
    del stand
    command = replace(sealed.command, **changes)  # type: ignore[arg-type]
    text = command.text()
    return Sealed(command=command, text=text, key=signer.key, signature=seal(text, signer.private))


def _unsigned(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del stand, queue
    return replace(sealed, key="", signature="")


def _of_a_stranger(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    signer = stand.signer("stranger")
    del stand.signers["stranger"]
    return _signed(stand, sealed, signer)


def _by_another_key(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    other = stand.signer("bob")
    return _signed(stand, sealed, Signer(key="ann", private=other.private))


def _altered(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del stand, queue
    return replace(sealed, text=sealed.text.replace('"issued_at"', ' "issued_at"'))


def _expired(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    then = sealed.command.issued_at - 3_600
    return _signed(stand, sealed, stand.signer(), issued_at=then, expires_at=then + 60)


def _of_tomorrow(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    then = sealed.command.issued_at + 86_400
    return _signed(stand, sealed, stand.signer(), issued_at=then, expires_at=then + 60)


def _for_a_month(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    ends = sealed.command.issued_at + 30 * 86_400
    return _signed(stand, sealed, stand.signer(), expires_at=ends)


def _of_who_was_revoked(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    stand.revocations.revoke("key:ann", until=None, now=stand.clock.now())
    return sealed


def _token(stand: Stand, sealed: Sealed, text: str) -> Sealed:
    del stand
    return replace(sealed, key="", signature="", token=text)


def _expired_token(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    then = stand.clock.now() - 3_600
    found = issue(stand.ring, "ann", roles=["admin"], lifetime=60, now=then)
    return _token(stand, sealed, found.text)


def _token_of_another_host(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    other = Stand(Path(stand.agent).parent, stand.site)
    found = issue(other.ring, "ann", roles=["admin"], lifetime=60, now=stand.clock.now())
    return _token(stand, sealed, found.text)


def _revoked_token(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    now = stand.clock.now()
    found = issue(stand.ring, "ann", roles=["admin"], lifetime=60, now=now)
    stand.revocations.revoke(found.id, until=None, now=now)
    return _token(stand, sealed, found.text)


@pytest.mark.parametrize(
    "bad",
    [
        _unsigned,
        _of_a_stranger,
        _by_another_key,
        _altered,
        _of_tomorrow,
        _for_a_month,
        _of_who_was_revoked,
        _expired_token,
        _token_of_another_host,
        _revoked_token,
    ],
)
def test_no_verb_is_done_for_who_does_not_show_who_they_are(stand: Stand, bad: Bad) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            sent = [bad(stand, queue, made) for made in _one_of_each(stand, queue)]
            replies = await asyncio.gather(*map(queue.send_and_wait, sent))
            dead = await stand.dead(len(VERBS))

        assert (stand.came, stand.rows) == ([], [])
        assert {type(each.error) for each in replies} == {Unauthenticated}
        assert sorted(dead) == sorted((each.encode(), "rejected") for each in sent)

    told(story)


def _one_of_each(stand: Stand, queue: Queue) -> list[Sealed]:
    """Give a good command for each verb that there is."""
    return [queue.command(stand.host, verb.name, *_names(verb)) for verb in VERBS]


def _for_another_host(stand: Stand, queue: Queue, sealed: Sealed) -> Sealed:
    del queue
    return _signed(stand, sealed, stand.signer(), host="another")


@pytest.mark.parametrize("bad", [_expired, _for_another_host])
def test_what_holds_no_more_or_not_here_is_set_aside_whatever_its_verb(
    stand: Stand, bad: Bad
) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            sent = [bad(stand, queue, made).encode() for made in _one_of_each(stand, queue)]
            await stand.post(*sent)
            dead = await stand.dead(len(VERBS))

        assert (stand.came, stand.rows) == ([], [])
        assert sorted(dead) == sorted((each, "rejected") for each in sent)

    told(story)


def test_a_command_for_one_host_is_not_done_by_another(stand: Stand, tmp_path: Path) -> None:
    other = Stand(tmp_path / "other", stand.site)
    other.folder.mkdir()

    async def story() -> None:
        async with stand.open(), other.agent_open(), other.front_open(), other.queue() as queue:
            other.signers.update(stand.signers)
            made = queue.command(stand.host, "restart", "web")
            with pytest.raises(Unauthenticated, match="for another host"):
                (await queue.send_and_wait(made, to=other.host)).value()

        assert other.came == []

    told(story)


def test_no_command_is_done_twice_nor_another_under_its_id(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            made = _one_of_each(stand, queue)
            replies = await asyncio.gather(*map(queue.send_and_wait, made))
            came = list(stand.came)
            again = await asyncio.gather(*map(queue.send_and_wait, made))
            others = [
                _signed(stand, first, stand.signer(), verb=other.command.verb)
                for first, other in zip(made, (*made[1:], made[0]), strict=True)
            ]
            under_their_ids = await asyncio.gather(*map(queue.send_and_wait, others))

        assert sorted(came) == sorted(verb.name for verb in VERBS if not verb.local_only)
        assert stand.came == came
        assert [(each.digest, each.at) for each in again] == [
            (each.digest, each.at) for each in replies
        ]
        assert {type(each.error) for each in under_their_ids} == {Conflict}

    told(story)


@pytest.mark.parametrize("role", ["", *Role])
def test_a_role_may_what_the_table_says_and_nothing_that_is_local(stand: Stand, role: str) -> None:
    order = ["", *(str(each) for each in Role)]

    async def story() -> None:
        signer = stand.signer("ci", role=role)
        async with stand.open(), stand.queue(signer=signer) as queue:
            replies = await asyncio.gather(*map(queue.send_and_wait, _one_of_each(stand, queue)))

        refused = {
            verb.name
            for verb, reply in zip(VERBS, replies, strict=True)
            if isinstance(reply.error, Denied)
        }
        assert refused == {
            verb.name
            for verb in VERBS
            if verb.local_only or order.index(verb.role) > order.index(role)
        }
        assert sorted(stand.came) == sorted({verb.name for verb in VERBS} - refused)
        rows = {(row.verb, row.outcome) for row in stand.rows if row.actor == "key:ci"}
        assert {(name, outcome) for name in refused for outcome in ("asked", Denied.code)} <= rows

    told(story)


def test_a_token_is_taken_only_where_the_broker_is_trusted(stand: Stand) -> None:
    async def ask(queue: Queue) -> object:
        return await queue.ask(stand.host, "restart", "web")

    async def story() -> None:
        now = stand.clock.now()
        token = issue(stand.ring, "ann", roles=["operator"], lifetime=600, now=now).text
        async with stand.open(), stand.queue(token=token) as queue:
            assert await ask(queue) == {"verb": "restart", "names": ["web"]}
        stand.trusts_broker = False
        async with stand.open(), stand.queue(token=token) as queue:
            with pytest.raises(Unauthenticated, match="tokens are not taken"):
                await ask(queue)

        assert "token:ann" in {row.actor for row in stand.rows}

    told(story)


def test_what_was_revoked_while_a_command_waited_is_not_done(stand: Stand) -> None:
    async def story() -> None:
        async with stand.front_open():
            pass
        async with stand.queue() as queue, stand.agent_open():
            asking = asyncio.create_task(queue.ask(stand.host, "restart", "web"))
            while not await stand.waiting():
                await asyncio.sleep(0.05)
            del stand.signers["ann"]
            async with stand.front_open():
                with pytest.raises(Unauthenticated, match="not known here"):
                    await asking

        assert stand.came == []

    told(story)


def test_what_changes_something_is_in_the_audit_log_with_its_reason(stand: Stand) -> None:
    async def story() -> None:
        async with stand.open() as queue:
            for verb in VERBS:
                if verb.effect is not Effect.READ and not verb.local_only:
                    with suppress(SvcctlError):
                        await queue.ask(
                            stand.host, verb.name, *_names(verb), args={"reason": "tried"}
                        )

        asked = {row.verb for row in stand.rows if row.reason == "tried"}
        assert asked == {
            verb.name for verb in VERBS if verb.effect is not Effect.READ and not verb.local_only
        }

    told(story)
