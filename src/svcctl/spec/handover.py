"""What a host is handed: the definition without what the native manager sees to itself."""

from __future__ import annotations

import re
from dataclasses import replace

from svcctl.spec.policy import Limits, Overlap
from svcctl.spec.service import Scope, SecretsAs, ServiceSpec, Start

_SPECIAL_WEEKDAY = re.compile(r"#|\dL")


def handed_over(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under systemd, whose unit has the account, the limits and the clock.

    Secrets in files are systemd's credentials: the program finds them by the variable it would
    find ours by.
    """
    return replace(
        _detached(spec),
        user=None,
        group=None,
        supplementary_groups=None,
        umask=None,
        no_new_privs=False,
        cap_bound=None,
        schedule=None if by_timer(spec) else spec.schedule,
        limits=Limits(memory_restart=spec.limits.memory_restart),
        secrets=_remaining_secrets(spec),
    )


def by_timer(spec: ServiceSpec) -> bool:
    """Say whether a timer of systemd can start the service.

    One run at a time is all it knows, and neither last days (``L``) nor second Fridays (``5#2``).
    """
    if spec.schedule is None or spec.schedule.overlap is not Overlap.SKIP:
        return False
    if spec.schedule.cron is None:
        return True
    _, _, day, _, weekday = spec.schedule.cron.upper().split()
    return "L" not in day and not _SPECIAL_WEEKDAY.search(weekday)


def by_credentials(spec: ServiceSpec) -> bool:
    """Say whether systemd hands over all secrets: it reads files, and makes files of them."""
    every_file = all(each.startswith("file:") for each in spec.secrets.values())
    return bool(spec.secrets) and every_file and spec.secrets_as is SecretsAs.FILE


def _remaining_secrets(spec: ServiceSpec) -> dict[str, str]:
    """Give the secrets that the host itself reads, where its account may read them from."""
    if by_credentials(spec):
        return {}
    credentials = f"/run/credentials/{spec.name}.service"
    return {
        name: f"file:{credentials}/{name}"
        if spec.user and reference.startswith("file:")
        else reference
        for name, reference in spec.secrets.items()
    }


def to_scm_host(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under the SCM, which logs the account on and knows no clock."""
    return replace(_detached(spec), user=None)


def as_account(spec: ServiceSpec) -> bool:
    """Say whether launchd can start the host as the service's own user, so that it is not root.

    Only root reads secrets it was not given, raises limits and chooses supplementary groups, and
    ``UserName`` of launchd.plist(5) takes a name.
    """
    limits = spec.limits
    raises = limits.nofile is not None or bool(limits.rlimit) or limits.nice < 0
    secret = any(each.startswith("file:") for each in spec.secrets.values())
    for_root = raises or secret or spec.supplementary_groups is not None
    named = spec.user is not None and not spec.user.isdecimal()
    return spec.scope is Scope.SYSTEM and named and not for_root


def to_launchd_host(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under launchd, which minds the clock, and the account if it can."""
    alone = replace(_detached(spec), schedule=None)
    return replace(alone, user=None, group=None) if as_account(spec) else alone


def _detached(spec: ServiceSpec) -> ServiceSpec:
    """Give it alone: what it needs and when it starts is the native manager's business."""
    return replace(spec, needs={}, after=(), start=Start.MANUAL)
