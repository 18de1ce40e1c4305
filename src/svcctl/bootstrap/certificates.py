"""Puts together the certificate authority of this machine, whose every deed is written down."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from svcctl.app.asked import Asked
from svcctl.auth.authority import Authority
from svcctl.auth.identity import local
from svcctl.bootstrap.access import NATIVE
from svcctl.bootstrap.local import paths
from svcctl.bootstrap.own_name import own_name
from svcctl.engine.store import SqliteStore
from svcctl.system import whole_file
from svcctl.wire import Selection


class _Folder:
    """The files of an authority on a disk."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        return whole_file.read(self.path(name))

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        whole_file.write(self.path(name), content, mode=0o600 if private else 0o644)

    def path(self, name: str) -> str:
        return os.path.join(self._path, name)  # noqa: PTH118 - pathlib is slow to load


def authority(home: str | None) -> Authority:
    """Give the authority of this user's agent; it is made when that is asked for."""
    return Authority(_Folder(f"{paths(home).state}/certificates"), now=time.time)


@contextmanager
def written_down(home: str | None, verb: str, args: Mapping[str, object]) -> Iterator[None]:
    """Record in the audit log of the command line that *verb* is done, and how the block ends."""
    audit = SqliteStore(f"{paths(home).state}/{NATIVE}")
    try:
        identity = local(own_name(), source="this machine")
        asked = Asked(verb, Selection(), args, identity=identity, audit=audit, now=time.time)
        with asked.written_down():
            yield
    finally:
        audit.close()
