"""What becomes of services, and of what they write, when their manager is killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence

from bench import proc
from bench.manager import Manager, Remembering
from bench.reading import Figure, Unit, Value
from bench.session import Load, Session, Stage, quiet, session, until
from bench.stamps import Stamp
from bench.tally import tally

_GONE, _LATER = "gone", "later"  # services that end, with status 7
_GROWN_UP = 2.0  # seconds
_EVERY_US = 1000  # a line each millisecond
_TICKING = tuple(
    Load(name=f"t{number}", mode="tick", args=(str(_EVERY_US),)) for number in range(5)
)
_ALONE = 1.0  # seconds without a manager
_WITHIN = 60.0  # seconds


def of(count: int, *, after: float) -> Figure:
    """Give the figure for *count* services besides those that write and end.

    A new manager has *after* seconds to start what runs already.
    """

    def measure(stage: Stage, manager: Manager) -> Iterator[Value]:
        loads = [*quiet(count), *_TICKING, Load(name=_GONE), Load(name=_LATER)]
        with session(stage, loads) as opened:
            yield from _kill(opened, manager, after)

    return Figure(
        name="kill9",
        tables={
            "kill9": f"kill -9 of the manager of {count} quiet services and {len(_TICKING)} that "
            "write a line each millisecond; a second later it is started again"
        },
        measure=measure,
    )


def _kill(opened: Session, manager: Manager, after: float) -> Iterator[Value]:
    _, started = opened.begin(manager)
    ending = {stamp.name: stamp for stamp in started if stamp.name in {_GONE, _LATER}}
    before = [stamp for stamp in started if stamp.name not in ending]
    opened.stamps.more(within=_GROWN_UP)
    opened.kill_heart(manager)
    _fail(ending[_GONE])
    again = opened.stamps.more(within=_ALONE)
    yield _count("died", sum(not proc.alive(stamp.pid) for stamp in before))
    command, at = opened.launch(manager)
    if manager.traits.daemonizes:  # to ask it earlier would start a second one
        until(lambda: not proc.alive(command), what="it is a daemon", within=_WITHIN)
    yield _value("the new manager's status names all", (_in_charge(opened, manager) - at) / 1e6)
    again += opened.stamps.more(within=after)
    again = [stamp for stamp in again if stamp.name not in ending]
    yield _count("started again", len(again))
    yield _count("run twice", _doubles(before, again))
    if manager.traits.captures:
        yield from _lines(opened, manager, before)
    if isinstance(manager, Remembering):
        _fail(ending[_LATER])
        opened.stamps.more(within=1.0)
        yield _unknown("died without a manager", opened, manager, _GONE)
        yield _unknown("died under the new one", opened, manager, _LATER)


def _in_charge(opened: Session, manager: Manager) -> int:
    """Ask until all services are named; give the monotonic nanosecond after that answer."""
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        ran = opened.run(manager, manager.status(opened.site))
        if all(each.name in ran.output for each in opened.site.services):
            return ran.ended
    raise TimeoutError("its status never named all services")


def _doubles(before: Sequence[Stamp], again: Sequence[Stamp]) -> int:
    running = [each.name for each in [*before, *again] if proc.alive(each.pid)]
    return len(running) - len(set(running))


def _lines(opened: Session, manager: Manager, before: Sequence[Stamp]) -> Iterator[Value]:
    """Compare what the writers that live on have written with what is in files.

    A writer that died cannot be asked how much it had written: it is counted instead.
    """
    writers = [each for each in before if each.name.startswith("t") and proc.alive(each.pid)]
    for each in writers:
        os.kill(each.pid, signal.SIGUSR1)
    counted = opened.stamps.take(len(writers), within=_WITHIN, what="counted")
    opened.stamps.more(within=1.0)  # the last lines reach their files
    lost = doubled = torn = 0
    for each in counted:
        files = [path.read_bytes() for path in manager.logs(opened.site, each.name)]
        found = tally(files, written=each.lines, pid=each.pid)
        lost, doubled, torn = lost + found.lost, doubled + found.doubled, torn + found.torn
    if writers:
        yield _value("lines lost", lost, Unit.LINES)
        yield _value("lines doubled", doubled, Unit.LINES)
        yield _value("lines cut in two", torn, Unit.LINES)
    yield _count("writers that died", len(_TICKING) - len(writers))


def _fail(service: Stamp) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(service.pid, signal.SIGUSR2)


def _unknown(how: str, opened: Session, manager: Remembering, name: str) -> Value:
    told = opened.run(manager, manager.deaths(opened.site, name)).output
    return _count(f"exit status unknown, {how}", int(not re.search(r"code\W+7\b", told)))


def _count(case: str, number: int) -> Value:
    return _value(case, number, Unit.SERVICES)


def _value(case: str, number: float, unit: Unit = Unit.MS) -> Value:
    return Value(figure="kill9", case=case, number=number, unit=unit)
