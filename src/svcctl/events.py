"""Facts, in the past tense: the engine states them, observers only read them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to *instance* of *service* at *at* (seconds since 1970, UTC).

    *service* and *instance* are empty for what happened to the agent itself.
    """

    at: float
    service: str = ""
    instance: str = ""

    def fields(self) -> dict[str, object]:
        """Give what is special to this kind of event, by name."""
        common = {"at", "service", "instance"}
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name not in common
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged(Event):
    """The instance went from one phase to another."""

    old: str
    new: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSpawned(Event):
    """A program was started."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceExited(Event):
    """The main process ended; *code* or *signal* is None where it does not apply or is unknown."""

    pid: int
    code: int | None
    signal: str | None
    uptime: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceAdopted(Event):
    """A new agent found the program running and carries on with it."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFound(Event):
    """A new agent found a program of its own that the journal does not know of.

    It carries on with it, at once or when the service is defined again, and ends what the
    definition has no place for.
    """

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeKilled(Event):
    """Processes that had not ended by themselves were killed; each as ``pid name``."""

    killed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailed(Event):
    """A probe's verdict turned bad."""

    probe: str
    purpose: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePassed(Event):
    """A probe's verdict turned good."""

    probe: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported(Event):
    """The program said what it is doing (sd_notify STATUS)."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookFailed(Event):
    """A hook, reload or stop command did not succeed."""

    hook: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryExceeded(Event):
    """The soft memory limit was exceeded, three samples in a row."""

    memory_bytes: int
    limit_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitNotEnforced(Event):
    """A limit could not be set on this machine; the service runs without it."""

    limit: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadDone(Event):
    """The program was told to reload, and did as far as can be seen."""

    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSkipped(Event):
    """A scheduled run was due while the last one still ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePaused(Event):
    """Output could not be written; the program is kept waiting, nothing is lost."""

    stream: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureResumed(Event):
    """Output is written again."""

    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFailed(Event):
    """A log that others keep cannot be read; it is tried again and again."""

    watch: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRecovered(Event):
    """A log that others keep can be read again, from where it was left."""

    watch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecApplied(Event):
    """A definition was taken over: created, changed or removed."""

    change: str
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStarted(Event):
    """An agent began its work."""

    pid: int
    adopted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLost(Event):
    """The agent before this one, *pid*, never ended: it was killed or crashed.

    *rebooted*: it went down with the machine.
    """

    pid: int
    rebooted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReplaced(Event):
    """The state was unusable: it lies aside, and what could be read of it was taken over."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashSeen(Event):
    """A service written with the SDK met an error that it did not handle.

    *where* says in what (``run``, ``job sync``, ``thread reader``), *kind* is the error's class;
    *fingerprint* is the same for the same fault, *file* the report (empty: it could not be
    written), *repeats* how often the fault was seen since its last report without one of its own.
    """

    where: str
    kind: str
    problem: str
    fingerprint: str
    file: str
    repeats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingMade(Event):
    """A detector or a rule concluded that something is not as it should be.

    *kind* is what it found (``burst``, ``leak``, ``rule``), *subject* what it is about, *pattern*
    the same when the same is found again, *since* in seconds since 1970, *score* from 0 (a guess)
    to 1 (sure), *explanation* a sentence, *samples* lines that show it.  *priority* is ``P0``,
    ``P1`` or ``P2`` where whoever wrote the rule chose one, *action* what the rule asks for
    besides that people are told: empty, a verb or ``run:NAME``.  *seen_in* is the instance it was
    found in where it was found in one, *exhausted_at* (seconds since 1970) when what leaks will be
    used up, where that is known.
    """

    kind: str
    subject: str
    pattern: str
    observed: str
    expected: str
    since: float
    score: float
    explanation: str
    samples: tuple[str, ...] = ()
    priority: str = ""
    action: str = ""
    seen_in: str = ""
    exhausted_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingEnded(Event):
    """What was found under *pattern* is as it should be again."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRejected(Event):
    """Somebody (*who*) called what is found under *pattern* a false alarm."""

    pattern: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingBegun(Event):
    """The healer is about to do *deed* (``restart``, ``run:NAME``) because of *why*.

    *number* is the same until it is over, *by* says what asked for it: ``heal[0]``, a rule.
    """

    number: int
    deed: str
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingDone(Event):
    """What the healer did is over; *took* is in seconds.

    *outcome* is ``done``, ``failed`` or ``unknown`` (the agent ended meanwhile), *problem* empty
    where it is done.
    """

    number: int
    deed: str
    outcome: str
    problem: str
    took: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HealingHeld(Event):
    """The healer does not do *deed* about *why*: not now, or, where *until* is None, not as it is.

    Told once for each *reason*, which is one word, explained in *problem*; *until* is in seconds
    since 1970.
    """

    deed: str
    why: str
    by: str
    reason: str
    problem: str
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Event):
    """Something began that people are told of; *fingerprint* is the same whenever it comes."""

    alert: str
    priority: str
    summary: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged(Event):
    """Somebody (*who*) takes care of an alert; *why* is what they said."""

    alert: str
    fingerprint: str
    who: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEnded(Event):
    """What people were told of is over; it *lasted* so many seconds."""

    alert: str
    priority: str
    summary: str
    fingerprint: str
    lasted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTold(Event):
    """A channel took a notice, at the *tries*-th try."""

    channel: str
    title: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertUndelivered(Event):
    """A channel did not take a notice, which is not tried any more."""

    channel: str
    problem: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingFailed(Event):
    """A receiver of logs does not take them; they wait, and it is tried again."""

    receiver: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingRecovered(Event):
    """A receiver of logs takes them again; it *lasted* so many seconds."""

    receiver: str
    lasted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStopped(Event):
    """An agent ended in order."""

    left_running: int


def kinds() -> tuple[type[Event], ...]:
    """Give every kind of event: what the event reference is generated from."""
    by_name = {each.__name__: each for each in Event.__subclasses__()}
    return tuple(by_name.values())  # slots=True makes a second class of each; the last is the one
