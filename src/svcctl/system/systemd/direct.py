"""Writes the units of a service that systemd starts itself, with no host of svcctl between."""

from __future__ import annotations

from svcctl.spec import hostless
from svcctl.spec.service import ServiceSpec
from svcctl.system.systemd import sandbox
from svcctl.system.systemd.plain import counting, program
from svcctl.system.systemd.quoting import word
from svcctl.system.systemd.unit_file import (
    Lines,
    Site,
    folders,
    install_section,
    text,
    timers,
    unit_name,
    verbatim,
)


def direct_units(spec: ServiceSpec, site: Site) -> dict[str, str]:
    """Give the text of each unit, by name; raises SpecError where only a host could do it."""
    hostless.refuse_for_systemd(spec)
    sections = [
        ("Unit", [*counting(spec), *verbatim(spec.systemd.unit)]),
        (
            "Service",
            [
                *_own_way(program(spec), site),
                *_told(spec, site),
                *folders(spec, site),
                *sandbox.lines(spec, outside=(spec.cwd, *spec.exec)),
                *verbatim(spec.systemd.service),
            ],
        ),
        ("Install", install_section(spec, site)),
    ]
    return {unit_name(spec.name): text(sections), **timers(spec)}


def _own_way(lines: Lines, site: Site) -> Lines:
    """Have a reload by SIGHUP end when the service says so, where systemd can wait for that."""
    found = dict(lines)
    speaks, hangs_up = (
        found["Type"] == "notify",
        found.get("ExecReload", "").endswith("kill -HUP $MAINPID"),
    )
    if not (speaks and hangs_up and site.reloads_notified):
        return [*lines, *([("NotifyAccess", "main")] if speaks else [])]
    kept = [each for each in lines if each[0] not in {"Type", "ExecReload"}]
    return [("Type", "notify-reload"), ("NotifyAccess", "main"), *kept]


def _told(spec: ServiceSpec, site: Site) -> Lines:
    """Tell the program what every manager of ours tells it: who it is, and where it is asked.

    Also where its things are, where systemd did not make that folder, so names it not.
    """
    variables = {
        "SVCCTL_SERVICE": spec.name,
        "SVCCTL_INSTANCE": spec.name,
        "SVCCTL_RUN": site.run,
        "INSTANCE": "1",
    }
    if site.user_scope or not site.state.startswith("/var/lib/"):
        variables["STATE_DIRECTORY"] = site.state
    return [("Environment", word(f"{name}={said}")) for name, said in variables.items()]
