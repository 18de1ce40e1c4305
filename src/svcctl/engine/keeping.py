"""What the parts of a keeper know of it: one port, so that they do not know the keeper itself."""

from __future__ import annotations

from typing import Protocol, TypedDict

from svcctl.engine.journal import Entry
from svcctl.engine.life import Ending, Instance, Told
from svcctl.engine.world import World
from svcctl.ports import Exit, LogSink, Member, Usage
from svcctl.spec.service import ServiceSpec


class Occasion(TypedDict):
    """What every event of an instance tells: when, of which service, of which instance."""

    at: float
    service: str
    instance: str


class Keeping(Protocol):
    """One kept instance, as its program and its vitals see it."""

    spec: ServiceSpec
    entry: Entry
    number: int
    name: str
    sink: LogSink

    @property
    def state(self) -> Instance:
        """What the machine remembers."""

    @property
    def world(self) -> World:
        """The outside."""

    def occasion(self) -> Occasion:
        """Give what an event that happens to the instance now begins with."""

    @property
    def forks(self) -> bool:
        """The program puts itself into the background, and has not done so yet."""

    @property
    def sweeps(self) -> bool:
        """Whatever the main process leaves behind is killed."""

    def tell(
        self,
        kind: Told,
        *,
        ending: Ending = Ending.OK,
        leftover: bool = False,
        permanent: bool = False,
        reason: str = "",
    ) -> None:
        """Hand in what happened."""

    def extend(self, seconds: float) -> None:
        """Give the program at least *seconds* more, if it is being waited for."""

    def exited(self, end: Exit, *, leftover: bool) -> None:
        """The main process ended."""

    def swept(self, killed: tuple[Member, ...]) -> None:
        """The tree is empty."""

    def report_killed(self, killed: tuple[Member, ...]) -> None:
        """Say which processes had to be killed."""

    def follow_main(self, pid: int) -> bool:
        """Take *pid* as the main process from now on; False where there is no such process."""

    def notify_environment(self) -> dict[str, str]:
        """Give the variables by which the program can say how it is."""

    async def check(self, argv: tuple[str, ...], *, limit: float) -> str:
        """Run a probe's command; give what went wrong, or an empty text."""

    async def ask_checks(self, group: str, *, limit: float) -> str:
        """Have the program look at checks of its own; give which fail, or an empty text."""

    def trusts(self, uid: int) -> bool:
        """Say whether a process of that user may speak for the program."""

    def found_at(self, address: str) -> None:
        """The program takes requests at *address*."""

    def usage(self) -> Usage | None:
        """Measure the program, if there is one."""
