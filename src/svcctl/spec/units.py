"""Lengths of time, sizes and shares as people write them: ``"500ms"``, ``"2GiB"``, ``"50%"``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a number in a spec as carrying a unit in files: ``kind`` says which."""

    kind: Literal["duration", "size", "percent", "command", "regex", "octal"]


Duration = Annotated[float, Unit("duration")]
"""Seconds inside; ``"500ms"``, ``"2s"``, ``"1m30s"``, ``"2h"``, ``"1d"`` in files."""

Size = Annotated[int, Unit("size")]
"""Bytes inside; ``"50M"``, ``"2GiB"``, ``"512KB"`` in files (M and MiB are 1024**2, MB is 1000**2)."""

Percent = Annotated[float, Unit("percent")]
"""1.0 is one core; ``"150%"`` in files."""

Command = Annotated[tuple[str, ...], Unit("command")]
"""An argv inside; a list, or a string split as a shell would (but run without one), in files."""

Regex = Annotated[str, Unit("regex")]
"""A Python regular expression, checked when the file is read."""

Octal = Annotated[int, Unit("octal")]
"""A file mode; ``"027"`` in files."""
