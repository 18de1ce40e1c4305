"""Says which processes belong to a tree, however far they went from its main process."""

from __future__ import annotations

import os
from collections.abc import Container

from svcctl.ports import Identity, Member, Usage
from svcctl.system.posix.cgroup import Group
from svcctl.system.posix.process import (
    Process,
    Snapshot,
    child_pids,
    private_bytes,
    read_process,
    take_snapshot,
    token_of,
    usage_of,
)
from svcctl.system.posix.traffic import Traffic

_INIT = 1


class Tree:
    """One main process and all that came of it.

    Belongs: who is in its control group, in a session that one of it led, was started with its
    token, or descends from one of these.  A daemon that left its session, lost its parent and
    cleared its environment before anybody looked is found by its control group only.

    *main* is the main process, None where it is no more; *is_ours*: it is our child.
    """

    def __init__(
        self, *, main: Identity | None, token: str, group: Group | None, is_ours: bool
    ) -> None:
        self.token = token
        self.group = group
        self._main = main
        self._sessions = {} if main is None else {main.pid: main.start_ticks}
        self._is_ours = is_ours
        self._traffic = Traffic()

    def usage(self, snapshot: Snapshot, *, closely: bool) -> Usage:
        """Measure the tree; *closely* counts open files and bytes of disks too."""
        processes = self.processes(snapshot)
        if not closely:
            return usage_of(processes)
        files, read, written = self._traffic.look(processes)
        return usage_of(processes, open_files=files, read_bytes=read, written_bytes=written)

    def private_bytes(self) -> int | None:
        """Give the unique set size of all that live; None where it is hidden from us."""
        sizes = [private_bytes(each.pid) for each in self.processes()]
        known = [each for each in sizes if each is not None]
        return sum(known) if known else None

    def processes(self, snapshot: Snapshot | None = None) -> list[Process]:
        """Give the live ones, zombies excepted, oldest first; learns their sessions for later.

        Who is in the control group is asked of the kernel where no *snapshot* is given: that is
        exact, and takes as long as all the rest where a thousand trees are measured.
        """
        group = self.group
        if snapshot is not None:
            inside = [] if group is None else snapshot.in_group(group.name)
        else:
            snapshot = take_snapshot()
            found = map(snapshot.by_pid.get, () if group is None else group.pids())
            inside = [each for each in found if each is not None]
        start = [*snapshot.with_token(self.token), *inside] if self.token else inside
        start.extend(self._main_in(snapshot))
        start.extend(self._in_our_sessions(snapshot))
        tree = _close(snapshot, start)
        self._sessions |= {each.pid: each.start_ticks for each in tree if each.pid == each.session}
        live = [each for each in tree if not each.ended]
        live.sort(key=_age)
        return live

    def _in_our_sessions(self, snapshot: Snapshot) -> list[Process]:
        """Give who is in them; one that ended is forgotten, as its number may come back."""
        found: list[Process] = []
        for session, start_ticks in tuple(self._sessions.items()):
            leader = snapshot.by_pid.get(session)
            members = snapshot.by_session.get(session, ())
            if members and (leader is None or leader.start_ticks == start_ticks):
                found.extend(members)
            else:
                del self._sessions[session]
        return found

    def _main_in(self, snapshot: Snapshot) -> list[Process]:
        if self._main is None:
            return []
        found = snapshot.by_pid.get(self._main.pid)
        return [found] if found and found.start_ticks == self._main.start_ticks else []

    def is_surely_gone(self, known: Container[int], tokens: Container[str]) -> bool:
        """Say, at the price of microseconds, whether nothing is left; False: look closer.

        Holds once the main process ended: what it left behind came to us, the subreaper, so one
        of our children would be unknown.  *known* are the pids of main processes, *tokens* those
        of other trees.
        """
        if not self._is_ours or (self.group is not None and not self.group.is_empty()):
            return False
        children = child_pids()
        if children is None:
            return False
        return all(pid in known or self._is_foreign(pid, tokens) for pid in children)

    def _is_foreign(self, pid: int, tokens: Container[str]) -> bool:
        """Say whether an orphan is surely not of this tree."""
        found = read_process(pid)
        if found is None or found.ended or found.session == os.getsid(0):
            return True
        if self._main is not None and found.start_ticks < self._main.start_ticks:
            return True
        token = token_of(pid)
        return found.session not in self._sessions and token != self.token and token in tokens


def as_member(process: Process) -> Member:
    """Give what people are told of a process."""
    return Member(pid=process.pid, name=process.name)


def _age(process: Process) -> tuple[int, int]:
    return process.start_ticks, process.pid


def _close(snapshot: Snapshot, start: list[Process]) -> list[Process]:
    """Add all that descend from those we start from, or are in a session one of them leads.

    Who shares our own session is never of a tree, whatever its environment says: a tree begins
    with a session of its own.
    """
    ours = os.getsid(0)
    found: dict[int, Process] = {}
    waiting = start
    while waiting:
        each = waiting.pop()
        if each.pid in found or each.pid == _INIT or each.session == ours:
            continue
        found[each.pid] = each
        waiting.extend(snapshot.by_parent.get(each.pid, ()))
        if each.pid == each.session:
            waiting.extend(snapshot.by_session.get(each.session, ()))
    return list(found.values())
