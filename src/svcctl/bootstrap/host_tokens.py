"""What shows agents elsewhere who asks: tokens in a keyring, or in files for this user alone.

A token is kept with the address it was given for, and sent to no other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from urllib.parse import quote

from svcctl.bootstrap.local import paths
from svcctl.client.remote import Remote
from svcctl.errors import StateFault, Unauthenticated, UsageError, quoted
from svcctl.system import whole_file
from svcctl.system.detect import others_may

_LONGEST_TOKEN = 16_384  # characters; more than fits in the headers of a request
_KEYRING = "svcctl"  # the service that entries of a keyring are for


def check_token(text: str) -> str:
    """Give *text* as it is sent; raises UsageError for what cannot be a token."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("that is no token", hint="svcctl auth token issue NAME, on that machine")
    if len(token) > _LONGEST_TOKEN:
        raise UsageError(f"a token has at most {_LONGEST_TOKEN} characters")
    return token


def token_for(remote: Remote, home: str | None) -> str:
    """Give what shows who asks *remote*: what was kept for its address, else SVCCTL_TOKEN_FILE.

    Empty where there is neither.  Raises StateFault for a file that others can read.
    """
    kept = _kept_token(remote, home)
    if kept:
        return kept
    file = os.environ.get("SVCCTL_TOKEN_FILE", "")
    return check_token(_text_in(file)) if file else ""


def has_token(remote: Remote, home: str | None) -> bool:
    """Say whether a token is kept for *remote*; raises StateFault for a file that is none."""
    return _kept(remote, home) is not None


def keep_token(remote: Remote, home: str | None, token: str) -> str:
    """Keep *token* for the address of *remote*, and say where; raises StateFault."""
    kept: dict[str, str] = {"url": remote.url}
    where = "the keyring of this user"
    if not _into_keyring(remote, token):
        kept["token"] = token
        where = quoted(_token_path(remote, home))
    path = _token_path(remote, home)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - as above
        whole_file.write(path, json.dumps(kept).encode(), mode=0o600)
    except OSError as error:
        raise StateFault(f"{quoted(path)} cannot be written: {error.strerror}") from error
    return where


def forget_token(remote: Remote, home: str | None) -> bool:
    """Keep no token for *remote* any more; say whether there was one."""
    path = _token_path(remote, home)
    content = whole_file.read(path)
    if content is None:
        return False
    if b'"token"' not in content:
        _out_of_keyring(remote)
    whole_file.delete(path)
    return True


def _kept_token(remote: Remote, home: str | None) -> str:
    kept = _kept(remote, home)
    if kept is None:
        return ""
    return kept["token"] if "token" in kept else _of_keyring(remote)


def _kept(remote: Remote, home: str | None) -> Mapping[str, str] | None:
    """Give what was written of a token for the address of *remote*; None: nothing was."""
    path = _token_path(remote, home)
    if not os.path.exists(path):  # noqa: PTH110 - pathlib is slow to load
        return None
    try:
        kept = {str(name): str(value) for name, value in json.loads(_private(path)).items()}
        return kept if kept["url"] == remote.url else None
    except (AttributeError, KeyError, ValueError) as error:
        raise StateFault(
            f"{quoted(path)} holds no token", hint=f"svcctl login {remote.name}"
        ) from error


def _private(path: str) -> str:
    """Give what stands in a file that is for its owner alone; raises StateFault."""
    text = _text_in(path)
    if others_may(os.stat(path).st_mode):  # noqa: PTH116 - as below
        raise StateFault(f"{quoted(path)} can be read by others", hint=f"chmod 600 {path}")
    return text


def _text_in(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to load
            return file.read(2 * _LONGEST_TOKEN)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or error
        raise StateFault(f"{quoted(path)} cannot be read: {said}") from error


def _into_keyring(remote: Remote, token: str) -> bool:
    """Keep *token* in the keyring, where there is one; say whether it is there."""
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return False
    try:
        keyring.set_password(_KEYRING, remote.url, token)
        return keyring.get_password(_KEYRING, remote.url) == token  # there are some that forget
    except KeyringError:  # none of this session, or it stays locked: a file is as good
        return False


def _of_keyring(remote: Remote) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError as error:
        raise Unauthenticated(
            "the token is in a keyring, and keyring is not installed",
            hint=f"pip install 'svcctl[keyring]'; or svcctl login {remote.name}",
        ) from error
    try:
        return keyring.get_password(_KEYRING, remote.url) or ""
    except KeyringError as error:
        hint = f"unlock it; or svcctl login {remote.name}"
        raise Unauthenticated(f"the keyring does not answer: {error}", hint=hint) from error


def _out_of_keyring(remote: Remote) -> None:
    try:
        import keyring  # noqa: PLC0415 - an extra
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return
    try:
        keyring.delete_password(_KEYRING, remote.url)
    except KeyringError:  # it is not there any more
        return


def _token_path(remote: Remote, home: str | None) -> str:
    name = quote(remote.name, safe="")
    return os.path.join(paths(home).config, "tokens", name)  # noqa: PTH118 - as above
