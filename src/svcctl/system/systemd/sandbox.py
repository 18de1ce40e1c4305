"""What ``sandbox = "basic"`` and ``"strict"`` mean to systemd: systemd.exec(5)."""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.spec.native import Sandbox
from svcctl.spec.service import ServiceSpec

_BASIC = (
    ("NoNewPrivileges", "yes"),
    ("PrivateTmp", "yes"),
    ("ProtectSystem", "full"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("RestrictRealtime", "yes"),
    ("LockPersonality", "yes"),
)

_STRICT = (
    ("PrivateDevices", "yes"),
    ("ProtectProc", "invisible"),
    ("RestrictNamespaces", "yes"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallErrorNumber", "EPERM"),
    ("RemoveIPC", "yes"),
)
# not there, and why: ProtectControlGroups (a host moves its programs into groups of its own),
# ProcSubset=pid (it reads the boot id), MemoryDenyWriteExecute (just-in-time compilers)

_HOMES = ("/home/", "/root/", "/run/user/")


def lines(spec: ServiceSpec, *, outside: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Give the options for ``spec.sandbox``; *outside* are paths the service must still read."""
    if spec.sandbox is Sandbox.OFF:
        return []
    at_home = any(f"{each}/".startswith(_HOMES) for each in outside)
    found = dict(_BASIC) | {"ProtectHome": "read-only"}
    if spec.sandbox is Sandbox.STRICT:
        found |= dict(_STRICT)
        found["ProtectSystem"] = "strict"
        found["ProtectHome"] = "read-only" if at_home else "yes"
        if spec.umask is None:
            found["UMask"] = "0077"
        if spec.cap_bound is None:
            found["CapabilityBoundingSet"] = ""
        if spec.cwd and spec.cwd != "/":
            found["ReadWritePaths"] = f"-{spec.cwd}".replace("%", "%%")
    if spec.no_new_privs:
        del found["NoNewPrivileges"]  # it stands there already
    return list(found.items())
