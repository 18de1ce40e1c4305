"""The types of a spec's values, and what marks them: a notation in files, bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

UnitKind = Literal["duration", "size", "percent", "command", "regex", "octal", "signal", "quantity"]


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a value that has a notation of its own in files: ``kind`` says which."""

    kind: UnitKind

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Tell pydantic to read the value with our own parser."""
        from svcctl.spec import adapter  # noqa: PLC0415 (only the loader pays for pydantic)

        return adapter.read_as(self.kind)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Marks a number as limited: at least ``low``, more than ``above``, at most ``high``."""

    low: float | None = None
    high: float | None = None
    above: float | None = None

    def problem(self, value: float) -> str:
        """Say what is wrong with *value*, or nothing."""
        if self.above is not None and value <= self.above:
            return f"must be more than {self.above:g}"
        too_low = self.low is not None and value < self.low
        too_high = self.high is not None and value > self.high
        if not too_low and not too_high:
            return ""
        if self.low is not None and self.high is not None and self.high <= 1000:
            return f"{value:g} is not from {self.low:g} to {self.high:g}"
        return f"{value:g} is less than {self.low:g}" if too_low else f"{value:g} is too large"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Tell pydantic to check the bounds as well."""
        from svcctl.spec import adapter  # noqa: PLC0415 (only the loader pays for pydantic)

        return adapter.checked(handler(source), self.problem)


Duration = Annotated[float, Unit("duration")]
"""Seconds inside; ``"500ms"``, ``"2s"``, ``"1m30s"``, ``"2h"``, ``"1d"`` in files."""

Period = Annotated[float, Unit("duration"), Bounds(above=0)]
"""A duration that is not 0."""

Size = Annotated[int, Unit("size"), Bounds(low=1)]
"""Bytes inside; ``"50M"``, ``"2GiB"``, ``"512KB"`` in files (M and MiB: 1024**2, MB: 1000**2)."""

Percent = Annotated[float, Unit("percent"), Bounds(above=0)]
"""1.0 is one core; ``"150%"`` in files."""

Command = Annotated[tuple[str, ...], Unit("command")]
"""An argv inside; a list, or a string split as a shell would (but run without one), in files."""

Regex = Annotated[str, Unit("regex")]
"""A Python regular expression, checked when the file is read."""

Octal = Annotated[int, Unit("octal")]
"""A file mode; ``"027"`` in files."""

Quantity = Annotated[float, Unit("quantity")]
"""A number, or a duration such as ``"2s"``: seconds inside."""

Signal = Annotated[str, Unit("signal")]
"""The name of a signal, without its ``SIG``."""

Share = Annotated[float, Bounds(low=0, high=1)]
"""From 0 (none) to 1 (all)."""

Factor = Annotated[float, Bounds(low=1)]
"""By how much something grows."""

Count = Annotated[int, Bounds(low=0, high=2**31 - 1)]
"""How many; 0 is possible."""

Positive = Annotated[int, Bounds(low=1, high=2**31 - 1)]
"""How many, at least one."""

ExitCode = Annotated[int, Bounds(low=0, high=2**32 - 1)]
"""How a program ended; Windows has 32 bits for it."""

Niceness = Annotated[int, Bounds(low=-20, high=19)]
"""setpriority(2)."""

ProcessorNumber = Annotated[int, Bounds(low=0, high=4095)]
"""Processors count from 0."""

ResourceLimit = Annotated[int, Bounds(low=-1, high=2**63 - 1)]
"""setrlimit(2); -1 is no limit."""

RotationSize = Annotated[int, Unit("size"), Bounds(low=1024)]
"""A size below which a log file would be rotated with every line."""

InstanceCount = Annotated[int, Bounds(low=1, high=1000)]
"""How many copies run."""
