"""The secrets of a service: resolved when it starts, handed over, forgotten when it has ended."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from svcctl.engine.named_file import read
from svcctl.errors import CannotSpawn, quoted
from svcctl.spec.service import SecretsAs, ServiceSpec

_LINE_END = re.compile(rb"\r?\n\Z")


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


def hand_over(spec: ServiceSpec, folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables by which a program gets its secrets; write those wanted in files.

    *folder* is that of its instance, *environ* what the agent has.  Raises CannotSpawn.
    """
    secrets = {name: resolve(name, where, environ) for name, where in spec.secrets.items()}
    if spec.secrets_as is SecretsAs.ENV:
        return {name: secret.text(name) for name, secret in secrets.items()}
    try:
        _make_folder(Path(folder), open_to_others=spec.user is not None)
        for name, secret in secrets.items():
            _write(Path(folder, name), secret, spec.user)
    except (OSError, LookupError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise CannotSpawn(
            f"secrets cannot be handed over in {quoted(folder)}: {problem}"
        ) from error
    return {"CREDENTIALS_DIRECTORY": folder}


def forget(folder: str) -> None:
    """Delete the secrets handed over in the *folder* of an instance."""
    with suppress(OSError):
        for each in Path(folder).iterdir():
            _delete(each)
        Path(folder).rmdir()


def resolve(name: str, reference: str, environ: Mapping[str, str]) -> Secret:
    """Give what *reference* (``file:PATH``, ``env:NAME``) leads to; raises CannotSpawn."""
    kind, _, where = reference.partition(":")
    if kind == "env":
        if where not in environ:
            raise CannotSpawn(
                f"secret {name!r}: the agent has no variable {where!r}", permanent=True
            )
        return Secret(os.fsencode(environ[where]))
    try:
        return Secret(_LINE_END.sub(b"", read(where)))
    except OSError as error:
        raise CannotSpawn(
            f"secret {name!r}: {quoted(where)} cannot be read: {error.strerror}", permanent=True
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
    with open(descriptor, "wb") as file:
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
