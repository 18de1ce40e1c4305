"""Puts together what serves one host over a broker, a process of its own without rights."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from svcctl.auth.doorkeeper import Doorkeeper, Shown
from svcctl.auth.identity import Identity, Way
from svcctl.auth.signing_keys import public_text
from svcctl.bootstrap import front as here
from svcctl.bootstrap.confining import Confined, confine, insist_on_account, state_folder
from svcctl.bootstrap.signing import own_key
from svcctl.client.broker import Broker
from svcctl.client.link import Connect as ToAgent
from svcctl.ports import HostPhase
from svcctl.sdk.waiting import first
from svcctl.server.fronting import Front, connecting, fronting
from svcctl.server.mq.errands import Errands
from svcctl.server.mq.happenings import Happenings
from svcctl.server.mq.ledger import Ledger
from svcctl.server.mq.proving import Prover
from svcctl.server.mq.serving import Serving
from svcctl.server.mq.signed import signed
from svcctl.server.mq.transport import Connect

if TYPE_CHECKING:
    from svcctl.bootstrap.local import Paths

_KEY = "host.key"
_LATER = (
    "encodings.idna",  # names of hosts
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization",
    "joserfc.jwk",
    "joserfc.jwt",
    "svcctl.auth.oidc",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How *host* is served over *broker*, to which *connect* connects.

    *ledger* is the file of what was begun and done, *key* that of the key which replies and events
    are signed with, made where there is none.  Empty, each is one of the folder that a front has.
    *user* is whom this process becomes (empty: as :func:`confine` chooses); *trusts_broker*:
    commands with a token are taken too; *events*: what happens is published.
    """

    host: str
    broker: Broker
    connect: Connect
    ledger: str = ""
    key: str = ""
    user: str = ""
    trusts_broker: bool = False
    events: bool = False


class _Tokens:
    """Looks at tokens: bad ones are counted by what they are, as all come from one address."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper

    async def identity(self, text: str, *, way: Way, source: str) -> Identity:
        """See :class:`svcctl.auth.bearer.Bearer`."""
        mark = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
        found = await self._doorkeeper.identify(Shown(bearer=text), way=way, source=mark)
        return replace(found, source=source)


async def serve_queue(
    where: Paths, settings: Settings, *, connected: Callable[[Confined, str], None]
) -> None:
    """Serve the agent of *where* until this process is asked to stop, then drain.

    *connected* is called at the first connection, with what this process has given up and the
    public half of its key.  Raises Conflict where the ledger is in use, StateFault where it is
    unusable, Denied where the agent does not want this front.
    """
    asked, opened, report = asyncio.Event(), asyncio.Event(), here.report()
    ledger = settings.ledger or _in_folder(
        where, settings.user, f"{settings.broker.kind}-{settings.host}.db"
    )
    key = settings.key or _in_folder(where, settings.user, _KEY)
    settings.broker.load()
    _load_everything()
    here.load_everything()
    report.tell(HostPhase.RUNNING, text=str(settings.broker))  # nobody may once it is another
    confined = confine(settings.user)  # while there is one thread
    private = own_key(key)

    def stands(text: str) -> None:
        if not confined.user:
            report.tell(HostPhase.RUNNING, text=text)

    def tell() -> None:
        stands(str(settings.broker))
        if not opened.is_set():
            opened.set()
            connected(confined, public_text(private))

    with here.stop_signals(asked.set):
        async with _serving(
            replace(settings, ledger=ledger), private, connecting(where)
        ) as serving:
            await first(serving.serve(connected=tell, lost=stands), asked.wait())
            report.tell(HostPhase.STOPPING, text="no more commands are taken")


def _load_everything() -> None:
    """Load what is loaded when it is needed: the account to become may read none of it."""
    for name in _LATER:
        importlib.import_module(name)


async def check_queue(settings: Settings) -> None:
    """Connect once and let go again; raises what would keep it from being served.

    What the host needs on the broker is made where it is missing.
    """
    insist_on_account(settings.user)
    async with settings.connect():
        pass


def show_key(where: Paths, *, user: str, key: str) -> str:
    """Give the public half of the key of this host, in the file *key*, made where there is none.

    This process becomes *user* and gives up all rights, so that the file is of who serves.  Raises
    UsageError where the file has no key, or one that others may read.
    """
    kept = key or _in_folder(where, user, _KEY)
    _load_everything()
    confine(user)
    return public_text(own_key(kept))


def _in_folder(where: Paths, user: str, name: str) -> str:
    return str(Path(state_folder(where, user), name))


@asynccontextmanager
async def _serving(settings: Settings, private: bytes, to_agent: ToAgent) -> AsyncIterator[Serving]:
    clock, chance = here.clock(), random.SystemRandom().random
    async with (
        Ledger(settings.ledger, now=clock.now) as ledger,
        fronting(to_agent, clock=clock) as front,
    ):
        errands = Errands(
            settings.host,
            answers=front.link,
            proving=_prover(settings, front),
            ledger=ledger,
            clock=clock,
            chance=chance,
        )
        happenings = Happenings(
            settings.host,
            answers=front.link,
            ledger=ledger,
            source=str(settings.broker),
            clock=clock,
            chance=chance,
        )
        yield Serving(
            settings.host,
            connect=signed(settings.connect, private),
            errands=errands,
            ledger=ledger,
            clock=clock,
            chance=chance,
            happenings=happenings if settings.events else None,
        )


def _prover(settings: Settings, front: Front) -> Prover:
    return Prover(
        settings.host,
        signers=lambda: front.trust.trusted.signers,
        revocations=front.revocations,
        clock=front.clock,
        in_touch=front.trust.insist_on_contact,
        tokens=_Tokens(front.doorkeeper) if settings.trusts_broker else None,
    )
