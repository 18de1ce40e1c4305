"""Asks before what cannot be undone."""

from __future__ import annotations

import sys

from svcctl.cli.session import Session
from svcctl.errors import UsageError

_YES = frozenset(("y", "yes"))


def confirm(session: Session, question: str, *, yes: bool, or_type: str = "") -> bool:
    """Say whether to go on: *yes* was given, or a person says so (or types *or_type*).

    Raises UsageError where nobody can be asked.
    """
    if yes:
        return True
    if not (sys.stdin.isatty() and session.err.is_tty):
        raise UsageError(
            f"{question} Nobody can be asked here", hint="to go on without a question: add --yes"
        )
    session.err.write(f"{question} [y/N] ")
    session.err.flush()
    answer = sys.stdin.readline().strip()
    agreed = answer.lower() in _YES or bool(or_type and answer == or_type)
    if not agreed:
        session.err.line("nothing was done")
    return agreed
