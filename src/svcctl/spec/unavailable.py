"""The one list of what files may say but this version cannot do: refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.spec.locate import KeyPath

NOT_AVAILABLE = "not available in this version"

OPTIONS = frozenset(
    (
        *("registry", "deploy"),
        *("health.grpc", "health.python"),
    )
)
"""Options by path, without the numbers of arrays."""

VALUES: Mapping[str, frozenset[str]] = {
    "restart.give_up": frozenset(("reboot", "exec")),
}
"""Values of options there are."""

SECRET_SCHEMES = frozenset(("vault", "keyring", "cred"))
"""Where a secret may come from, besides files and the environment."""


def option_problem(path: KeyPath) -> str:
    """Say that the option at *path*, or what it stands in, is not available, or nothing."""
    keys = [step for step in path if isinstance(step, str)]
    names = [".".join(keys[:count]) for count in (1, 2)]
    known = [name for name in names if name in OPTIONS]
    return f"option {known[0]!r} is {NOT_AVAILABLE}" if known else ""


def value_problem(path: str, value: str) -> str:
    """Say that *value* for the option at *path* is not available, or nothing."""
    return f"{path} = '{value}' is {NOT_AVAILABLE}" if value in VALUES.get(path, ()) else ""
