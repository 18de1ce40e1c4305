"""Lets what others log flow into ours: standard ``logging``, structlog, warnings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NoReturn, TextIO

from svcctl.sdk.logs.levels import WARNING
from svcctl.sdk.logs.logger import Logger

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every LogRecord has; all else was given as ``extra``."""


class Bridge(logging.Handler):
    """Writes each LogRecord as a record of ours, under the name of its logger.

    The message is the event, ``extra`` the fields, ``exc_info`` the structured exception.
    """

    def __init__(self, log: Logger) -> None:
        super().__init__()
        self._log = log
        self._named: dict[str, Logger] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write it; what its author got wrong is shown as it was meant for the standard handler."""
        try:
            event = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit the message
            self.handleError(record)
            return
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            fields["exc_info"] = record.exc_info[1]
        if record.stack_info:
            fields["stack"] = record.stack_info
        self._logger(record.name).write(record.levelno, event, fields)

    def _logger(self, name: str) -> Logger:
        found = self._named.get(name)
        if found is None:
            found = self._named.setdefault(name, self._log.named(name))
        return found


def structlog_processor(
    log: Logger,
) -> Callable[[object, str, MutableMapping[str, Any]], NoReturn]:
    """Give the last processor for structlog: it writes the event with *log*, and ends its way.

    ``structlog.configure(processors=[merge_contextvars, structlog_processor(log)])``; a key
    ``logger`` is the name under which it is written.
    """
    import structlog  # noqa: PLC0415 - only programs that use it have it

    named: dict[str, Logger] = {}

    def processor(logger: object, method: str, found: MutableMapping[str, Any]) -> NoReturn:
        del logger
        fields = dict(found)
        event, name = str(fields.pop("event", "")), fields.pop("logger", "")
        fields.pop("level", None)
        fields.pop("timestamp", None)
        if method == "exception":
            fields.setdefault("exc_info", True)
        level = logging.getLevelNamesMapping().get(method.upper(), _METHODS.get(method, 20))
        target = named.setdefault(name, log.named(str(name))) if name else log
        target.write(level, event, fields)
        raise structlog.DropEvent

    return processor


def warning_shower(
    log: Logger,
) -> Callable[[Warning | str, type[Warning], str, int, TextIO | None, str | None], None]:
    """Give what ``warnings.showwarning`` may be: each warning becomes a record."""
    python = log.named("warnings")

    def show(  # noqa: PLR0917 - as warnings.showwarning is called
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del file, line
        fields: Mapping[str, object] = {
            "category": category.__name__,
            "message": str(message),
            "file": filename,
            "line": lineno,
        }
        python.write(WARNING, "python.warning", fields)

    return show


_METHODS = {"warn": 30, "exception": 40, "msg": 20, "err": 40, "fatal": 50}
"""Names of methods that are no names of levels."""
