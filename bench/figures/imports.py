"""What ``import svcctl`` costs a program, and what else it loads."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from bench.manager import Manager
from bench.managers.svcctl import Svcctl, python
from bench.reading import Figure, Unit, Value
from bench.session import Stage

_FOREIGN = (
    "import sys; before = set(sys.modules); import svcctl; "
    "tops = {name.partition('.')[0] for name in set(sys.modules) - before}; "
    "print(len(tops - set(sys.stdlib_module_names) - {'svcctl'}))"
)
_TIMED = (
    "import time; at = time.perf_counter_ns(); import svcctl; print(time.perf_counter_ns() - at)"
)


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    del stage, manager
    for _ in range(5):
        yield Value(figure="import", case="time", number=_says(_TIMED) / 1e6, unit=Unit.MS)
    foreign = _says(_FOREIGN)
    yield Value(figure="import", case="third-party modules", number=foreign, unit=Unit.MODULES)


def _says(code: str) -> int:
    command = [python(), "-I", "-c", code]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)


FIGURE = Figure(
    name="import",
    tables={"import": "import svcctl, in a Python that runs already"},
    measure=_measure,
    fits=lambda manager: isinstance(manager, Svcctl),
)
