"""What a host is handed: the definition without what the native manager sees to itself."""

from __future__ import annotations

from dataclasses import replace

from svcctl.spec.policy import Limits
from svcctl.spec.service import SecretsAs, ServiceSpec, Start
from svcctl.spec.windows_stop import native_stop


def handed_over(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under systemd, whose unit has the account, the limits and the clock.

    Secrets in files are systemd's credentials: the program finds them by the variable it would
    find ours by.
    """
    files = spec.secrets_as is SecretsAs.FILE
    return replace(
        _detached(spec),
        user=None,
        group=None,
        supplementary_groups=None,
        umask=None,
        no_new_privs=False,
        cap_bound=None,
        schedule=None,
        limits=Limits(memory_restart=spec.limits.memory_restart),
        secrets={
            name: reference
            for name, reference in spec.secrets.items()
            if not (files and reference.startswith("file:"))
        },
    )


def to_scm_host(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under the SCM, which logs the account on and knows no clock."""
    return replace(_detached(spec), user=None, stop=native_stop(spec.stop))


def to_launchd_host(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* for a host under launchd, which sets the account, the umask and the clock."""
    return replace(_detached(spec), user=None, group=None, umask=None, schedule=None)


def _detached(spec: ServiceSpec) -> ServiceSpec:
    """Give it alone: what it needs and when it starts is the native manager's business."""
    return replace(spec, needs={}, after=(), start=Start.MANUAL)
