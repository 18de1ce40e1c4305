"""Agents elsewhere, as this user knows them: their names and addresses, and clients of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from svcctl.bootstrap.local import paths
from svcctl.errors import Conflict, StateFault, SvcctlError, UsageError, quoted
from svcctl.system import whole_file

if TYPE_CHECKING:  # most commands are about this machine
    from svcctl.client.http import HttpClient
    from svcctl.client.remote import Contexts, Remote

_FILE = "contexts.json"


def contexts(home: str | None) -> Contexts:
    """Give the agents this user knows; raises StateFault where the file cannot be read."""
    from svcctl.client.remote import Contexts, contexts_of  # noqa: PLC0415 - see above

    path = _path(home, _FILE)
    content = _read(path)
    if content is None:
        return Contexts()
    try:
        return contexts_of(json.loads(content))
    except (StateFault, ValueError, RecursionError) as error:
        raise StateFault(
            f"the contexts in {quoted(path)} cannot be read: {error}",
            hint="mend that file, or delete it; for this machine: svcctl --host local",
        ) from error


def change_contexts(home: str | None, change: Callable[[Contexts], Contexts]) -> Contexts:
    """Have what *change* makes of them known from now on; raises Conflict, StateFault."""
    from svcctl.system.lock import lock  # noqa: PLC0415 - few commands change anything

    def busy(_: str) -> SvcctlError:
        return Conflict("another command changes the contexts", hint="ask again")

    path = _path(home, _FILE)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - as below
        with lock(f"{path}.lock", note=str(os.getpid()), busy=busy, remove=True):
            changed = change(contexts(home))
            content = json.dumps(changed.document(), indent=2) + "\n"
            whole_file.write(path, content.encode(), mode=0o600)
    except OSError as error:
        raise StateFault(f"{quoted(path)} cannot be written: {error.strerror}") from error
    return changed


def chosen(home: str | None, host: str | None) -> tuple[Remote, ...]:
    """Give whom *host* means: names, globs or addresses, with commas between; none: this machine.

    Where *host* says nothing it is the current context.  Raises UnknownService, UsageError.
    """
    if not host and not os.path.exists(_path(home, _FILE)):  # noqa: PTH110 - pathlib is slow to load
        return ()
    from svcctl.client.remote import HERE  # noqa: PLC0415 - see above

    words = [each.strip() for each in (host or "").split(",") if each.strip()]
    if words == [HERE]:
        return ()
    known = contexts(home)
    if not words:
        return (known.find(known.current),) if known.current else ()
    found: dict[str, Remote] = {}
    for word in words:
        if word == HERE:
            raise UsageError(f"{HERE!r} is asked alone", hint="leave out the others")
        for each in [_at(word, known)] if "://" in word else known.matching(word):
            found.setdefault(each.name, each)
    return tuple(found.values())


def _at(url: str, known: Contexts) -> Remote:
    """Give the one at *url*: that of a context, or one that has no name."""
    from svcctl.client.remote import Remote  # noqa: PLC0415 - see above
    from svcctl.client.remote_url import check_url  # noqa: PLC0415

    checked = check_url(url)
    same = (each for each in known.known.values() if each.url == checked)
    return next(same, Remote(name=checked, url=checked))


def remote_client(
    remote: Remote,
    home: str | None,
    *,
    timeout: float | None = None,
    tell: Callable[[str], None] | None = None,
    token: str = "",
) -> HttpClient:
    """Give a client of *remote* that shows *token*, else what this user logged in with."""
    from svcctl.bootstrap.host_tokens import token_for  # noqa: PLC0415 - see above
    from svcctl.client.http import HttpClient  # noqa: PLC0415

    def shown() -> str:
        return token or token_for(remote, home)

    return HttpClient(remote, token=shown, timeout=timeout, tell=tell)


def _path(home: str | None, name: str) -> str:
    return os.path.join(paths(home).config, name)  # noqa: PTH118 - pathlib is slow to load


def _read(path: str) -> bytes | None:
    try:
        return whole_file.read(path)
    except OSError as error:
        raise StateFault(f"{quoted(path)} cannot be read: {error.strerror}") from error
