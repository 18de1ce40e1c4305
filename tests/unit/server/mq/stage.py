"""A host behind a broker in memory: an agent that does what a test says, a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from svcctl.app.envelope import Command, Sealed
from svcctl.app.statements import Reply, decode_reply
from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity
from svcctl.auth.revocation import Revocations
from svcctl.auth.sealing import seal
from svcctl.auth.signature import SignerKey
from svcctl.server.mq.errands import Errands
from svcctl.server.mq.happenings import Happenings
from svcctl.server.mq.ledger import Ledger
from svcctl.server.mq.proving import Prover
from svcctl.server.mq.serving import Serving
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Selection
from tests.unit.server.mq.memory import MemoryBroker

# RFC 8032, section 7.1, tests 1 and 2
PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
OTHER = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")

Does = Callable[[str, Selection, Mapping[str, object], Identity, Emit], Awaitable[object]]


class Agent:
    """Answers as a test says; *asked* is what it was asked for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.identities: list[Identity] = []
        self.args: list[Mapping[str, object]] = []
        self.does: Does = _say

    async def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> object:
        self.asked.append(f"{name} {' '.join(selection.names)}".strip())
        self.identities.append(identity)
        self.args.append(args)
        return await self.does(name, selection, args, identity, emit)


async def _say(
    name: str, selection: Selection, args: Mapping[str, object], identity: Identity, emit: Emit
) -> object:
    del args, identity, emit
    return {"verb": name, "names": list(selection.names)}


class Stage:
    """One host, ``web1``, whose front may come and go; *clock* is the test's."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "ledger.db")
        self.clock = FakeClock()
        self.broker, self.agent = MemoryBroker(), Agent()
        self.signers = {"ci": SignerKey(actor="key:ci", public=PUBLIC, roles=("operator",))}
        self.revocations = Revocations(FakeStore())
        self.in_touch: Callable[[], Awaitable[None]] = _at_once
        self.ledger: Ledger | None = None
        self.lost: list[str] = []

    def sealed(
        self,
        verb: str = "restart",
        *names: str,
        id: str = "0123456789abcdef",  # noqa: A002
        host: str = "web1",
        lasts: int = 60,
        private: bytes = PRIVATE,
        key: str = "ci",
        args: Mapping[str, object] | None = None,
    ) -> Sealed:
        """Give a command of Ci's."""
        now = int(self.clock.now())
        command = Command(
            id=id,
            host=host,
            reply="label",
            verb=verb,
            select=Selection(names=names),
            args=args or {},
            issued_at=now,
            expires_at=now + lasts,
        )
        text = command.text()
        return Sealed(command=command, text=text, key=key, signature=seal(text, private))

    @asynccontextmanager
    async def open(self, *, events: bool = False) -> AsyncIterator[Errands]:
        """Serve while the block lasts."""
        clock = self.clock
        async with Ledger(self.path, now=clock.now) as ledger:
            self.ledger = ledger
            prover = Prover(
                "web1",
                signers=lambda: self.signers,
                revocations=self.revocations,
                clock=clock,
                in_touch=self.in_touch,
            )
            errands = Errands(
                "web1",
                answers=self.agent,
                proving=prover,
                ledger=ledger,
                clock=clock,
                chance=lambda: 0.5,
            )
            happenings = Happenings(
                "web1",
                answers=self.agent,
                ledger=ledger,
                source="memory",
                clock=clock,
                chance=lambda: 0.5,
            )
            serving = Serving(
                "web1",
                connect=self.broker.connect,
                errands=errands,
                ledger=ledger,
                clock=clock,
                chance=lambda: 0.5,
                happenings=happenings if events else None,
            )
            task = asyncio.create_task(
                serving.serve(connected=self.broker.note, lost=self.lost.append)
            )
            try:
                yield errands
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def until(self, check: Callable[[], object]) -> None:
        """Come back once *check* gives something true, looked at whenever the broker is told."""
        while not check():
            self.broker.changed.clear()
            await self.broker.changed.wait()

    async def passing(self, check: Callable[[], object]) -> None:
        """The same, while time passes for whoever waits."""
        while not check():
            await asyncio.sleep(0)
            if self.clock.next_at is not None:
                self.clock.forward(max(self.clock.next_at - self.clock.monotonic(), 0.0))

    def replies(self) -> list[Reply]:
        """Give what was told."""
        return [decode_reply(each.decode()) for each in self.broker.replies()]


async def _at_once() -> None:
    """It is known who is trusted."""
