"""Tells a person, or the log of a manager, why a service could not do what it was asked for."""

from __future__ import annotations

import sys

from svcctl.errors import SpecError, SvcctlError


def complain(error: SvcctlError) -> int:
    """Write *error* to stderr, a definition's with every mistake, and give the exit status."""
    mistakes = error.mistakes if isinstance(error, SpecError) else ()
    lines = [f"  {each}" for each in mistakes if str(each) != error.problem]
    hint = [f"hint: {error.hint}"] if error.hint else []
    sys.stderr.write("\n".join([f"error[{error.code}]: {error.problem}", *lines, *hint, ""]))
    sys.stderr.flush()
    return error.exit_status
