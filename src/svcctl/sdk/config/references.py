"""Looks up secrets where a configuration says they are: files, variables, credentials, keyrings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from svcctl.errors import SpecError, quoted
from svcctl.sdk.config.text import digest
from svcctl.spec.names import did_you_mean

LookUp = Callable[[str], str | None]
"""Gives the secret at the place after the colon; None where there is none.

Whatever it raises where there may be one, and it cannot be had, becomes a mistake.
"""

_LARGEST = 1024**2  # bytes
_LINE_END = re.compile(r"\r?\n\Z")
_HINT = "write file:PATH, env:NAME, cred:NAME, keyring:SERVICE/USER; text:... for the text itself"


def schemes(
    environ: Mapping[str, str],
    others: Mapping[str, LookUp],
    *,
    seen: Callable[[str, str], None] = lambda _path, _digest: None,
) -> Mapping[str, LookUp]:
    """Give every way to look up a secret by the word before the colon.

    *others* come from the program; *seen* is told of each file that was looked into, with the
    digest of its content (empty: there is none).
    """

    def file(path: str) -> str | None:
        content = _file(path)
        seen(path, "" if content is None else digest(content))
        return None if content is None else _secret_text(path, content)

    def credential(name: str) -> str | None:
        path = _credential(name, environ)
        return file(path) if path else None

    return {
        "file": file,
        "env": environ.get,
        "cred": credential,
        "keyring": _keyring,
        "text": str,
        **others,
    }


def is_reference(text: str, known: Mapping[str, LookUp]) -> bool:
    """Say whether *text* is a reference; if not it is the secret itself."""
    scheme, colon, _ = text.partition(":")
    return bool(colon) and scheme in known


def look_up(reference: str, known: Mapping[str, LookUp]) -> str | None:
    """Give the secret at *reference*; None where there is none.

    Raises SpecError, which shows the reference and never a secret.
    """
    scheme, colon, place = reference.partition(":")
    if not colon or scheme not in known:
        hint = did_you_mean(scheme, known) if colon else ""
        raise SpecError(f"the reference {quoted(reference)} is not understood", hint=hint or _HINT)
    if not place and scheme != "text":
        raise SpecError(f"the reference {quoted(reference)} names nothing", hint=_HINT)
    try:
        return known[scheme](place)
    except SpecError:
        raise
    except OSError as error:
        said = error.strerror or str(error)
        raise SpecError(f"{quoted(reference)} cannot be read: {said.lower()}") from error
    except Exception as error:
        problem = f"{quoted(reference)} cannot be looked up: {type(error).__name__}: {error}"
        raise SpecError(problem) from error


def _file(path: str) -> bytes | None:
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > _LARGEST:
        raise SpecError(f"{quoted(path)} is too large for a secret: more than 1 MiB")
    return content


def _secret_text(path: str, content: bytes) -> str:
    try:
        return _LINE_END.sub("", content.decode())
    except UnicodeDecodeError:
        raise SpecError(f"{quoted(path)} is not UTF-8") from None  # the cause would show it


def _credential(name: str, environ: Mapping[str, str]) -> str:
    """Give the path of a credential: https://systemd.io/CREDENTIALS/."""
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if os.sep in name or "/" in name or name in {".", ".."}:
        raise SpecError(f"{quoted(name)} is not the name of a credential")
    return str(Path(folder, name)) if folder else ""


def _keyring(place: str) -> str | None:
    service, slash, user = place.rpartition("/")
    if not slash or not service or not user:
        raise SpecError(f"{quoted(place)} is no entry of a keyring", hint="keyring:SERVICE/USER")
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError as error:
        hint = "pip install 'svcctl[keyring]'"
        raise SpecError("looking into a keyring needs keyring", hint=hint) from error
    try:
        return keyring.get_password(service, user)
    except KeyringError as error:
        problem = f"the keyring gave no answer for {quoted(place)}: {error}"
        raise SpecError(problem, hint="unlock it, or use file: or env:") from error
