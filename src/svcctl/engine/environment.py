"""What a service's programs run in: variables, folder, account and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.ports import Launch
from svcctl.spec.service import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which instance, and what its agent gives it.

    *base* is what it inherits unless it wants a clean environment; *credentials* the folder for
    secrets in files, *services* that in which services in Python have one each, empty where each
    finds his own; *extra* goes over everything.
    """

    instance: str
    number: int
    base: Mapping[str, str] = field(repr=False)
    credentials: str
    services: str
    extra: Mapping[str, str] = field(repr=False)


def argv(spec: ServiceSpec, shell: tuple[str, ...]) -> tuple[str, ...]:
    """Give the argument vector of the main program; *shell* runs the one text after it."""
    return (*shell, spec.exec[0]) if spec.shell else spec.exec


def launch(
    spec: ServiceSpec, place: Place, *, argv: tuple[str, ...], tag: str, token: str
) -> Launch:
    """Give a launch of *argv* as *spec* wants it; raises CannotSpawn where something is missing."""
    return Launch(
        tag=tag,
        token=token,
        argv=argv,
        env=build(spec, place),
        cwd=spec.cwd or "/",
        stdin=spec.stdin,
        user=spec.user,
        group=spec.group,
        supplementary_groups=spec.supplementary_groups,
        umask=spec.umask,
        no_new_privs=spec.no_new_privs,
        cap_bound=spec.cap_bound,
        limits=spec.limits,
        priority=spec.windows.priority or "",
        breakaway=spec.windows.breakaway,
    )


def build(spec: ServiceSpec, place: Place) -> dict[str, str]:
    """Give the environment: inherited < files < the definition < what the agent adds."""
    env = {} if spec.env_clean else dict(place.base)
    if spec.env_file:
        from svcctl.engine.env_file import read_env_file  # noqa: PLC0415 - few services have any

        for path in spec.env_file:
            env |= read_env_file(path)
    env |= spec.env
    env |= {
        "INSTANCE": str(place.number),
        "SVCCTL_SERVICE": spec.name,
        "SVCCTL_INSTANCE": place.instance,
    }
    if spec.python and "STATE_DIRECTORY" not in env:
        env |= _own_folder(spec, place)
    if spec.secrets:
        from svcctl.engine import credentials  # noqa: PLC0415 - few services have any

        folder = f"{place.credentials}/{place.instance}"
        env |= credentials.hand_over(spec, folder, place.base)
    return env | dict(place.extra)


def _own_folder(spec: ServiceSpec, place: Place) -> dict[str, str]:
    """Name the folder of a service in Python, unless it is to look elsewhere; make another's."""
    if not place.services or "SVCCTL_HOME" in spec.env:
        return {}
    path = f"{place.services}/{place.instance}"
    if spec.user:
        from svcctl.engine.state_folder import make  # noqa: PLC0415 - few services need it

        make(path, spec.user)
    return {"STATE_DIRECTORY": path}
