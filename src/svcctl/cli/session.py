"""What every command is given: where the agent is, how to speak, and what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.bootstrap.local import client
from svcctl.cli.output import Screen
from svcctl.client.everywhere import Client
from svcctl.wire import Request, Selection

if TYPE_CHECKING:  # most commands are about this machine
    from svcctl.client.remote import Remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of the command line: results go to *out*, talk goes to *err*.

    *reason* says why, of whatever is changed.  *remote* is whom it is for, None: this machine.
    """

    out: Screen
    err: Screen
    home: str | None = None
    verbose: bool = False
    quiet: bool = False
    reason: str = ""
    remote: Remote | None = None

    def tell(self, text: str) -> None:
        """Say something that is no result, a sentence of ours; silent with ``-q``."""
        if not self.quiet:
            self.err.say(text)

    def client(self, *, timeout: float | None = None) -> Client:
        """Give a client for all services there; it connects when it is asked."""
        if self.remote is None:
            return client(self.home, timeout=timeout)
        from svcctl.bootstrap.hosts import remote_client  # noqa: PLC0415 - see above

        return remote_client(self.remote, self.home, timeout=timeout, tell=self.tell)

    def ask(self, request: Request) -> object:
        """Give the result of one request."""
        with self.client() as client:
            return client.ask(self.explained(request))

    def explained(self, request: Request) -> Request:
        """Give *request* with the reason for it, where there is one and it changes something."""
        verb = find(request.verb)
        if not self.reason or verb is None or verb.effect is Effect.READ:
            return request
        return replace(request, args={"reason": self.reason, **request.args})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A verb as asked for: *args* are for the agent, *options* concern the command line only."""

    verb: str
    selection: Selection = field(default_factory=Selection)
    args: dict[str, object] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)

    def request(self) -> Request:
        """Give the request for the agent."""
        return Request(verb=self.verb, select=self.selection, args=self.args)

    def text(self, name: str) -> str:
        """Give an option that is a text; empty where it was not given."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """Give an option that is a flag."""
        return self.options.get(name) is True


Run = Callable[[Session, Asked], int]
"""Does what was asked and gives the exit status."""
