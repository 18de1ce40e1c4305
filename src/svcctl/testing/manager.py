"""A manager of services without an outside: what runs, ends and fails, a test decides."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from svcctl.errors import Conflict, UnknownService
from svcctl.ports import Act, Applied, InstanceStatus, Timer
from svcctl.spec import canonical
from svcctl.spec.diff import ChangeKind, diff
from svcctl.spec.native import Recovery, RecoveryStep
from svcctl.spec.service import ServiceSpec, Start
from svcctl.testing.fakes import FakeClock

_ENDING = frozenset(("TERM", "INT", "QUIT", "KILL"))
_UP = frozenset(("starting", "running", "pausing", "paused", "resuming"))


@dataclass(slots=True, kw_only=True)
class FakeService:
    """One service of a :class:`FakeManager`, as a test may look at it."""

    applied: Applied
    spec: ServiceSpec
    enabled: bool
    phase: str = "stopped"
    pid: int | None = None
    restarts: int = 0
    exit_code: int | None = None
    exit_signal: str | None = None
    failures: int = 0
    failed_at: float = 0.0
    due: Timer | None = None
    signals: list[str] = field(default_factory=list)


class FakeManager:
    """Keeps services in memory, as the SCM would; see :class:`svcctl.ports.ServiceManager`.

    Nothing happens before the clock goes forward, if only by 0 seconds: until then a service
    that was told to start is ``starting``, one that was told to stop is ``stopping``.

    A test ends a program by :meth:`end` and kills it by :meth:`crash`.  After a failure the
    service's ``windows.recovery`` holds: the n-th failure leads to the n-th step, the last one
    repeats, and counting begins anew after ``reset`` seconds without failure.  *restart* is
    ``backoff`` for the step's delay, then a start; *run* and *reboot* are noted in *ran* and
    *reboots* and leave it ``failed``, as does *none*.  With ``on_error`` off only a crash is a
    failure to the manager: what ends by itself with an error is ``failed`` and left alone.
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.services: dict[str, FakeService] = {}
        self.ran: list[str] = []
        self.reboots = 0
        self.settled = 0
        self._pids = itertools.count(2001)

    # what there is

    def names(self) -> list[str]:
        """Give the names of all services, sorted."""
        return sorted(self.services)

    def query(self, name: str) -> Applied:
        """Give what was applied."""
        return self.find(name).applied

    def find(self, name: str) -> FakeService:
        """Give the service itself; raises UnknownService."""
        try:
            return self.services[name]
        except KeyError:
            raise UnknownService(f"no service {name!r}") from None

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each of *names* is."""
        return [_status(self.find(name)) for name in names]

    async def settle(self) -> None:
        """Count how often changes were to survive a power failure."""
        self.settled += 1

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give one act, unless the definition is the same."""
        known = self.services.get(applied.name)
        before = canonical.text(known.applied.spec) if known else None
        wanted = canonical.text(applied.spec)
        if wanted == before:
            return ()
        return (Act(kind="set", target=f"service {applied.name}", text=wanted, before=before),)

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give one act."""
        before = canonical.text(self.find(name).applied.spec)
        return (Act(kind="delete", target=f"service {name}", before=before),)

    async def install(self, applied: Applied) -> None:
        """Take a new service; it is not started."""
        if applied.name in self.services:
            raise Conflict(f"service {applied.name!r} is there already")
        spec = canonical.parse(applied.spec)
        self.services[applied.name] = FakeService(
            applied=applied, spec=spec, enabled=spec.start in {Start.AUTO, Start.DELAYED}
        )

    async def uninstall(self, name: str) -> None:
        """Forget a service; raises Conflict while it runs."""
        service = self.find(name)
        if service.phase in _UP or service.phase == "stopping":
            raise Conflict(f"service {name!r} still runs", hint=f"svcctl stop {name}")
        self._expect(service, None)
        del self.services[name]

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; what runs is restarted by whoever asked."""
        service = self.find(applied.name)
        new = canonical.parse(applied.spec)
        change = diff(service.spec, new)
        if new.start is not service.spec.start:
            service.enabled = new.start in {Start.AUTO, Start.DELAYED}
        service.applied, service.spec = applied, new
        return "unchanged" if change.kind is ChangeKind.UNCHANGED else "updated"

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer."""
        self.find(name).enabled = enabled

    # verbs

    def start(self, name: str) -> None:
        """Start it; what runs goes on."""
        service = self.find(name)
        if service.spec.start is Start.DISABLED:
            raise Conflict(f"service {name!r} is disabled by its definition")
        if service.phase in _UP:
            return
        service.phase, service.pid = "starting", next(self._pids)
        self._expect(service, lambda: self._arrive(service, "running"))

    def stop(self, name: str) -> None:
        """Stop it; what is stopped stays so."""
        service = self.find(name)
        if service.phase not in _UP:
            self._expect(service, None)
            self._arrive(service, "stopped")
            return
        service.phase = "stopping"
        self._expect(service, lambda: self._arrive(service, "stopped"))

    def restart(self, name: str) -> None:
        """Stop it and start it again."""
        service = self.find(name)
        if service.phase not in _UP:
            self.start(name)
            return
        service.phase = "stopping"

        def again() -> None:
            self._arrive(service, "stopped")
            self.start(name)

        self._expect(service, again)

    def pause(self, name: str) -> None:
        """Freeze it."""
        self._turn(name, "running", "pausing", "paused")

    def resume(self, name: str) -> None:
        """Let it go on."""
        self._turn(name, "paused", "resuming", "running")

    def reload(self, name: str) -> None:
        """Do nothing but insist that it runs."""
        service = self.find(name)
        if service.phase != "running":
            raise Conflict(f"service {name!r} is {service.phase}")

    def reset(self, name: str) -> None:
        """Forget its failures."""
        service = self.find(name)
        service.failures = 0
        if service.phase == "failed":
            service.phase = "stopped"

    def signal(self, name: str, signal: str) -> None:
        """Note the signal; some of them end the program."""
        service = self.find(name)
        if service.pid is None:
            raise Conflict(f"service {name!r} does not run", hint=f"svcctl start {name}")
        service.signals.append(signal)
        if signal in _ENDING:
            self._expect(service, lambda: self._fail(service, signal=signal, crashed=True))

    # what a test does to services

    def end(self, name: str, code: int) -> None:
        """End the program by itself; 0 is success."""
        service = self.find(name)
        if code == 0:
            self._arrive(service, "stopped")
            service.exit_code = 0
        else:
            self._fail(service, code=code, crashed=False)

    def crash(self, name: str) -> None:
        """Kill it: it ends without a word."""
        self._fail(self.find(name), signal="KILL", crashed=True)

    # what follows

    def _turn(self, name: str, before: str, meanwhile: str, after: str) -> None:
        service = self.find(name)
        if service.phase != before:
            raise Conflict(f"service {name!r} is {service.phase}")
        service.phase = meanwhile
        self._expect(service, lambda: self._arrive(service, after))

    def _arrive(self, service: FakeService, phase: str) -> None:
        service.phase = phase
        if phase == "stopped":
            service.pid = None

    def _fail(
        self,
        service: FakeService,
        *,
        code: int | None = None,
        signal: str | None = None,
        crashed: bool,
    ) -> None:
        recovery, now = service.spec.windows.recovery, self.clock.monotonic()
        service.pid, service.exit_code, service.exit_signal = None, code, signal
        service.phase = "failed"
        self._expect(service, None)
        if not crashed and not recovery.on_error:
            return
        if now - service.failed_at > recovery.reset:
            service.failures = 0
        service.failures, service.failed_at = service.failures + 1, now
        if recovery.steps:
            last = len(recovery.steps)
            self._recover(service, recovery.steps[min(service.failures, last) - 1])

    def _recover(self, service: FakeService, step: RecoveryStep) -> None:
        match step.do:
            case Recovery.RESTART:
                service.phase = "backoff"
                service.due = self.clock.later(step.delay, lambda: self._start_again(service))
            case Recovery.RUN:
                self.ran.append(service.spec.windows.recovery.command)
            case Recovery.REBOOT:
                self.reboots += 1
            case Recovery.NONE:
                return

    def _start_again(self, service: FakeService) -> None:
        service.restarts += 1
        self.start(service.applied.name)

    def _expect(self, service: FakeService, call: Callable[[], None] | None) -> None:
        """Have *call* made as soon as the clock moves, instead of whatever was expected."""
        if service.due:
            service.due.cancel()
        service.due = self.clock.later(0.0, call) if call else None


def _status(service: FakeService) -> InstanceStatus:
    spec = service.spec
    return InstanceStatus(
        service=spec.name,
        instance=spec.name,
        phase=service.phase,
        ready=service.phase == "running",
        live=None,
        pid=service.pid,
        started_at=None,
        restarts=service.restarts,
        exit_code=service.exit_code,
        exit_signal=service.exit_signal,
        manager="fake",
        spec_revision=service.applied.revision,
        applied=True,
        enabled=service.enabled,
        cpu=None,
        memory_bytes=None,
        processes=None,
        reason="",
        status_text="",
        next_at=None,
        groups=tuple(spec.groups),
        labels=dict(spec.labels),
        description=spec.description,
    )
