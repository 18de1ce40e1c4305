"""Everything svcctl raises on purpose.

SvcctlError                          SVC-1000  exit 1    HTTP 500
├── SpecError                        SVC-1100  exit 78   HTTP 422   the definition is wrong
│   └── NotAvailable                 SVC-1101  exit 78   HTTP 501   known, but not in this version
├── UsageError                       SVC-1200  exit 2    HTTP 400   the request makes no sense
│   └── KeyReused                    SVC-1201  exit 2    HTTP 422   the key is of another request
├── UnknownService                   SVC-1300  exit 4    HTTP 404   no such service
├── AgentUnreachable                 SVC-1400  exit 5    HTTP 503   nobody answers
├── Denied                           SVC-1500  exit 6    HTTP 403   you may not
│   └── Unauthenticated              SVC-1501  exit 6    HTTP 401   you do not show who you are
├── Conflict                         SVC-1600  exit 1    HTTP 409   not possible in this state
│   ├── SagaUndone                   SVC-1601  exit 1    HTTP 409   a saga failed, and is taken back
│   ├── NotUndone                    SVC-1602  exit 1    HTTP 409   a step of a saga stays done
│   ├── Outdated                     SVC-1603  exit 1    HTTP 412   somebody changed it meanwhile
│   └── UnderWay                     SVC-1604  exit 1    HTTP 409   the same request is not over yet
├── Refused                          SVC-1700  exit 1    HTTP 503   not now
│   ├── CircuitOpen                  SVC-1701  exit 1    HTTP 503   it failed too often of late
│   ├── LimitReached                 SVC-1702  exit 1    HTTP 503   as many as may are under way
│   └── TooManyTries                 SVC-1703  exit 1    HTTP 429   it was tried too often of late
├── TimedOut                         SVC-1800  exit 7    HTTP 504   not within the given time
└── SystemFault                      SVC-2000  exit 1    HTTP 502   the operating system said no
    ├── CannotSpawn                  SVC-2001  exit 1    HTTP 502   a program could not be started
    ├── StateFault                   SVC-2002  exit 1    HTTP 500   the state on disk is unusable
    └── NotDelivered                 SVC-2003  exit 1    HTTP 502   a channel did not take a message
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


def quoted(text: object) -> str:
    """Quote a path, a command or an account for a message: as it is typed, a backslash once.

    Only what a terminal would act on, or cannot show, is escaped.
    """
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))
    mark = '"' if "'" in shown and '"' not in shown else "'"
    return f"{mark}{shown}{mark}"


class SvcctlError(Exception):
    """Base of all expected failures: a *problem*, and a *hint* on what to do.

    *problem* has no full stop and quotes the value; *hint* may be empty.
    """

    code: ClassVar[str] = "SVC-1000"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong in a definition, and where (line and column from 1; 0: unknown)."""

    problem: str
    hint: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.file:
            return self.problem
        if not self.line:
            return f"{self.file}: {self.problem}"
        return f"{self.file}:{self.line}:{self.column}: {self.problem}"


class SpecError(SvcctlError):
    """The definition is wrong; ``mistakes`` has every one of them."""

    code, exit_status, http_status = "SVC-1100", 78, 422

    def __init__(self, problem: str, *, hint: str = "", mistakes: Iterable[Mistake] = ()) -> None:
        super().__init__(problem, hint=hint)
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)


class NotAvailable(SpecError):
    """The option is known and valid but this version cannot act on it."""

    code, http_status = "SVC-1101", 501


class UsageError(SvcctlError):
    """The request makes no sense as it stands."""

    code, exit_status, http_status = "SVC-1200", 2, 400


class KeyReused(UsageError):
    """The idempotency key was used for another request."""

    code, http_status = "SVC-1201", 422


class UnknownService(SvcctlError):
    """There is no service of that name."""

    code, exit_status, http_status = "SVC-1300", 4, 404


class AgentUnreachable(SvcctlError):
    """Nobody answers at the agent's address; ``asked`` is false where surely nothing was done."""

    code, exit_status, http_status = "SVC-1400", 5, 503

    def __init__(self, problem: str, *, hint: str = "", asked: bool = True) -> None:
        super().__init__(problem, hint=hint)
        self.asked = asked


class Denied(SvcctlError):
    """The caller may not do that."""

    code, exit_status, http_status = "SVC-1500", 6, 403


class Unauthenticated(Denied):
    """The caller did not show who they are, or not well enough."""

    code, http_status = "SVC-1501", 401


class Conflict(SvcctlError):
    """The service cannot do that in its present phase."""

    code, http_status = "SVC-1600", 409


class SagaUndone(Conflict):
    """A saga failed in an earlier run: its steps are taken back, none is done any more."""

    code = "SVC-1601"


class NotUndone(Conflict):
    """A step of a failed saga could not be taken back; the saga is still pending."""

    code = "SVC-1602"


class Outdated(Conflict):
    """What was to be changed is not any more what the caller saw."""

    code, http_status = "SVC-1603", 412


class UnderWay(Conflict):
    """The same request is under way; with the same key its outcome can be asked for."""

    code = "SVC-1604"


class Refused(SvcctlError):
    """It was not even tried, to spare what is asked or who asks."""

    code, http_status = "SVC-1700", 503


class CircuitOpen(Refused):
    """What is called failed too often of late; ``retry_in`` seconds from now it is tried again."""

    code = "SVC-1701"

    def __init__(self, problem: str, *, hint: str = "", retry_in: float = 0.0) -> None:
        super().__init__(problem, hint=hint)
        self.retry_in = retry_in


class LimitReached(Refused):
    """As many as may are under way, and as many as may wait."""

    code = "SVC-1702"


class TooManyTries(Refused):
    """Whoever asks has failed too often of late."""

    code, http_status = "SVC-1703", 429


class TimedOut(SvcctlError):
    """The goal was not reached within the time given."""

    code, exit_status, http_status = "SVC-1800", 7, 504


class SystemFault(SvcctlError):
    """The operating system refused."""

    code, http_status = "SVC-2000", 502


class CannotSpawn(SystemFault):
    """A program could not be started; ``permanent`` says that trying again is pointless."""

    code = "SVC-2001"

    def __init__(self, problem: str, *, hint: str = "", permanent: bool = False) -> None:
        super().__init__(problem, hint=hint)
        self.permanent = permanent


class NotDelivered(SystemFault):
    """A channel did not take a message; ``again`` says that the same one may pass later.

    ``wait`` is for how many seconds the channel wants to be left alone, where it said so.
    """

    code = "SVC-2003"

    def __init__(
        self, problem: str, *, hint: str = "", again: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(problem, hint=hint)
        self.again, self.wait = again, wait


class StateFault(SystemFault):
    """The state on disk is unusable."""

    code, http_status = "SVC-2002", 500


def tree() -> tuple[type[SvcctlError], ...]:
    """Give every error class, parents first: what the error reference is generated from."""
    found: list[type[SvcctlError]] = [SvcctlError]
    for known in found:
        found.extend(known.__subclasses__())
    return tuple(found)
