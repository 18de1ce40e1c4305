"""Finds crash reports that services left in their folders and nobody has shipped."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from svcctl.observe.ship.frame import Frame, What, Writer

log = logging.getLogger(__name__)

_LARGEST = 4 << 20  # bytes of a report


class CrashReports:
    """The reports in *folder*, which has a folder for each instance, of *services* (``*``, ``?``).

    A report has a name of its own and is never changed.
    """

    def __init__(self, folder: str, services: Iterable[str]) -> None:
        self._folder, self._services = folder, tuple(services)

    def instances(self) -> list[str]:
        """Give all that have a folder."""
        try:
            return sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []

    def there(self, instances: Iterable[str]) -> list[str]:
        """Give the reports of *instances*, each as ``INSTANCE/NAME``, oldest first."""
        return [f"{instance}/{name}" for instance in instances for name in self._names_of(instance)]

    def frames(self, reports: Collection[str]) -> Iterator[tuple[str, Frame]]:
        """Give those of *reports* that are wanted, and can be read, as what is to be shipped."""
        for each in reports:
            instance, _, name = each.partition("/")
            path = os.path.join(self._folder, instance, "crashes", name)
            try:
                at = os.stat(path).st_mtime
                with open(path, "rb") as file:
                    report = json.loads(file.read(_LARGEST))
            except (OSError, ValueError) as error:  # it had to go for newer ones; or is no report
                log.warning("ship.no-report", extra={"path": path, "problem": str(error)})
                continue
            report = report if isinstance(report, dict) else {}
            service = str(report.get("service") or instance)
            if any(fnmatchcase(service, glob) for glob in self._services):
                writer = Writer(service=service, instance=instance, stream="crash")
                content = json.dumps(report, ensure_ascii=False).encode(errors="replace")
                yield each, Frame(writer=writer, at=at, content=content, what=What.CRASH)

    def _names_of(self, instance: str) -> list[str]:
        try:
            names = os.listdir(os.path.join(self._folder, instance, "crashes"))
        except OSError:  # it never crashed, or nobody but its user may look
            return []
        return sorted(
            each for each in names if each.startswith("crash-") and each.endswith(".json")
        )
