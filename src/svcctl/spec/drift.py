"""Where a definition as it was applied and as its files say it now differ: option by option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from svcctl.spec.locate import KeyPath, path_text

Origins = Mapping[str, Mapping[str, object]]
"""Where each value came from, by the path of its option; what is not there is a default."""


class OptionChange(StrEnum):
    """What became of an option since it was applied."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one side says: an effective definition, and where its values came from."""

    spec: Mapping[str, object]
    origins: Origins


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One option that is not the same: both values, and where each came from (empty: a default).

    A value is None too where that side has no such option.
    """

    option: str
    change: OptionChange
    applied: object
    applied_from: Mapping[str, object]
    on_disk: object
    on_disk_from: Mapping[str, object]


def leaves(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Give each value of a definition with its path (``stop.timeout``, ``health[0].tcp``)."""
    return _leaves((), document)


def differences(applied: Said, on_disk: Said) -> list[Difference]:
    """Give what differs, in the order of the options; a value that is merely spelled out is none.

    What nobody wrote is left out where the other side has no such option: the defaults of a probe
    are not news beside the probe.
    """
    before, now = dict(leaves(applied.spec)), dict(leaves(on_disk.spec))
    found = (
        Difference(
            option=path,
            change=_change(path, applied, on_disk),
            applied=before.get(path),
            applied_from=_origin(path, applied.origins),
            on_disk=now.get(path),
            on_disk_from=_origin(path, on_disk.origins),
        )
        for path in {**before, **now}
        if path not in before or path not in now or before[path] != now[path]
    )
    return [
        each
        for each in found
        if (each.option in before and each.option in now) or each.applied_from or each.on_disk_from
    ]


def _change(path: str, applied: Said, on_disk: Said) -> OptionChange:
    was_said, is_said = _origin(path, applied.origins), _origin(path, on_disk.origins)
    if was_said and not is_said:
        return OptionChange.REMOVED
    return OptionChange.ADDED if is_said and not was_said else OptionChange.CHANGED


def _origin(path: str, origins: Origins) -> Mapping[str, object]:
    return origins.get(path, {})


def _leaves(path: KeyPath, value: object) -> Iterator[tuple[str, object]]:
    match value:
        case dict() if value:
            for key, inner in value.items():
                yield from _leaves((*path, str(key)), inner)
        case list() if value and isinstance(value[0], dict):
            for at, inner in enumerate(value):
                yield from _leaves((*path, at), inner)
        case _:
            yield path_text(path), value
