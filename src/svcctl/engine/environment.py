"""What a service's programs run in: variables, secrets, folder, account and limits."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.spec.service import SecretsAs, ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which instance, and what its agent gives it.

    *base* is what it inherits unless it wants a clean environment; *credentials* the folder for
    secrets in files; *extra* goes over everything.
    """

    instance: str
    number: int
    base: Mapping[str, str]
    credentials: str
    extra: Mapping[str, str]


def argv(spec: ServiceSpec) -> tuple[str, ...]:
    """Give the argument vector of the main program."""
    return ("/bin/sh", "-c", spec.exec[0]) if spec.shell else spec.exec


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


def read_env_file(path: str) -> dict[str, str]:
    """Read NAME=value lines, quoted as for a shell; a leading ``-`` makes the file optional."""
    optional, path = path.startswith("-"), path.removeprefix("-")
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        if optional:
            return {}
        raise CannotSpawn(
            f"environment file {path!r} is not there",
            hint=f'make it optional with a leading -: env_file = ["-{path}"]',
            permanent=True,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotSpawn(
            f"environment file {path!r} cannot be read: {error}", permanent=True
        ) from error
    return dict(_assignments(text, path))


def _assignments(text: str, path: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip().removeprefix("export ")
        if not stripped or stripped.startswith("#"):
            continue
        name, sign, value = stripped.partition("=")
        try:
            words = shlex.split(value, comments=True)
        except ValueError as error:
            raise CannotSpawn(f"{path}:{number}: {error}", permanent=True) from error
        if not sign or not name.strip().isidentifier():
            raise CannotSpawn(f"{path}:{number}: not a NAME=value line", permanent=True)
        yield name.strip(), " ".join(words)


def _secrets(spec: ServiceSpec, place: Place) -> dict[str, str]:
    values = {name: _resolve(name, reference) for name, reference in spec.secrets.items()}
    if spec.secrets_as is SecretsAs.ENV:
        return {name: value.decode(errors="surrogateescape") for name, value in values.items()}
    folder = Path(place.credentials) / place.instance
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, value in values.items():
            _write_secret(folder / name, value, spec.user)
        _own(folder, spec.user)
    except OSError as error:
        raise CannotSpawn(f"secrets cannot be handed over: {error.strerror}") from error
    return {"CREDENTIALS_DIRECTORY": str(folder)}


def forget_secrets(credentials: str, instance: str) -> None:
    """Delete the secrets handed to *instance* in files."""
    folder = Path(credentials) / instance
    with suppress(OSError):
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()


def _resolve(name: str, reference: str) -> bytes:
    """Give the value of a secret; no error ever names the value."""
    kind, _, where = reference.partition(":")
    if kind == "env":
        if where not in os.environ:
            raise CannotSpawn(
                f"secret {name!r}: the agent has no variable {where!r}", permanent=True
            )
        return os.environb[where.encode()]
    try:
        return Path(where).read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise CannotSpawn(
            f"secret {name!r}: {where!r} cannot be read: {error.strerror}", permanent=True
        ) from error


def _write_secret(path: Path, value: bytes, user: str | None) -> None:
    draft = path.with_name(f".{path.name}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        os.write(descriptor, value)
    finally:
        os.close(descriptor)
    _own(draft, user)
    draft.replace(path)


def _own(path: Path, user: str | None) -> None:
    if user:
        import shutil  # noqa: PLC0415 - rarely needed, and not small

        shutil.chown(path, user=int(user) if user.isdigit() else user)
