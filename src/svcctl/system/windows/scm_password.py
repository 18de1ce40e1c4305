"""Decides when Windows is handed an account's password, and what is remembered of where it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from svcctl.ports import Act, Applied
from svcctl.spec import canonical
from svcctl.spec.native import PASSWORD_AT_HAND
from svcctl.spec.service import ServiceSpec

_SYSTEM_ACCOUNTS = frozenset(
    ("localsystem", r"nt authority\localservice", r"nt authority\networkservice")
)
_PATH = "windows.password"


def password_for(account: str, read: Callable[[], str | None]) -> str | None:
    """Give the password for *account* as CreateServiceW wants it; *read* gives that of a user.

    Virtual and managed accounts must have none, those of the system an empty one.
    """
    if _has_none(account):
        return None
    return "" if account.casefold() in _SYSTEM_ACCOUNTS else read()


def is_new_password(spec: ServiceSpec, account: str) -> bool:
    """Say whether a password for *account* was given with the command: then it is to be set."""
    by_windows = _has_none(account) or account.casefold() in _SYSTEM_ACCOUNTS
    return spec.windows.password == PASSWORD_AT_HAND and not by_windows


def password_acts(spec: ServiceSpec, account: str) -> tuple[Act, ...]:
    """Give the setting of a password that was given with the command; its text is not told."""
    if not is_new_password(spec, account):
        return ()
    return (Act(kind="set", target=f"service {spec.name}: password", text="as it was given"),)


def remembered(applied: Applied) -> Applied:
    """Give what is kept of *applied*: not a password's place that is gone with the command."""
    options = applied.spec.get("windows")
    if not isinstance(options, Mapping) or options.get("password") != PASSWORD_AT_HAND:
        return applied
    others = {key: value for key, value in options.items() if key != "password"}
    document = {key: value for key, value in applied.spec.items() if key != "windows"}
    spec = {**document, **({"windows": others} if others else {})}
    origins = {path: each for path, each in applied.origins.items() if path != _PATH}
    return replace(
        applied,
        spec=spec,
        revision=canonical.revision(spec),
        origins=origins,
    )


def _has_none(account: str) -> bool:
    known = account.casefold()
    return known.startswith("nt service\\") or known.endswith("$")
