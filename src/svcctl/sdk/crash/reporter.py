"""Writes down what nobody handled, so that it can be understood later: see :class:`Reporter`."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.events import CrashSeen
from svcctl.ports import Clock, Document, Subscriber
from svcctl.sdk.crash.circumstances import circumstances
from svcctl.sdk.crash.document import (
    Subject,
    report_document,
    shown_lines,
    shown_message,
    stamp_of,
)
from svcctl.sdk.crash.folder import CrashFolder, report_name
from svcctl.sdk.crash.problem import (
    Problem,
    fingerprint_of,
    leaves,
    problems_of,
    secrets_in,
    the_error,
)
from svcctl.sdk.redaction import secret_values, shown_document, shown_value, without_known

if TYPE_CHECKING:
    import asyncio

_REPORT = "__svcctl_report__"
"""Where an error carries the path of its report, so that it has one only, whoever sees it next."""

_SAME_AGAIN = 1.0  # seconds in which the same fault is counted, not written down
_MOST_FAULTS = 500  # that are remembered for it

# Ways to end that are no fault.
_ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit)


def _nothing() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a report tells besides the error; each is asked when something crashed, in its thread.

    *last_lines* gives the end of the log, *checkpoint* what the service last saved of itself,
    *secrets* texts that must not stand in any report.  They should not wait for locks: the crash
    may have happened inside one.  An error in them is told in the report.
    """

    last_lines: Callable[[], Iterable[str]] = _nothing
    checkpoint: Callable[[], object] = _nothing
    secrets: Callable[[], Iterable[str]] = _nothing


class Reporter:
    """Writes a file for each crash and publishes a CrashSeen; never raises into the program.

    *publish* is called from the thread that crashed.  A fault seen again within a second is only
    counted.  Where a report cannot be written (the disk is full) that is told on stderr, once, and
    the event is published all the same.
    """

    def __init__(
        self,
        folder: CrashFolder,
        subject: Subject,
        *,
        clock: Clock,
        publish: Subscriber,
        evidence: Evidence | None = None,
    ) -> None:
        self.folder, self.subject = folder, subject
        self.loop: asyncio.AbstractEventLoop | None = None
        self.clock = clock
        self._publish, self._evidence = publish, evidence or Evidence()
        self._began = clock.monotonic()
        self._lock = threading.RLock()
        self._is_busy = self._was_told = False
        self._numbers = itertools.count(1)
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def report(self, error: BaseException, *, where: str) -> str:
        """Write down *error*, which happened in *where*; give the path of the report.

        It is empty where there is none: it is being counted, could not be written, or *error* is
        no fault but a way to end.  An error that was reported already gives the path of then.
        """
        if all(isinstance(each, _ENDINGS) for each in leaves(error)):
            return ""
        return self._safely(lambda: self._report(error, where))

    def report_problems(
        self, problems: tuple[Problem, ...], *, where: str, at: float, more: Document
    ) -> str:
        """Write down what is known of a crash only from what it left; give the path, as above."""
        return self._safely(lambda: self._write(problems, where=where, at=at, more=more))

    @contextmanager
    def reporting(self, where: str) -> Iterator[None]:
        """Report what is raised in the block, and let it pass: for ``run``, a job, an import."""
        try:
            yield
        except (Exception, BaseExceptionGroup) as error:
            self.report(error, where=where)
            raise

    def _safely(self, work: Callable[[], str]) -> str:
        """Do *work*, alone; what goes wrong is told on stderr."""
        with self._lock:
            if self._is_busy:  # a finalizer failed, or the evidence, while this thread reports
                return ""
            self._is_busy = True
            try:
                return work()
            except Exception as problem:  # noqa: BLE001 - the program has trouble enough
                self._tell(problem)
                return ""
            finally:
                self._is_busy = False

    def _report(self, error: BaseException, where: str) -> str:
        crash = the_error(error)
        reports = [each.__dict__.get(_REPORT) for each in leaves(crash)]
        if None not in reports:
            return str(reports[0])
        problems = problems_of(crash, lambda name, value: shown_value(value, name=name))
        path = self._write(
            problems,
            where=where,
            at=self.clock.now(),
            more=self._more(),
            secrets=secrets_in(crash),
        )
        for each in leaves(crash):
            each.__dict__[_REPORT] = path
        return path

    def _write(
        self,
        problems: tuple[Problem, ...],
        *,
        where: str,
        at: float,
        more: Document,
        secrets: frozenset[str] = frozenset(),
    ) -> str:
        fault = fingerprint_of(problems)
        repeats = self._repeats(fault, where)
        if repeats is None:
            return ""
        report = report_document(
            self.subject,
            problems,
            at=at,
            where=where,
            fingerprint=fault,
            more={"repeats": repeats, **more},
        )
        known = secrets | secret_values(os.environ) | self._secrets()
        shown = without_known(report, known)
        assert isinstance(shown, dict)
        name = report_name(
            stamp=stamp_of(at), fingerprint=fault, number=f"{os.getpid()}.{next(self._numbers)}"
        )
        path = self._add(name, shown)
        self._announce(problems[0], known, where=where, fault=fault, path=path, repeats=repeats)
        return path

    def _add(self, name: str, report: Document) -> str:
        try:
            return self.folder.add(name, report)
        except OSError as problem:
            self._tell(problem)
            return ""

    def _announce(
        self,
        crash: Problem,
        known: frozenset[str],
        *,
        where: str,
        fault: str,
        path: str,
        repeats: int,
    ) -> None:
        self._publish(
            CrashSeen(
                at=self.clock.now(),
                service=self.subject.service,
                instance=self.subject.instance,
                where=where,
                kind=crash.kind,
                problem=str(without_known(shown_message(crash), known)),
                fingerprint=fault,
                file=path,
                repeats=repeats,
            )
        )

    def _repeats(self, fault: str, where: str) -> int | None:
        """Say how often a fault was merely counted since it was last told; None: count it now."""
        key = (fault, where.partition(" ")[0])
        now = self.clock.monotonic()
        told, count = self._seen.get(key, (now - _SAME_AGAIN, 0))
        if now - told < _SAME_AGAIN:
            self._seen[key] = (told, count + 1)
            return None
        if len(self._seen) >= _MOST_FAULTS:
            self._seen.clear()
        self._seen[key] = (now, 0)
        return count

    def _more(self) -> Document:
        return {
            "uptime": self.clock.monotonic() - self._began,
            "log": _asked(lambda: shown_lines(self._evidence.last_lines())),
            "checkpoint": _asked(lambda: shown_document(self._evidence.checkpoint())),
            **circumstances(self.loop),
        }

    def _secrets(self) -> frozenset[str]:
        return frozenset(each for each in self._evidence.secrets() if each)

    def _tell(self, problem: Exception) -> None:
        if self._was_told or sys.stderr is None:
            return
        self._was_told = True
        said = getattr(problem, "strerror", None) or f"{type(problem).__name__}: {problem}"
        sys.stderr.write(f"svcctl: no whole crash report in {self.folder.path!r}: ")
        sys.stderr.write(f"{said}; this is told once\n")


def _asked(question: Callable[[], object]) -> object:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - a report with a gap is better than none
        return f"<{type(error).__name__} when asked>"
