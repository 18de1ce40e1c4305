"""The other 170 ways, by apprise: Slack, Teams, Telegram, SMS gateways and so on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from svcctl.alert.channel import ROBOTS, Rate
from svcctl.alert.channels.thread import in_thread
from svcctl.alert.wording import Message
from svcctl.errors import NotDelivered, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprise:
    """Whatever the *urls* of https://github.com/caronc/apprise/wiki lead to: ``slack://...``.

    Delivery is known as far as apprise knows it: some services refuse with a status of 200.
    """

    urls: tuple[str, ...] = field(repr=False)
    rate: Rate = ROBOTS

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        try:
            import apprise  # noqa: PLC0415 - 120 ms, for those who use it
        except ImportError as error:
            raise UsageError(
                "this channel needs the package 'apprise'",
                hint="install it: pip install 'svcctl[alert]'",
            ) from error
        caller = apprise.Apprise()
        if not all(caller.add(each) for each in self.urls):
            raise NotDelivered(
                "apprise knows no way for one of the addresses",
                hint="see https://github.com/caronc/apprise/wiki",
                again=False,
            )
        taken = await in_thread(partial(caller.notify, body=message.text, title=message.title))
        if not taken:
            raise NotDelivered(
                "one of the services did not take it", hint="it is tried again", again=True
            )
