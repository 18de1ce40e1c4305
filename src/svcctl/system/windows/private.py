"""Folders of an agent or a host that nobody else may use."""

from __future__ import annotations

import os

from svcctl.system.windows.security import folder_sddl, insist_it_is_ours, own_sid, protect


def private_folder(path: str) -> None:
    """Make sure that *path* is a folder of ours; raises Denied where somebody else made it."""
    if not make_private(path):
        insist_it_is_ours(path)


def make_private(path: str) -> bool:
    """Make *path* for SYSTEM, administrators and this account alone; say whether it was missing.

    Folders above it are made in the same way as needed.  What is there keeps its access list: an
    installation gave it one.
    """
    try:
        os.mkdir(path)
    except FileExistsError:
        return False
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if parent == path:  # there is no such drive
            raise
        make_private(parent)
        os.mkdir(path)
    protect(path, folder_sddl(writers=(own_sid(),)))
    return True
