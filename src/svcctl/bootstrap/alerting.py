"""Puts together what tells people: the only place that knows every kind of channel."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from svcctl.alert.channel import FEISHU_ROBOTS, MAIL_SERVERS, MANY, ROBOTS, Channel, Rate
from svcctl.alert.channels.chat import DingTalk, Feishu, WeCom
from svcctl.alert.channels.mail import Mail
from svcctl.alert.channels.many import Apprise
from svcctl.alert.channels.webhook import Alertmanager, Webhook
from svcctl.alert.outbox import Way
from svcctl.alert.wording import Message
from svcctl.app.alerting.telling import Place, Telling
from svcctl.app.natives import Natives
from svcctl.engine.credentials import resolve
from svcctl.engine.manager import AgentManager
from svcctl.engine.schedule import LocalTime
from svcctl.errors import CannotSpawn, NotDelivered, SvcctlError
from svcctl.ports import Clock
from svcctl.spec.alerting import AlertingSpec, ChannelKind, ChannelSpec

_RATES: Mapping[ChannelKind, Rate] = {
    ChannelKind.WECOM: ROBOTS,
    ChannelKind.DINGTALK: ROBOTS,
    ChannelKind.FEISHU: FEISHU_ROBOTS,
    ChannelKind.MAIL: MAIL_SERVERS,
    ChannelKind.WEBHOOK: MANY,
    ChannelKind.ALERTMANAGER: MANY,
    ChannelKind.APPRISE: ROBOTS,
}

Read = Callable[[str], str]
"""Gives what a reference leads to; an address that is none is given back."""


def telling(spec: AlertingSpec, *, manager: AgentManager, natives: Natives) -> Telling:
    """Give what tells people of the services that *manager* keeps, and of *natives*."""
    world = manager.world
    place = Place(
        clock=world.clock,
        bus=world.bus,
        store=world.store,
        natives=natives.bus,
        services=lambda: {**natives.specs, **manager.specs},
        standing=lambda: [
            *natives.standing,
            *(manager.glance(each) for name in manager.names() for each in manager.keepers(name)),
        ],
        unseen=lambda: natives.unseen,
        ways=partial(ways, clock=world.clock, environ=world.environ),
        zone=LocalTime(),
        host=socket.gethostname(),
    )
    return Telling(spec, place)


def ways(spec: AlertingSpec, *, clock: Clock, environ: Mapping[str, str]) -> dict[str, Way]:
    """Give the channels of *spec*; what is secret is read whenever one is used, and not kept."""
    return {
        name: Way(
            name=name,
            channel=Configured(name=name, spec=each, clock=clock, environ=environ),
            language=each.language or spec.language,
            fallback=each.fallback,
            patience=each.patience,
        )
        for name, each in spec.channels.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A channel as *spec* has it, without its secrets until it sends."""

    name: str
    spec: ChannelSpec
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)  # secrets may be in it

    @property
    def rate(self) -> Rate:
        """How many messages it takes."""
        return _RATES[self.spec.kind]

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`; what cannot be read now is tried again.

        So is what fails in no way a channel should: it must not keep others from being told.
        Of that no more is said than its kind, as its text may hold a secret.
        """
        try:
            await channel_of(self.spec, clock=self.clock, read=self.read).send(message)
        except CannotSpawn as error:
            raise NotDelivered(error.problem, hint="it is tried again", again=True) from error
        except SvcctlError:
            raise
        except Exception as error:
            problem = f"channel {self.name!r} cannot be used: {type(error).__name__}"
            hint = "check its address, password and headers"
            raise NotDelivered(problem, hint=hint, again=True) from error

    def read(self, reference: str) -> str:
        """Give what *reference* leads to; an address is given back.  Raises CannotSpawn."""
        if "://" in reference:
            return reference
        name = f"alerting.channels.{self.name}"
        return resolve(name, reference, self.environ).text(name).strip()


def channel_of(spec: ChannelSpec, *, clock: Clock, read: Read) -> Channel:
    """Give the channel that *spec* describes, with its secrets."""
    secret = read(spec.secret) if spec.secret else ""
    match spec.kind:
        case ChannelKind.WECOM:
            return WeCom(url=read(spec.url), mention=spec.mention)
        case ChannelKind.DINGTALK:
            url = read(spec.url)
            return DingTalk(url=url, secret=secret, mention=spec.mention, clock=clock)
        case ChannelKind.FEISHU:
            return Feishu(url=read(spec.url), secret=secret, clock=clock)
        case ChannelKind.MAIL:
            return _mail(spec, clock=clock, read=read)
        case ChannelKind.WEBHOOK:
            return Webhook(url=read(spec.url), headers=_headers(spec, read))
        case ChannelKind.ALERTMANAGER:
            return Alertmanager(url=read(spec.url), headers=_headers(spec, read))
        case ChannelKind.APPRISE:
            return Apprise(urls=tuple(map(read, spec.urls)))


def _mail(spec: ChannelSpec, *, clock: Clock, read: Read) -> Mail:
    return Mail(
        host=spec.host,
        port=spec.port,
        security=spec.security.value,
        user=spec.user,
        password=read(spec.password) if spec.password else "",
        sender=spec.sender,
        to=spec.to,
        clock=clock,
    )


def _headers(spec: ChannelSpec, read: Read) -> dict[str, str]:
    return {name: read(each) for name, each in spec.headers.items()}
