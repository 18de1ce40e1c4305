"""One debugging session: a service, the manager it is led to believe in, and who watches both."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from svcctl.contact import Notice
from svcctl.errors import CannotSpawn, SystemFault
from svcctl.ports import Exit
from svcctl.sdk.crash.restart import RESTART_WANTED
from svcctl.sdk.debug.call import VARIABLE
from svcctl.sdk.debug.exchange import (
    Act,
    Asked,
    Effect,
    Ended,
    Input,
    Launch,
    Notified,
    Refuse,
    Say,
    Send,
    Signal,
    Simulation,
    Started,
    Tone,
    Waited,
)
from svcctl.sdk.debug.level import turn_log
from svcctl.sdk.debug.outcome import Seen
from svcctl.sdk.debug.program import Program
from svcctl.sdk.debug.show import Happening, Show, of_output
from svcctl.sdk.debug.source import mistakes
from svcctl.sdk.debug.switchboard import Switchboard
from svcctl.sdk.phases import Phase

T = TypeVar("T")

_PATIENCE = 10.0  # seconds to stop for a service that nobody watches any more
_REMEMBERED = 10_000  # lines that a script may still expect


class Reports(Protocol):
    """Where the service leaves crash reports."""

    path: str

    def names(self) -> list[str]:
        """Give the names of those there are, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is debugged and how.

    *instance* is its name.  *environ* is that of the service, without what the line adds;
    *by_hand*: no script says what happens next.
    """

    instance: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    simulation: Simulation
    crashes: Reports
    scm: bool = False
    by_hand: bool = True


class Session:
    """What happens from the start of the debugger to its end, one thing after the other.

    To be used within one event loop; every call but :meth:`until` comes back at once.
    """

    def __init__(self, setup: Setup, show: Show) -> None:
        self._setup, self._show = setup, show
        self._sim = setup.simulation
        self._board = Switchboard(self.take)
        self._began = time.monotonic()
        self._program: Program | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._seen = Seen(phase=Phase.STOPPED)
        self._again = False
        self._reports: list[str] = []
        self._unsent: list[str] = []
        self.said: deque[str] = deque(maxlen=_REMEMBERED)
        self.over = asyncio.Event()
        self._quits = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Be there for the service while the block lasts; it does not outlive it."""
        async with self._board.open():
            try:
                yield
            finally:
                await self._end()

    async def _end(self) -> None:
        if self._sim.phase is Phase.STOPPED:
            return
        self.quit()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self.over.wait()
        except TimeoutError:
            self._perform(Signal(name="KILL"))
            await self.over.wait()

    @property
    def seen(self) -> Seen:
        """What is known of the service now."""
        sim = self._sim
        return replace(self._seen, phase=sim.phase, reloads=sim.reloads, asking=sim.asking)

    @property
    def watches(self) -> bool:
        """Whether the manager ends a service that hangs."""
        return self._sim.watches

    async def until(self, check: Callable[[], T | None]) -> T:
        """Give the first answer of *check* that is not None; it is asked after each happening."""
        while (found := check()) is None:
            changed = self._changed
            await changed.wait()
        return found

    # what people, scripts and files ask for

    def ask(self, act: Act, code: int = 0) -> None:
        """Ask the manager for *act*, or do to the service what no manager would."""
        self._seen = replace(self._seen, refused="", moved=False)
        if act not in {Act.CRASH, Act.HANG, Act.KILL, Act.LEVEL}:
            self.take(Asked(act=act, code=code))
        elif self._program is None:
            self._perform(Refuse(problem="it does not run"))
        elif act is Act.LEVEL:
            self._begin(self._turn_log())
        else:
            kill = act is Act.KILL
            self.tell("debug", str(act), "kill -9" if kill else f"told to {act}", tone=Tone.WARN)
            self._perform(Signal(name="KILL") if kill else Send(word=act))

    def quit(self) -> None:
        """Stop the service in order and end; asked once more, kill it."""
        self._again, self._quits = False, self._quits + 1
        if self._sim.phase is Phase.STOPPED:
            self.over.set()
        elif self._quits == 1:
            self._stop()
        else:
            self._perform(Signal(name="KILL"))
        self._tell_change()

    def source_changed(self, files: list[str]) -> None:
        """Start the service anew with its new code; code that cannot be run changes nothing."""
        self.tell("code", "changed", f"changed: {', '.join(files)}", facts={"files": files})
        if self._quits:
            return
        if wrong := mistakes(files):
            stays = "" if self._program is None else "; the service runs on with the code it has"
            for each in wrong:
                self.tell("code", "mistake", f"{each}{stays}", tone=Tone.BAD)
        elif self._sim.phase is Phase.STOPPED:
            self.ask(Act.START)
        elif not self._again:
            self._again = True
            self._stop()

    def _stop(self) -> None:
        """Stop it in order, or kill it where its manager takes no stop just now."""
        if self._sim.phase is Phase.DRAINING:
            return
        self.ask(Act.STOP)
        if self._seen.refused:
            self._perform(Signal(name="KILL"))

    # what happens

    def noticed(self, notice: Notice) -> None:
        """Take what came by sd_notify(3)."""
        self.take(Notified(fields=notice.fields))

    def tell(
        self,
        who: str,
        event: str,
        text: str,
        *,
        tone: Tone = Tone.PLAIN,
        facts: Mapping[str, object] | None = None,
        often: bool = False,
    ) -> None:
        """Show that something happened; *often*: one of many of its kind."""
        self._tell(
            Happening(
                at=self._at(),
                who=who,
                event=event,
                text=text,
                tone=tone,
                facts=facts or {},
                often=often,
            )
        )

    def _at(self) -> float:
        return time.monotonic() - self._began

    def take(self, happened: Input) -> None:
        """Let the manager know, and do what it makes of it."""
        before = self._sim.phase
        at = time.monotonic()
        if isinstance(happened, Waited) and self._sim.due is not None:
            at = max(at, self._sim.due)
        self._sim, effects = self._sim.step(happened, at=at)
        if self._sim.phase is not before:
            self._seen = replace(self._seen, moved=True)
        for each in effects:
            self._perform(each)
        self._set_timer()
        if isinstance(happened, Ended):
            self._after_the_end(happened.exit)
        self._tell_change()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Say(event=event, text=text, tone=tone, facts=facts, often=often):
                self.tell(self._sim.who, event, text, tone=tone, facts=facts, often=often)
            case Refuse(problem=problem, facts=facts):
                self._seen = replace(self._seen, refused=problem)
                text = f"refused: {problem}"
                self.tell(self._sim.who, "refused", text, tone=Tone.WARN, facts=facts)
            case Launch():
                self._unsent = []
                self._begin(self._launch())
            case Send():
                self._board.send(effect)
            case Signal(name=name):
                if self._program:
                    self._program.signal(name)
                else:  # it is being started
                    self._unsent.append(name)

    def _tell(self, happening: Happening) -> None:
        if happening.who != "script":
            self.said.append(happening.text)
        try:
            self._show(happening)
        except OSError:  # nobody looks any more
            self._show = _to_nobody
            self.quit()

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._sim.due is not None:  # the loop's clock is time.monotonic
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._sim.due, self.take, Waited())

    # its process

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _launch(self) -> None:
        self._reports = self._setup.crashes.names()
        self._seen = replace(self._seen, exit=None, crash="", loud=False)
        call = self._board.call(scm=self._setup.scm)
        environ = {**self._setup.environ, VARIABLE: str(call)}
        try:
            self._program = await Program.start(
                self._setup.argv, environ, lines=self._wrote, ended=self._ended
            )
        except CannotSpawn as error:
            self.tell("debug", "failed", error.problem, tone=Tone.BAD)
            self.take(Ended(exit=Exit()))
            return
        self.take(Started(pid=self._program.pid))
        for each in self._unsent:
            self._program.signal(each)

    async def _turn_log(self) -> None:
        up = not self._seen.loud
        try:
            await turn_log(self._setup.instance, up=up, environ=self._setup.environ)
        except SystemFault as error:
            self._perform(Refuse(problem=error.problem))
        else:
            self._seen = replace(self._seen, loud=up)
            text = "it logs from debug on" if up else "it logs as before"
            self.tell("debug", "level", text, facts={"debug": up})
        self._tell_change()

    def _wrote(self, stream: str, line: bytes) -> None:
        self._tell(of_output(stream, line, at=self._at()))
        self._tell_change()

    def _ended(self, ended: Exit) -> None:
        self._program = None
        new = [each for each in self._setup.crashes.names() if each not in self._reports]
        left = new and ended.code != 0  # a start may have told of an earlier fatal signal
        path = os.path.join(self._setup.crashes.path, new[-1]) if left else ""
        self._seen = replace(self._seen, exit=ended, crash=path)
        if path:
            self.tell(
                "debug", "crash", f"crash report: {path}", tone=Tone.BAD, facts={"file": path}
            )
        self.take(Ended(exit=ended))

    def _after_the_end(self, ended: Exit) -> None:
        again, self._again = self._again, False
        if self._quits:
            self.over.set()
        elif again or ended.code == RESTART_WANTED:
            self.ask(Act.START)
        elif self._setup.by_hand:
            text = "it does not run: s starts it, and so does a change of its code; q quits"
            self.tell("debug", "waiting", text, tone=Tone.DIM)


def _to_nobody(_: Happening) -> None:
    """Show nothing."""
