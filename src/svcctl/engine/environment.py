"""What a service's programs run in: variables, secrets, folder, account and limits."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.engine.env_file import read_env_file
from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.spec.service import SecretsAs, ServiceSpec

_LINE_END = re.compile(rb"\r?\n\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which instance, and what its agent gives it.

    *base* is what it inherits unless it wants a clean environment; *credentials* the folder for
    secrets in files; *extra* goes over everything.
    """

    instance: str
    number: int
    base: Mapping[str, str] = field(repr=False)
    credentials: str
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
    for path in spec.env_file:
        env |= read_env_file(path)
    env |= spec.env
    env |= {
        "INSTANCE": str(place.number),
        "SVCCTL_SERVICE": spec.name,
        "SVCCTL_INSTANCE": place.instance,
    }
    if spec.secrets:
        env |= _secrets(spec, place)
    return env | dict(place.extra)


def _secrets(spec: ServiceSpec, place: Place) -> dict[str, str]:
    secrets = {
        name: _resolve(name, reference, place.base) for name, reference in spec.secrets.items()
    }
    if spec.secrets_as is SecretsAs.ENV:
        return {name: secret.text(name) for name, secret in secrets.items()}
    folder = Path(place.credentials) / place.instance
    try:
        _make_folder(folder, open_to_others=spec.user is not None)
        for name, secret in secrets.items():
            _write(folder / name, secret, spec.user)
    except (OSError, LookupError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise CannotSpawn(f"secrets cannot be handed over in {str(folder)!r}: {problem}") from error
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def forget_secrets(credentials: str, instance: str) -> None:
    """Delete the secrets handed to *instance* in files."""
    folder = Path(credentials) / instance
    with suppress(OSError):
        for each in folder.iterdir():
            _delete(each)
        folder.rmdir()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no log, error or traceback shows."""

    value: bytes

    def __repr__(self) -> str:
        return "***"

    def text(self, name: str) -> str:
        """Give it as the value of the variable *name*; raises CannotSpawn."""
        if b"\0" in self.value:
            raise CannotSpawn(
                f"secret {name!r} holds a NUL, which no variable can",
                hint='hand it over in a file: secrets_as = "file"',
                permanent=True,
            )
        return os.fsdecode(self.value)


def _resolve(name: str, reference: str, environ: Mapping[str, str]) -> Secret:
    kind, _, where = reference.partition(":")
    if kind == "env":
        if where not in environ:
            raise CannotSpawn(
                f"secret {name!r}: the agent has no variable {where!r}", permanent=True
            )
        return Secret(os.fsencode(environ[where]))
    try:
        return Secret(_LINE_END.sub(b"", Path(where).read_bytes()))
    except OSError as error:
        raise CannotSpawn(
            f"secret {name!r}: {where!r} cannot be read: {error.strerror}", permanent=True
        ) from error


def _make_folder(folder: Path, *, open_to_others: bool) -> None:
    """Make a folder that stays the agent's: whoever owned it could lead our writes elsewhere."""
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.parent.chmod(0o711)  # others may pass, whatever our umask is
    folder.chmod(0o755 if open_to_others else 0o700)


def _write(path: Path, secret: Secret, user: str | None) -> None:
    """Put *secret* there at once and whole, for *user* to read and nobody else."""
    if path.exists() and path.read_bytes() == secret.value:
        return  # a check that runs every second must not write every second
    draft = path.with_name(f".{path.name}")
    if draft.exists():
        _delete(draft)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(secret.value)
        if user:
            _give(descriptor, user)
    if path.exists():
        path.chmod(0o600)
    draft.replace(path)


def _delete(path: Path) -> None:
    path.chmod(0o600)  # Windows deletes and replaces nothing that is read-only
    path.unlink()


def _give(descriptor: int, user: str) -> None:
    import shutil  # noqa: PLC0415 - rarely needed, and not small

    shutil.chown(descriptor, user=int(user) if user.isdecimal() else user)
