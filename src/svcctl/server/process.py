"""Makes this process an agent, and nothing but an agent: no command line is loaded."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types import ModuleType

    from svcctl.bootstrap.agent import AgentParts

ARGV = [sys.executable, "-m", "svcctl.server.process"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _EventAndFields(logging.Formatter):
    """``time level event name=value …``: one line a record, tracebacks below it."""

    def format(self, record: logging.LogRecord) -> str:
        special = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        words = [f"{name}={value!r}" for name, value in special.items()]
        record.message = " ".join([record.getMessage(), *words])
        head = f"{self.formatTime(record)} {record.levelname.lower()} {record.message}"
        return f"{head}\n{self.formatException(record.exc_info)}" if record.exc_info else head


def main() -> int:
    """Be the agent of ``$SVCCTL_HOME`` as the environment chooses; give the exit status.

    An upgrade replaces the program of this very process, so that its children stay its children.
    """
    begin_log()
    import_lean()
    import asyncio  # noqa: PLC0415 - only now is it lean

    from svcctl.bootstrap.local import paths  # noqa: PLC0415
    from svcctl.errors import SvcctlError  # noqa: PLC0415
    from svcctl.server.agent import keep  # noqa: PLC0415
    from svcctl.server.choices import read_choices  # noqa: PLC0415

    try:
        choices = read_choices(os.environ)
        how = asyncio.run(keep(paths(), choices=choices, opened=_opened))
    except SvcctlError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"error[{error.code}]: {error.problem}{hint}\n")
        return error.exit_status
    if how == "upgrade":
        os.execv(sys.executable, ARGV)  # noqa: S606 - our own program
    return 0


def begin_log() -> None:
    """Write this process' own log to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_EventAndFields())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _opened(parts: AgentParts) -> None:
    log = logging.getLogger("svcctl.agent")
    log.info("agent.ready", extra={"socket": parts.paths.socket, "home": parts.paths.state})
    # what was needed to begin is needed no more: nothing of it has to be looked at again
    gc.collect()
    gc.freeze()


def import_lean() -> None:
    """Import asyncio and hashlib without OpenSSL, which an agent does not need: 8 MB less for good.

    hashlib has a SHA-2 of its own.  Later imports of ssl (https probes) find it as always.
    """
    from svcctl.sdk.lean import import_asyncio  # noqa: PLC0415 - before anything else

    import_asyncio()
    if "hashlib" in sys.modules or "_hashlib" in sys.modules:
        return
    sys.modules["_hashlib"] = cast("ModuleType", None)  # makes its import fail
    try:
        import hashlib  # noqa: F401, PLC0415
    finally:
        del sys.modules["_hashlib"]


if __name__ == "__main__":
    sys.exit(main())
