"""What the host of one native service costs in memory."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

from bench import proc, register
from bench.manager import Manager
from bench.managers.svcctl import Svcctl, python
from bench.reading import Figure, Unit, Value
from bench.session import PATIENCE, Stage, quiet, session

_SETTLE = 2.0  # seconds before memory is read


def _measure(stage: Stage, manager: Manager) -> Iterator[Value]:
    with session(stage, quiet(1)) as opened:
        (service,) = opened.site.services
        definitions = opened.folder / "svcctl.toml"
        command = json.dumps(service.command)
        definitions.write_text(f"version = 1\n[services.{service.name}]\nexec = {command}\n")
        told = subprocess.run(
            [python(), register.__file__, str(opened.folder), str(definitions), service.name],
            capture_output=True,
            check=True,
            timeout=PATIENCE,
        )
        environ = opened.environ(manager)
        _, at = opened.nursery.start(json.loads(told.stdout), environ, opened.folder)
        (stamp,) = opened.stamps.take(1, within=PATIENCE)
        yield _value("start", (stamp.at - at) / 1e6, Unit.MS)
        time.sleep(_SETTLE)
        found = proc.memory(opened.processes().managing)
        yield _value("memory", found.pss, Unit.MB)
        yield _value("memory, alone on the machine", found.alone, Unit.MB)


def _value(case: str, number: float, unit: Unit) -> Value:
    return Value(figure="host", case=case, number=number, unit=unit)


FIGURE = Figure(
    name="host",
    tables={
        "host": "the process that systemd or the SCM starts for one service: exec to the service's "
        "own stamp, and its memory"
    },
    measure=_measure,
    fits=lambda manager: isinstance(manager, Svcctl),
)
