"""What every command is given: where the agent is, how to speak, and what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.bootstrap.local import client
from svcctl.cli.output import Screen
from svcctl.client.everywhere import Everywhere
from svcctl.wire import Request, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of the command line: results go to *out*, talk goes to *err*.

    *reason* says why, of whatever is changed.
    """

    out: Screen
    err: Screen
    home: str | None = None
    verbose: bool = False
    quiet: bool = False
    reason: str = ""

    def tell(self, text: str) -> None:
        """Say something that is no result; silent with ``-q``."""
        if not self.quiet:
            self.err.line(text)

    def client(self, *, timeout: float | None = None) -> Everywhere:
        """Give a client for all services; it connects when it is asked."""
        return client(self.home, timeout=timeout)

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
