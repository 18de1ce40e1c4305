"""Starts, finds and measures process trees: the engine's only way to processes on POSIX."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import signal
from collections.abc import Callable, Container, Iterable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from svcctl.errors import CannotSpawn, SystemFault
from svcctl.ports import Child, Identity, Launch, Member, Survivor, Usage
from svcctl.system.posix.account import environment_of, find_account
from svcctl.system.posix.cgroup import Cgroups, Group, group_of, needs_group, open_cgroups
from svcctl.system.posix.child import PosixChild
from svcctl.system.posix.confine import Problem, confine
from svcctl.system.posix.descriptors import (
    FileLimit,
    insist_on_descriptors,
    keep_one_spare,
    raise_file_limit,
    restore_file_limit,
)
from svcctl.system.posix.looks import Looks
from svcctl.system.posix.memory import memory_left
from svcctl.system.posix.pidfd import open_pidfd
from svcctl.system.posix.process import (
    TAG_VARIABLE,
    TOKEN_VARIABLE,
    identity_of,
    is_same,
    most_open_files,
    read_process,
    take_snapshot,
)
from svcctl.system.posix.program import find_program
from svcctl.system.posix.reaper import reap_orphans
from svcctl.system.posix.signals import hush_wakeups
from svcctl.system.posix.start import Start, start
from svcctl.system.posix.survivors import MARK_VARIABLE, survivors
from svcctl.system.posix.sweep import Sweep
from svcctl.system.posix.tree import Tree

_PR_SET_CHILD_SUBREAPER = 36


class PosixSpawner:
    """The spawner of one agent, to be entered within its event loop and main thread.

    While entered, orphans of our trees come to us and are taken leave of.  A process that adopts
    after an exec (``agent upgrade``) must do so before it first yields to the loop.

    *agent* names the agent, the same after a restart.  By *mark*, a secret, it knows its programs
    again; it is the same until the machine boots.  *use_cgroups*: None where we were given a
    place for them.  Hooks and probes (``:`` in the tag) get no control group: moving one costs up
    to 15 ms of waiting on an idle machine, and they are short.
    """

    def __init__(
        self, *, agent: str = "default", mark: str = "", use_cgroups: bool | None = None
    ) -> None:
        self._agent = agent
        self._mark = mark
        self._use_cgroups = use_cgroups
        self._cgroups: Cgroups | None = None
        self._children: dict[int, PosixChild] = {}
        self._tokens: dict[str, int] = {}
        self._looks = Looks()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._file_limit: FileLimit | None = None

    def __enter__(self) -> Self:
        if not hasattr(os, "pidfd_open") or not hasattr(os, "P_PIDFD"):
            raise SystemFault(
                "this system has no pidfd_open",
                hint="svcctl needs Linux 5.4 or newer to keep services itself",
            )
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGCHLD, self._on_sigchld)
        hush_wakeups()
        _be_subreaper(wanted=True)
        self._file_limit = raise_file_limit()
        keep_one_spare()
        _keep_descriptors_to_ourselves()
        if self._use_cgroups is not False:
            self._cgroups = open_cgroups(self._agent)
        if self._use_cgroups and self._cgroups is None:
            raise SystemFault(
                "control groups were asked for, but this agent was given no place for them",
                hint="under systemd, set Delegate=yes in the agent's unit",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None:
            self._loop.remove_signal_handler(signal.SIGCHLD)
        _be_subreaper(wanted=False)
        self._looks.close()
        if self._file_limit is not None:
            restore_file_limit(self._file_limit)
        for child in tuple(self._children.values()):
            child.close()
        if self._cgroups is not None:
            self._cgroups.close()

    @property
    def pids(self) -> Container[int]:
        """Give the main processes that run."""
        return self._children

    @property
    def tokens(self) -> Container[str]:
        """Give the tokens of all trees whose main process runs."""
        return self._tokens

    def forget(self, child: PosixChild) -> None:
        """Take note that a main process is no more, or no more watched."""
        pid = child.identity.pid
        if self._children.get(pid) is child:
            del self._children[pid]
        if self._tokens.get(child.tree.token) == pid:
            del self._tokens[child.tree.token]

    def spawn(self, launch: Launch) -> PosixChild:
        """Start a program as leader of a session of its own, or raise CannotSpawn."""
        insist_on_descriptors()
        account = find_account(launch)
        confinement = confine(launch, account)
        env = dict(launch.env) if account is None else environment_of(account, launch.env)
        env[TOKEN_VARIABLE] = launch.token
        env[TAG_VARIABLE] = launch.tag
        if self._mark:
            env[MARK_VARIABLE] = self._mark
        program = find_program(launch.argv[0] if launch.argv else "", env=env, cwd=launch.cwd)
        group, problems = self._make_group(launch)
        # Limits must hold from the first instruction on, so the program joins by itself.
        joins = group is not None and needs_group(launch.limits)
        settings = None
        if confinement.needs_shim or joins:
            settings = confinement.settings(
                program=program,
                argv=launch.argv,
                env=env,
                cwd=launch.cwd,
                cgroup=group.procs if group is not None and joins else "",
            )
        with ExitStack() as undo:
            if group is not None:
                undo.callback(group.remove)
            plan = Start(program=program, env=env, settings=settings, files=self._file_limit)
            pid = start(launch, plan)
            undo.pop_all()
        if group is not None and not joins:
            group.add(pid)
        return self._watch_new(pid, launch, group, confinement.unenforced + problems)

    def adopt(self, identity: Identity, *, tag: str, token: str) -> PosixChild | None:
        """Take over a tree that an earlier agent started; None where that process is no more."""
        pidfd = open_pidfd(identity.pid)
        if pidfd is None:
            return None
        found = identity_of(identity.pid, pidfd)
        process = read_process(identity.pid)
        if found is None or process is None or not is_same(found, identity):
            os.close(pidfd)
            return None
        tree = Tree(
            main=found,
            token=token,
            group=group_of(identity.pid, tag, token),
            is_ours=process.ppid == os.getpid(),
        )
        return self._keep(PosixChild(identity=found, pidfd=pidfd, tree=tree, siblings=self))

    def identify(self, pid: int) -> Identity | None:
        """Say which process has *pid* now; None where there is none."""
        pidfd = open_pidfd(pid) if pid > 0 else None
        if pidfd is None:
            return None
        try:
            return identity_of(pid, pidfd)
        finally:
            os.close(pidfd)

    def find(self, token: str) -> Identity | None:
        """Find the main process started with *token*, or None: the first leader of a session."""
        leaders = [
            each
            for each in take_snapshot().with_token(token)
            if each.pid == each.session and not each.ended
        ]
        if not leaders:
            return None
        return self.identify(min(leaders, key=lambda each: (each.start_ticks, each.pid)).pid)

    def survivors(self) -> tuple[Survivor, ...]:
        """Give what agents with our mark started and that runs."""
        return survivors(self._mark, self.identify) if self._mark else ()

    def strays(self, tag: str, token: str, then: Callable[[tuple[Member, ...]], None]) -> None:
        """Kill what is left of a tree whose main process ended while no agent ran."""
        group = None if self._cgroups is None else self._cgroups.group(tag, token)

        def tell(killed: tuple[Member, ...]) -> None:
            if group is not None:
                group.remove()
            then(killed)

        tree = Tree(main=None, token=token, group=group, is_ours=False)
        Sweep(asyncio.get_running_loop(), tree, tell).start()

    def usage(self, children: Iterable[Child], *, closely: bool = False) -> list[Usage]:
        """Measure each of *children*, with one look at the machine."""
        children = list(children)
        with self._looks.recent(each.identity.pid for each in children) as snapshot:
            return [
                each.tree.usage(snapshot, closely=closely)
                if isinstance(each, PosixChild)
                else Usage()
                for each in children
            ]

    def private_bytes(self, child: Child) -> int | None:
        """Give the unique set size of the tree of *child*; None where it is hidden from us."""
        return child.tree.private_bytes() if isinstance(child, PosixChild) else None

    def most_open_files(self, child: Child) -> int | None:
        """Give the soft limit of the main process: the others have it from there."""
        return most_open_files(child.identity.pid)

    def memory_left(self) -> int | None:
        """Give the bytes that programs can still get; None: unknown."""
        return memory_left()

    def _make_group(self, launch: Launch) -> tuple[Group | None, tuple[Problem, ...]]:
        wanted = needs_group(launch.limits)
        why = "the agent was given no control group of its own"
        if self._cgroups is not None and (wanted or ":" not in launch.tag):
            try:
                return self._cgroups.make(launch.tag, launch.token, launch.limits)
            except OSError as error:
                why = f"its control group could not be made: {error.strerror}"
        asked = ("memory", "cpu", "tasks")
        return None, tuple(
            (name, why) for name in asked if getattr(launch.limits, name) is not None
        )

    def _watch_new(
        self, pid: int, launch: Launch, group: Group | None, unenforced: tuple[Problem, ...]
    ) -> PosixChild:
        """Watch what was just started; kill it where that is not possible."""
        pidfd = -1
        try:
            pidfd = os.pidfd_open(pid)
            identity = identity_of(pid, pidfd)
            if identity is None:
                raise OSError(errno.ESRCH, "it was taken away as it started")
        except OSError as error:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            if pidfd >= 0:
                os.close(pidfd)
            raise CannotSpawn(f"'{launch.tag}' cannot be watched: {error.strerror}") from error
        tree = Tree(main=identity, token=launch.token, group=group, is_ours=True)
        return self._keep(
            PosixChild(
                identity=identity, pidfd=pidfd, tree=tree, siblings=self, unenforced=unenforced
            )
        )

    def _keep(self, child: PosixChild) -> PosixChild:
        self._children[child.identity.pid] = child
        self._tokens[child.tree.token] = child.identity.pid
        return child

    def _on_sigchld(self) -> None:
        reap_orphans(self._look)

    def _look(self, pid: int) -> bool:
        """Have the child of *pid* see to it; False where it is not one of ours."""
        child = self._children.get(pid)
        if child is None:
            return False
        child.look()
        return True


def _be_subreaper(*, wanted: bool) -> None:
    """Become whom orphans of our trees go to, instead of init; see prctl(2). Linux only."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(int(wanted)), 0, 0, 0)


def _keep_descriptors_to_ourselves() -> None:
    """Have no program inherit what whoever started the agent left open."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            with suppress(OSError):
                os.set_inheritable(int(name), False)
