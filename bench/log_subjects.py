"""Ways to log one record of ten fields to a file; a program that times one of them, or is killed.

``python -m bench.log_subjects NAME FILE time COUNT`` prints seconds of the wall and the processor,
``... count COUNTER`` logs until it is killed, and keeps in COUNTER how many calls came back.
"""

from __future__ import annotations

import json
import logging
import mmap
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Log = Callable[[], None]

FIELDS: Mapping[str, object] = {
    "user": "ann@example.org",
    "method": "POST",
    "path": "/orders/4711/items",
    "status": 201,
    "duration_ms": 12.75,
    "bytes": 5120,
    "remote": "192.0.2.17",
    "agent": "curl/8.5.0",
    "cached": False,
    "attempt": 1,
}


def floor(path: str) -> Log:
    """A bare write(2) of as many bytes, made once: no logger can be faster and keep each record."""
    record = b"x" * 329 + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def log() -> None:
        os.write(file, record)

    return log


def ours(path: str) -> Log:
    """One write for each record, as is the default."""
    return _with_fields(_our_log(path))


def ours_buffered(path: str) -> Log:
    """Gathered for 64 KiB or 100 ms."""
    return _with_fields(_our_log(path, buffered=True))


def ours_plain(path: str) -> Log:
    """One write, without an encoder that is not of the standard library."""
    return _with_fields(_our_log(path, standard=True))


def ours_bound(path: str) -> Log:
    """One write, the ten fields bound before."""
    log = _our_log(path).bind(**FIELDS)
    return lambda: log.info("request.done")


def ours_disabled(path: str) -> Log:
    """A level that is not wanted."""
    log = _our_log(path)
    return lambda: log.debug("request.done", **FIELDS)


def standard(path: str) -> Log:
    """The ``logging`` of Python with a formatter that writes JSON."""

    class Json(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            fields = {
                "time": self.formatTime(record),
                "level": record.levelname,
                "logger": record.name,
                "event": record.getMessage(),
            }
            return json.dumps(fields | record.fields)  # type: ignore[attr-defined]

    target = logging.FileHandler(path)
    target.setFormatter(Json())
    log = logging.getLogger("mailer")
    log.addHandler(target)
    log.setLevel(logging.INFO)
    return lambda: log.info("request.done", extra={"fields": FIELDS})


def structlog(path: str) -> Log:
    """structlog as its own page on performance sets it up: orjson and a logger of bytes."""
    import orjson  # noqa: PLC0415
    import structlog  # noqa: PLC0415

    structlog.configure(
        cache_logger_on_first_use=True,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=open(path, "ab")),  # noqa: SIM115
    )
    return _with_fields(structlog.get_logger().bind(service="mailer", logger="mailer"))


def loguru(path: str) -> Log:
    """loguru, serialized."""
    from loguru import logger  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

    logger.remove()
    logger.add(path, serialize=True)
    log = logger.bind(service="mailer")
    return lambda: log.info("request.done", **FIELDS)


SUBJECTS: Mapping[str, Callable[[str], Log]] = {
    "write(2) alone": floor,
    "svcctl": ours,
    "svcctl, buffered": ours_buffered,
    "svcctl, standard json": ours_plain,
    "svcctl, fields bound": ours_bound,
    "svcctl, level not wanted": ours_disabled,
    "logging + json": standard,
    "structlog + orjson": structlog,
    "loguru": loguru,
}


def _our_log(path: str, *, buffered: bool = False, standard: bool = False) -> Any:
    from svcctl.sdk.logs.buffered import Buffered  # noqa: PLC0415
    from svcctl.sdk.logs.encoding import best, with_json  # noqa: PLC0415
    from svcctl.sdk.logs.logger import Logs, Source  # noqa: PLC0415
    from svcctl.sdk.logs.rotating import RotatingFile  # noqa: PLC0415
    from svcctl.system.clock import SystemClock  # noqa: PLC0415

    clock = SystemClock()
    file = RotatingFile(path, clock=clock.monotonic, max_size=1 << 40)
    logs = Logs(
        source=Source(service="mailer", instance="mailer", version="1.4.2"),
        sink=Buffered(file) if buffered else file,
        clock=clock,
        encoding=with_json() if standard else best(),
    )
    return logs.logger()


def _with_fields(log: Any) -> Log:
    return lambda: log.info(
        "request.done",
        user="ann@example.org",
        method="POST",
        path="/orders/4711/items",
        status=201,
        duration_ms=12.75,
        bytes=5120,
        remote="192.0.2.17",
        agent="curl/8.5.0",
        cached=False,
        attempt=1,
    )


def _time(log: Log, count: int) -> None:
    for _ in range(2000):
        log()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(count):
        log()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(json.dumps({"wall": wall, "processor": processor}))


def _count(log: Log, counter: str) -> None:
    with open(counter, "r+b") as file, mmap.mmap(file.fileno(), 8) as written:
        number = 0
        while True:
            log()
            number += 1
            written[:] = number.to_bytes(8, "little")


def main() -> None:
    """Do what the command line asks."""
    name, path, what, more = sys.argv[1:]
    log = SUBJECTS[name](path)
    if what == "time":
        _time(log, int(more))
    else:
        _count(log, more)


if __name__ == "__main__":
    main()
