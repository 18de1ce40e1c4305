"""Which native format is written by whom."""

from __future__ import annotations

from svcctl.spec.service import ServiceSpec

FORMATS = ("systemd", "launchd")
"""What a service can be written as."""


def plain(kind: str, spec: ServiceSpec) -> str:
    """Give the text of a unit (one of :data:`FORMATS`) that runs *spec* without svcctl.

    What it cannot do stands in comments on top.
    """
    if kind == "systemd":
        from svcctl.system.systemd.plain import plain_unit  # noqa: PLC0415 - one of the two

        return plain_unit(spec)
    from svcctl.system.launchd.plist import plain_plist  # noqa: PLC0415

    return plain_plist(spec).decode()
