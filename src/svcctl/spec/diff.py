"""What changed between two specs of a service, and whether a running program notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from svcctl.spec.canonical import dump_value
from svcctl.spec.shape import Kind, members

FIXED_AT_SPAWN = frozenset(
    (
        *("exec", "shell", "cwd", "env", "env_file", "env_clean", "user", "group"),
        *("supplementary_groups", "umask", "no_new_privs", "cap_bound", "stdin", "type"),
        *("pid_file", "limits.memory", "limits.cpu", "limits.tasks", "limits.nofile"),
        *("limits.rlimit", "limits.nice", "limits.affinity", "log.to", "log.stderr"),
        *("secrets", "secrets_as", "manager", "scope", "host"),
    )
)
"""Options a program gets when it is started; all others the keeper can take over at any time."""


class ChangeKind(StrEnum):
    """What became of a service."""

    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


class OptionChange(NamedTuple):
    """One option that changed: its *path* (``stop.timeout``), both values in canonical form."""

    path: str
    old: object
    new: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All that changed for one service; *options* is empty unless the kind is ``changed``.

    *needs_restart*: a running program keeps the old values until it is started again.
    """

    kind: ChangeKind
    options: tuple[OptionChange, ...] = ()
    needs_restart: bool = False


def diff(old: object | None, new: object | None) -> Change:
    """Compare two specs of one service, or two tables of a kind; None stands for none."""
    if old is None or new is None:
        if old is new:
            return Change(kind=ChangeKind.UNCHANGED)
        return Change(kind=ChangeKind.CREATED if old is None else ChangeKind.REMOVED)
    options = tuple(_changes(old, new, prefix=""))
    return Change(
        kind=ChangeKind.CHANGED if options else ChangeKind.UNCHANGED,
        options=options,
        needs_restart=any(each.path in FIXED_AT_SPAWN for each in options),
    )


def _changes(old: object, new: object, *, prefix: str) -> Iterator[OptionChange]:
    for key, member in members(type(new)).items():
        before, after = getattr(old, member.name), getattr(new, member.name)
        path = prefix + key
        if before == after:
            continue
        if member.shape.kind is Kind.TABLE and before is not None and after is not None:
            yield from _changes(before, after, prefix=f"{path}.")
        else:
            yield OptionChange(
                path, dump_value(before, member.shape), dump_value(after, member.shape)
            )
