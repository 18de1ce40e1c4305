"""Keeps two copies of one service from running on one machine, but for instances of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from svcctl.errors import Conflict
from svcctl.sdk import holder
from svcctl.sdk.instance import Instance
from svcctl.system.lock import lock


@contextmanager
def only_copy(instance: Instance, folder: str) -> Iterator[str]:
    """Be the one process that is *instance* while the block lasts; raises Conflict beside another.

    *folder* is where it keeps what outlasts it: whoever has that is the same service, and the two
    would spoil it.  The kernel lets go of the lock when this process dies, however that is, and
    when it runs itself anew.  Gives why others cannot be kept out where there is no place for a
    lock: a service may live on such a machine.
    """

    def busy(note: str) -> Conflict:
        who = holder.described(holder.parse(note))
        beside = f", or run one more beside it: --instance {instance.number + 1}"
        return Conflict(
            f"{instance.name!r} already runs as {who}",
            hint=f"stop that one first{'' if instance.told else beside}",
        )

    path, problem = os.path.join(folder, f"{instance.name}.lock"), ""
    with ExitStack() as stack:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            note = holder.this_process().note()
            stack.enter_context(lock(path, note=note, busy=busy, remove=True))
        except OSError as error:
            problem = f"'{path}' cannot be locked: {error.strerror}"
        yield problem
