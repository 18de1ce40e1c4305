"""What a front refuses is written down, and a stranger cannot have that go on without end."""

from __future__ import annotations

from svcctl.auth.identity import Identity, Proof, Way, unknown
from svcctl.errors import AgentUnreachable, Denied, SvcctlError, Unauthenticated
from svcctl.server.refusals import ALL, EACH, WINDOW, Refusals
from svcctl.testing.fakes import FakeClock
from svcctl.wire import Selection

WEB = Selection(names=("web",))
ANN = Identity(actor="token:ann", way=Way.HTTP, proof=Proof.TOKEN, source="10.0.0.7")


class Log:
    """Keeps what is written down, or cannot be reached."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str]] = []
        self.errors: list[SvcctlError] = []
        self.is_away = False

    async def note_refusal(
        self, verb: str, *, selection: Selection, identity: Identity, error: SvcctlError
    ) -> None:
        if self.is_away:
            raise AgentUnreachable("nobody answers")
        self.rows.append((verb, " ".join(selection.names), identity.actor))
        self.errors.append(error)


class Front:
    """Refuses as often as it is told to."""

    def __init__(self) -> None:
        self.clock, self.log = FakeClock(), Log()
        self._refusals = Refusals(self.log, clock=self.clock)

    async def refuses(self, identity: Identity, times: int = 1) -> None:
        for _ in range(times):
            error = Denied("a page of another site asks for this", hint="open it itself")
            await self._refusals.note(error, verb="stop", selection=WEB, identity=identity)


def stranger(address: str) -> Identity:
    return unknown(Way.HTTP, source=address)


async def test_what_is_refused_is_written_down_with_its_kind_and_why() -> None:
    front = Front()

    await front.refuses(ANN)

    assert front.log.rows == [("stop", "web", "token:ann")]
    (error,) = front.log.errors
    assert (error.code, error.problem) == (Denied.code, "a page of another site asks for this")


async def test_a_stranger_has_so_many_written_down_and_others_theirs_all_the_same() -> None:
    front = Front()

    await front.refuses(stranger("10.0.0.9"), EACH + 30)
    await front.refuses(ANN)

    actors = [actor for _, _, actor in front.log.rows]
    assert actors == ["unknown"] * EACH + ["token:ann"]


async def test_who_has_a_whole_network_is_one_stranger() -> None:
    front = Front()

    for number in range(EACH + 5):
        await front.refuses(stranger(f"2001:db8::{number:x}"))

    assert len(front.log.rows) == EACH


async def test_many_strangers_together_have_an_end_too() -> None:
    front = Front()

    for number in range(ALL + 50):
        await front.refuses(stranger(f"10.0.{number // 250}.{number % 250}"))

    assert len(front.log.rows) == ALL


async def test_what_was_left_out_is_told_with_the_next_that_is_not() -> None:
    front = Front()
    await front.refuses(stranger("10.0.0.9"), EACH + 3)
    front.clock.forward(WINDOW)

    await front.refuses(stranger("10.0.0.9"), 2)

    told = [each.problem for each in front.log.errors[EACH:]]
    assert told[0].endswith("; 3 more refusals were not written down")
    assert "more" not in told[1]


async def test_an_agent_that_is_away_keeps_nobody_from_being_refused() -> None:
    front = Front()
    front.log.is_away = True

    await front.refuses(ANN)
    front.log.is_away = False
    await front.refuses(ANN)

    assert len(front.log.rows) == 1


async def test_a_refusal_of_who_is_not_known_stays_one() -> None:
    log, clock = Log(), FakeClock()
    error = Unauthenticated("this token has expired")

    await Refusals(log, clock=clock).note(
        error, verb="stop", selection=WEB, identity=stranger("10.0.0.9")
    )

    assert isinstance(log.errors[0], Unauthenticated)
