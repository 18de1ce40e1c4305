"""Asks hosts over a broker: a command is signed, waits for its host, and is done once at most."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from svcctl.app.envelope import Command, Sealed, insist_on_host
from svcctl.app.statements import Reply, decode_reply, decode_statement
from svcctl.auth.sealing import Purpose, seal
from svcctl.client.broker import Broker, Line
from svcctl.client.host_keys import HostKeys
from svcctl.engine.backoff import wait
from svcctl.errors import NotDelivered, TimedOut, Unauthenticated, UsageError
from svcctl.wire import Selection

WAITS = 60.0
"""Seconds a command may wait for its host and be under way, unless said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A private key (32 bytes, Ed25519), and its name in ``[access.signers]``."""

    key: str
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A command that waits for the reply of *host*."""

    host: str
    digest: str
    future: asyncio.Future[Reply]


class Queue:
    """Sends commands over *broker*, signed by *signer* or with a *token*; see :func:`open_queue`.

    Replies are believed where *hosts* has the key they are signed with; without *hosts* each is,
    whoever published it.

    Every method raises NotDelivered where the broker cannot be reached or does not take a command:
    ``again`` says that the same command may be sent once more, and is done once at most however
    often it is.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        signer: Signer | None = None,
        token: str = "",
        hosts: HostKeys | None = None,
    ) -> None:
        if (signer is None) == (not token):
            raise UsageError("a command shows a signature or a token", hint="give one of them")
        self._broker, self._signer, self._token = broker, signer, token
        self._hosts, self._label = hosts, secrets.token_urlsafe(16)
        self._waiting: dict[str, _Asked] = {}
        self._line: Line | None = None
        self._over: NotDelivered | None = None
        self._is_open = asyncio.Event()

    def command(
        self,
        host: str,
        verb: str,
        *names: str,
        args: Mapping[str, object] | None = None,
        select: Selection | None = None,
        within: float = WAITS,
    ) -> Sealed:
        """Make a command; *within* seconds from now *host* begins it no more.

        *select* says which services where *names* are not enough.
        """
        now = int(time.time())
        command = Command(
            id=secrets.token_urlsafe(24),
            host=insist_on_host(host),
            reply=self._label,
            verb=verb,
            select=select or Selection(names=names),
            args=args or {},
            issued_at=now,
            expires_at=now + max(round(within), 1),
        )
        text = command.text()
        if self._signer is None:
            return Sealed(command=command, text=text, token=self._token)
        signature = seal(text, self._signer.private)
        return Sealed(command=command, text=text, key=self._signer.key, signature=signature)

    async def ask(
        self,
        host: str,
        verb: str,
        *names: str,
        args: Mapping[str, object] | None = None,
        select: Selection | None = None,
        within: float = WAITS,
    ) -> object:
        """Give what *verb* gives on *host*; raises what it raises there, TimedOut, NotDelivered.

        Conflict where it is not known whether it was done, Unauthenticated where the reply is not
        that of *host*.
        """
        made = self.command(host, verb, *names, args=args, select=select, within=within)
        return (await self.send_and_wait(made)).value()

    async def send_and_wait(self, sealed: Sealed, *, to: str = "") -> Reply:
        """Send a command, as often as it takes; give what became of it.

        *to* is the host whose queue it is put in, the command's own where it is not said.  Raises
        TimedOut once it has expired without a reply, Unauthenticated where the reply is not proven:
        the host may be doing it still, or have done it.
        """
        tries = 0
        while True:
            try:
                return await self._sent(sealed, to or sealed.command.host)
            except NotDelivered as error:
                if not error.again:
                    raise
                tries += 1
                pause = _pause(tries)
                if self._left(sealed) <= pause:
                    raise
                await asyncio.sleep(pause)

    async def begun(self) -> None:
        """Come back once it is connected; raises NotDelivered where it never will be."""
        await self._is_open.wait()
        if self._over:
            raise self._over

    def end(self, why: NotDelivered) -> None:
        """Have whoever asks from now on, or waits, be told *why* not."""
        self._over = self._over or why
        self._is_open.set()
        self._interrupt(self._over)

    async def serve(self) -> None:
        """Keep a connection until there is no point in it any more; see :func:`open_queue`."""
        tries = 0
        while True:
            try:
                async with self._broker.line(self._label) as line:
                    tries = 0
                    await self._session(line)
            except NotDelivered as error:
                if not error.again:
                    self.end(error)
                    return
            tries += 1
            await asyncio.sleep(_pause(tries))

    def _left(self, sealed: Sealed) -> float:
        return sealed.command.expires_at - time.time()

    async def _sent(self, sealed: Sealed, to: str) -> Reply:
        left = self._left(sealed)
        try:
            async with asyncio.timeout(max(left, 0.0)):
                await self.begun()
                return await self._exchanged(sealed, to)
        except TimeoutError:
            raise TimedOut(
                f"{to!r} did not reply in time",
                hint=f"is it running, and does svcctl serve {self._broker.kind} run there?",
            ) from None

    async def _exchanged(self, sealed: Sealed, to: str) -> Reply:
        id_ = sealed.command.id
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = _Asked(host=to, digest=sealed.digest, future=future)
        try:
            assert self._line is not None  # it has begun
            await self._line.send(sealed, to=to)
            return await future
        finally:
            del self._waiting[id_]

    async def _session(self, line: Line) -> None:
        self._line = line
        self._is_open.set()
        try:
            async for body in line.replies():
                self._take(body)
        finally:
            if not self._over:
                self._is_open.clear()
            self._interrupt(NotDelivered(f"{self._broker} went away before the reply", again=True))

    def _interrupt(self, why: NotDelivered) -> None:
        """Have whoever waits for a reply send again, or be told why that is in vain."""
        for each in self._waiting.values():
            if not each.future.done():
                each.future.set_exception(why)

    def _take(self, body: bytes) -> None:
        try:
            statement = decode_statement(body, Purpose.REPLY)
            reply = decode_reply(statement.text)
        except UsageError:  # others may publish here too
            return
        asked = self._waiting.get(reply.id)
        if asked is None or asked.future.done():
            return
        if (reply.host, reply.digest) != (asked.host, asked.digest):  # it answers something else
            return
        try:
            if self._hosts is not None:
                self._hosts.insist(statement, asked.host)
        except Unauthenticated as error:
            asked.future.set_exception(error)
        else:
            asked.future.set_result(reply)


@asynccontextmanager
async def open_queue(
    broker: Broker,
    *,
    signer: Signer | None = None,
    token: str = "",
    hosts: HostKeys | None = None,
) -> AsyncIterator[Queue]:
    """Give a queue that is connected, and connects again, while the block lasts.

    *hosts* has the keys that replies are to be signed with; without it none is looked at.
    Raises NotDelivered where the broker does not let us in, NotAvailable where its library is not
    installed; a broker that is not there is waited for.
    """
    broker.load()
    queue = Queue(broker, signer=signer, token=token, hosts=hosts)
    serving = asyncio.create_task(queue.serve())
    try:
        await queue.begun()
        yield queue
    finally:
        queue.end(NotDelivered("the queue is closed", hint="ask while the block lasts"))
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def _pause(tries: int) -> float:
    chance = secrets.randbelow(1000) / 1000
    return wait(tries, first=0.2, factor=2, most=5, jitter=0.3, chance=chance)
