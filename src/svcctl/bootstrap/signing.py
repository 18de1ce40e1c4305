"""Keeps the private keys that people and hosts sign with in files, never in a command line."""

from __future__ import annotations

import os
from contextlib import suppress

from svcctl.auth.signing_keys import new_key, private_of
from svcctl.bootstrap.private_files import read_private
from svcctl.errors import Conflict, SystemFault, quoted
from svcctl.system import whole_file


def make_key(path: str) -> bytes:
    """Make a private key in the file *path*, for its owner alone; give its 32 bytes.

    Raises Conflict where there is such a file, SystemFault where it cannot be written.
    """
    path = os.path.abspath(path)  # noqa: PTH100 - pathlib is slow to load
    if os.path.lexists(path):
        raise Conflict(f"there is {quoted(path)} already", hint="name another file")
    made = new_key()
    try:
        whole_file.write(path, made, mode=0o600)
    except OSError as error:
        raise SystemFault(f"cannot write {quoted(path)}: {error.strerror}") from error
    return private_of(made)


def own_key(path: str) -> bytes:
    """Give the 32 bytes of the private key in the file *path*, which is made where there is none.

    Raises UsageError and SystemFault as :func:`read_key` and :func:`make_key` do.
    """
    if not os.path.lexists(path):
        with suppress(Conflict):  # another process was first
            make_key(path)
    return read_key(path)


def read_key(path: str) -> bytes:
    """Give the 32 bytes of the private key in the file *path*.

    Raises UsageError for what is none, and for a file that others may read.
    """
    return private_of(read_private(path, what="the key"))
