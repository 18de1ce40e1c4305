"""What was found out about a service of Windows: what is wrong with it, and what is so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong: *why* it matters, and as *hint* a command or another clear act.

    *service* names it, or several of them; *grave*: it does not work so, or anybody who may log
    on can take the machine over.
    """

    service: str
    problem: str
    why: str
    hint: str
    grave: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something worth knowing about *service*: *name* says what, *text* how it is."""

    service: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found in *services*, so many of them; *facts* are about those asked for by name."""

    services: int = 0
    findings: tuple[Finding, ...] = ()
    facts: tuple[Fact, ...] = ()
