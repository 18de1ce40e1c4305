"""One door for every way in: what is shown, whom it is of, and until when it holds."""

from __future__ import annotations

import pytest

from svcctl.auth.doorkeeper import Doorkeeper, Shown
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.revocation import Revocations
from svcctl.auth.tries import MOST, WINDOW, Tries, place_of
from svcctl.errors import Denied, LimitReached, TooManyTries, Unauthenticated
from svcctl.testing.fakes import FakeClock, FakeStore


class Book:
    """Knows some tokens by heart, and counts how often it is asked."""

    def __init__(self, *known: Identity) -> None:
        self.known = {each.token_id: each for each in known}
        self.asked: list[str] = []

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        del way, source
        self.asked.append(text)
        if text not in self.known:
            raise Denied("the token's signature is wrong")
        return self.known[text]


CLOCK = FakeClock()
ANN = Identity(
    actor="token:ann",
    way=Way.HTTP,
    proof=Proof.TOKEN,
    expires_at=CLOCK.now() + 60,
    token_id="a1",
)
CORP = Identity(actor="oidc:corp:bob", way=Way.HTTP, proof=Proof.OIDC, token_id="")


class House:
    """A door, who stands at it, and the time."""

    def __init__(self, *known: Identity) -> None:
        self.clock = FakeClock()
        self.book = Book(*(known or (ANN,)))
        self.revocations = Revocations(FakeStore())
        self.keeper = Doorkeeper(
            tokens=self.book, revocations=self.revocations, clock=self.clock, domain="example.org"
        )

    async def ask(self, text: str = "a1", *, source: str = "192.0.2.7") -> Identity:
        return await self.keeper.identify(Shown(bearer=text), way=Way.GRPC, source=source)


async def test_who_is_let_in_is_who_came_in_by_this_way_and_from_there() -> None:
    house = House()

    await house.ask(source="192.0.2.1")
    found = await house.ask(source="192.0.2.2")

    assert (found.actor, found.way, found.source) == ("token:ann", Way.GRPC, "192.0.2.2")
    assert house.book.asked == ["a1"]


async def test_a_token_that_is_known_is_denied_once_it_is_revoked_or_has_expired() -> None:
    house, other = House(), House()
    await house.ask()
    await other.ask()

    house.revocations.revoke("a1", until=None, now=house.clock.now())
    other.clock.forward(61)

    with pytest.raises(Unauthenticated, match="revoked"):
        await house.ask()
    with pytest.raises(Unauthenticated, match="expired"):
        await other.ask()


async def test_who_shows_nothing_or_too_much_is_not_let_in() -> None:
    from svcctl.auth.signature import Message

    house = House()
    message = Message(method="GET", url="https://h/")

    for shown in (Shown(), Shown(signed=message), Shown(bearer="a1", signed=message)):
        with pytest.raises(Unauthenticated):
            await house.keeper.identify(shown, way=Way.HTTP, source="192.0.2.7")
    assert house.book.asked == []


async def test_too_many_failures_of_one_place_are_not_looked_at_and_others_are() -> None:
    house = House()
    for _ in range(MOST):
        with pytest.raises(Unauthenticated):
            await house.ask("wrong")

    with pytest.raises(TooManyTries):
        await house.ask()
    assert (await house.ask(source="192.0.2.8")).actor == "token:ann"
    house.clock.forward(WINDOW + 1)
    with pytest.raises(Unauthenticated, match="expired"):
        await house.ask()


async def test_who_shows_nothing_keeps_nobody_out() -> None:
    """A page in a browser here can ask as often as it likes, and show nothing."""
    house = House()
    for _ in range(MOST + 1):
        with pytest.raises(Unauthenticated):
            await house.keeper.identify(Shown(), way=Way.HTTP, source="192.0.2.7")

    assert (await house.ask()).actor == "token:ann"


async def test_a_token_that_was_found_good_is_taken_however_often_others_fail() -> None:
    house = House()
    await house.ask()
    for _ in range(MOST):
        with pytest.raises(Unauthenticated):
            await house.ask("wrong")

    assert (await house.ask()).actor == "token:ann"
    house.revocations.revoke("a1", until=None, now=house.clock.now())
    with pytest.raises(Unauthenticated, match="revoked"):
        await house.ask()


async def test_who_is_inside_is_put_out_once_when_it_expires() -> None:
    house, calls = House(), []
    house.keeper.watch(await house.ask(), lambda: calls.append(house.clock.now()))
    ends = ANN.expires_at

    house.clock.forward(120)
    house.revocations.revoke("a1", until=None, now=house.clock.now())

    assert calls == [ends]


async def test_who_is_inside_is_put_out_when_it_is_revoked_unless_they_left() -> None:
    house, calls = House(), []
    identity = await house.ask()
    house.keeper.watch(identity, lambda: calls.append("stayed"))
    leave = house.keeper.watch(identity, lambda: calls.append("left"))

    leave()
    house.revocations.revoke("a1", until=None, now=house.clock.now())
    house.clock.forward(120)

    assert calls == ["stayed"]


async def test_what_was_revoked_before_is_put_out_at_once() -> None:
    house, calls = House(), []
    identity = await house.ask()
    house.revocations.revoke("a1", until=None, now=house.clock.now())

    house.keeper.watch(identity, lambda: calls.append("out"))()

    assert calls == ["out"]


async def test_when_an_issuer_is_trusted_no_more_its_people_are_put_out_and_asked_anew() -> None:
    house, calls = House(ANN, CORP), []
    house.keeper.watch(await house.ask(), lambda: calls.append("ann"))
    house.keeper.watch(CORP, lambda: calls.append("bob"))

    house.keeper.reconsider(lambda each: each.proof is not Proof.OIDC)
    await house.ask()

    assert calls == ["bob"]
    assert house.book.asked == ["a1", "a1"]


async def test_a_lapse_puts_out_all_but_what_lasts_and_forgets_tokens() -> None:
    house, calls = House(), list[str]()
    ann = await house.ask()
    house.keeper.watch(ann, lambda: calls.append("stream"))
    house.keeper.watch(ann, lambda: calls.append("session"), lasting=True)

    house.keeper.lapse()
    await house.ask()

    assert calls == ["stream"]
    assert house.book.asked == ["a1", "a1"]
    house.keeper.reconsider(lambda _: False)
    assert calls == ["stream", "session"]


async def test_what_was_found_while_something_else_began_to_be_trusted_is_looked_at_again() -> None:
    house = House()

    async def identity(text: str, *, way: Way, source: str) -> Identity:
        del way, source
        house.book.asked.append(text)
        if len(house.book.asked) > 1:
            raise Denied("the token is of an issuer that is not trusted")
        house.keeper.reconsider(lambda _: True)  # just now
        return ANN

    house.book.identity = identity  # type: ignore[method-assign]

    with pytest.raises(Unauthenticated, match="not trusted"):
        await house.ask()


async def test_one_actor_has_so_much_under_way_and_others_have_their_own() -> None:
    house, bob = House(), Identity(actor="token:bob", way=Way.HTTP, proof=Proof.TOKEN)
    keeper = Doorkeeper(tokens=house.book, revocations=house.revocations, clock=house.clock, each=2)
    leave = [keeper.watch(ANN, lambda: None) for _ in range(2)]

    with pytest.raises(LimitReached, match="2 requests under way"):
        keeper.watch(ANN, lambda: None)
    keeper.watch(bob, lambda: None)
    for _ in range(2):
        leave[0]()
    keeper.watch(ANN, lambda: None)
    with pytest.raises(LimitReached):
        keeper.watch(ANN, lambda: None)


def test_failures_count_for_what_one_asker_can_have() -> None:
    assert place_of("2001:db8:1:2:3::1") == place_of("2001:db8:1:2:ffff::9")
    assert place_of("2001:db8:1:2::1") != place_of("2001:db8:1:3::1")
    assert place_of("192.0.2.1") != place_of("192.0.2.2")
    assert place_of("::ffff:192.0.2.1") != place_of("::ffff:192.0.2.2")
    assert place_of("queue") == "queue"


def test_only_so_many_places_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcctl.auth.tries._PLACES", 2)
    tries = Tries(FakeClock())
    for source in ("192.0.2.1", *("192.0.2.2",) * MOST, *("192.0.2.3",) * MOST):
        tries.note_failure(source)

    tries.insist_on_few("192.0.2.1")
    for source in ("192.0.2.2", "192.0.2.3"):
        with pytest.raises(TooManyTries):
            tries.insist_on_few(source)
