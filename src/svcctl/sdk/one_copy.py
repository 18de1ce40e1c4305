"""Keeps two copies of one service from running on one machine, but for instances of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from svcctl.errors import Conflict
from svcctl.sdk import holder
from svcctl.sdk.instance import Instance
from svcctl.system.detect import Platform, platform
from svcctl.system.lock import lock
from svcctl.system.paths import find_paths, private_folder


@contextmanager
def only_copy(instance: Instance, environ: Mapping[str, str]) -> Iterator[str]:
    """Be the one process that is *instance* while the block lasts; raises Conflict beside another.

    The kernel lets go of it when this process dies, however that is, and when it runs itself anew.
    Services of other users, and under another ``SVCCTL_HOME``, are others.  Gives why others
    cannot be kept out where there is no place for a lock: a service may live on such a machine.
    """

    def busy(note: str) -> Conflict:
        who = holder.described(holder.parse(note))
        beside = f", or run one more beside it: --instance {instance.number + 1}"
        return Conflict(
            f"{instance.name!r} already runs as {who}",
            hint=f"stop that one first{'' if instance.told else beside}",
        )

    folder, problem = os.path.join(find_paths(environ).run, "services"), ""
    path = os.path.join(folder, f"{instance.name}.lock")
    with ExitStack() as stack:
        try:
            _make(folder)
            stack.enter_context(lock(path, note=holder.this_process().note(), busy=busy))
        except OSError as error:
            problem = f"'{path}' cannot be locked: {error.strerror}"
        yield problem


def _make(folder: str) -> None:
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.private import make_private  # noqa: PLC0415

        make_private(folder)
    else:
        private_folder(folder, mode=0o711)
