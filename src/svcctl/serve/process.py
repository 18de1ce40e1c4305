"""Makes this process an agent."""

from __future__ import annotations

import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _EventAndFields(logging.Formatter):
    """``time level event name=value …``: one line a record, tracebacks below it."""

    def format(self, record: logging.LogRecord) -> str:
        special = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        words = [f"{name}={value!r}" for name, value in special.items()]
        record.message = " ".join([record.getMessage(), *words])
        head = f"{self.formatTime(record)} {record.levelname.lower()} {record.message}"
        return f"{head}\n{self.formatException(record.exc_info)}" if record.exc_info else head


def run_agent(home: str | None) -> str:
    """Be an agent until asked to end; say how: ``stop`` or ``upgrade``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_EventAndFields())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    lean_asyncio()
    import asyncio  # noqa: PLC0415

    from svcctl.serve.agent import keep  # noqa: PLC0415 - after asyncio was made lean

    log = logging.getLogger("svcctl.agent")
    return asyncio.run(
        keep(
            home,
            opened=lambda parts: log.info(
                "agent.ready", extra={"socket": parts.paths.socket, "home": parts.paths.state}
            ),
        )
    )


def lean_asyncio() -> None:
    """Import asyncio without ssl, which it needs only for TLS streams: 4.5 MB less for good.

    Later imports of ssl (https probes) find it as always.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401, PLC0415
    finally:
        del sys.modules["ssl"]
