"""Keeps a few lines that show what is found, and puts templates where detectors say their ids."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from svcctl.detect.finding import Deviation, Finding, What
from svcctl.detect.templates import Templates

_QUOTED_ID = re.compile(r"'([0-9a-f]{12})'")
_OF_A_TEMPLATE = frozenset((What.BURST, What.DROP, What.SILENCE, What.LATENCY))
_FEW = 3


class LogSamples:
    """The last line of each of *most* templates, the last errors, and the last slow lines."""

    def __init__(self, service: str, templates: Templates, *, most: int) -> None:
        self._service, self._templates, self._most = service, templates, most
        self._last: dict[str, str] = {}
        self._failed: deque[str] = deque(maxlen=_FEW)
        self._slow: deque[str] = deque(maxlen=_FEW)

    def take(self, ids: Iterable[str], lines: Sequence[str]) -> None:
        """Take lines with the ids of their templates."""
        if len(self._last) > self._most:
            self._last.clear()
        self._last.update(zip(ids, lines, strict=True))

    def take_failed(self, lines: Sequence[str]) -> None:
        """Take lines that are errors."""
        self._failed.extend(lines)

    def take_slow(self, lines: Iterable[str]) -> None:
        """Take lines of what took too long."""
        self._slow.extend(lines)

    def finding(self, found: Deviation) -> Finding:
        """Name the templates that *found* is about, and add lines that show it."""
        if found.what in _OF_A_TEMPLATE and (template := self._templates.get(found.subject)):
            found = replace(found, subject=template.text, pattern=template.id)
        samples = self._samples(found)
        if found.what is What.SESSION:
            found = replace(
                found, observed=self._named(found.observed), expected=self._named(found.expected)
            )
        return Finding(service=self._service, deviation=found, samples=samples)

    def _samples(self, found: Deviation) -> tuple[str, ...]:
        match found.what:
            case What.ERROR_RATIO:
                return tuple(self._failed)
            case What.SLOW:
                return tuple(self._slow)
            case What.SESSION:
                ids = dict.fromkeys(_QUOTED_ID.findall(found.observed))
                return tuple(self._last[each] for each in ids if each in self._last)[:_FEW]
            case _:
                return tuple(_of(self._last, found.pattern))

    def _named(self, text: str) -> str:
        def name(id_quoted: re.Match[str]) -> str:
            template = self._templates.get(id_quoted[1])
            return f"'{template.text}'" if template else id_quoted[0]

        return _QUOTED_ID.sub(name, text)


def _of(lines: Mapping[str, str], key: str) -> list[str]:
    return [lines[key]] if key in lines else []
