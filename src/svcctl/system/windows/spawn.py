"""Starts, finds and measures process trees: the engine's only way to processes on Windows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from ctypes import wintypes
from types import TracebackType
from typing import Self

from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.ports import Child, Identity, Launch, Member, Survivor, Usage
from svcctl.system.windows.child import WindowsChild
from svcctl.system.windows.console import heed_ctrl_c
from svcctl.system.windows.create import Creation
from svcctl.system.windows.job import Job
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_TERMINATE,
    SYNCHRONIZE,
    close_handle,
    kernel32,
    open_process,
)
from svcctl.system.windows.memory import commit_left
from svcctl.system.windows.process import identify, identity_of
from svcctl.system.windows.snapshot import take_snapshot
from svcctl.system.windows.start import begin, create, plan
from svcctl.system.windows.tree import Tree
from svcctl.system.windows.winapi import declare

_NO_DIALOGS = 0x0001  # SEM_FAILCRITICALERRORS


class WindowsSpawner:
    """The spawner of one agent or host, to be entered within its (Proactor) event loop.

    The agent's end, however it comes, is that of all it started: they are in jobs that end with
    it.  So nothing is adopted from an agent that was before, and *agent* need not be known.
    """

    def __init__(self, *, agent: str = "default") -> None:
        self.agent = agent
        self._children: dict[str, WindowsChild] = {}

    def __enter__(self) -> Self:
        asyncio.get_running_loop()
        heed_ctrl_c()
        _have_no_dialogs()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in tuple(self._children.values()):
            child.close()

    def forget(self, child: WindowsChild) -> None:
        """Take note that a child was closed."""
        if self._children.get(child.token) is child:
            del self._children[child.token]

    def spawn(self, launch: Launch) -> WindowsChild:
        """Start a program with a hidden console of its own, or raise CannotSpawn."""
        creation = plan(launch)
        try:
            child = self._start(launch, creation)
        except CannotSpawn:
            raise
        except SvcctlError as error:
            raise CannotSpawn(f"'{launch.tag}': {error.problem}", hint=error.hint) from error
        self._children[launch.token] = child
        return child

    def _start(self, launch: Launch, creation: Creation) -> WindowsChild:
        with ExitStack() as undo:
            keep = undo.enter_context(ExitStack())
            job = Job(breakaway=launch.breakaway)
            undo.callback(job.close)
            unenforced = job.limit(launch.limits)
            created = create(creation, launch, keep)
            undo.callback(close_handle, created.process)
            unenforced += begin(created, job, launch)
            child = WindowsChild(
                process=created.process,
                tree=Tree(main=identity_of(created.pid, created.process), job=job),
                token=launch.token,
                siblings=self,
                keep=keep,
                unenforced=unenforced,
            )
            undo.pop_all()
        return child

    def adopt(
        self,
        identity: Identity,
        *,
        tag: str,  # noqa: ARG002 - jobs are found by token alone
        token: str,
    ) -> WindowsChild | None:
        """Take another process of a tree we started as its main one; None for any other.

        What an earlier agent started has ended with it.
        """
        former = self._children.get(token)
        if former is None or identity.pid not in former.tree.pids():
            return None
        process = open_process(
            identity.pid, PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE
        )
        if process is None:
            return None
        if identity_of(identity.pid, process) != identity:
            close_handle(process)
            return None
        child = WindowsChild(
            process=process,
            tree=Tree(main=identity, job=former.tree.job.share()),
            token=token,
            siblings=self,
            keep=former.keep.pop_all(),
            unenforced=former.unenforced,
        )
        self._children[token] = child
        return child

    def identify(self, pid: int) -> Identity | None:
        """Say which process has *pid* now; None where there is none."""
        return identify(pid)

    def find(self, token: str) -> Identity | None:
        """Find the main process started with *token*, or None."""
        child = self._children.get(token)
        return None if child is None or child.has_ended else child.identity

    def survivors(self) -> tuple[Survivor, ...]:
        """None: what an earlier agent started has ended with it."""
        return ()

    def strays(
        self,
        tag: str,  # noqa: ARG002 - jobs are found by token alone
        token: str,
        then: Callable[[tuple[Member, ...]], None],
    ) -> None:
        """End what is left of a tree: nothing, where an agent before us started it."""
        child = self._children.get(token)
        if child is None:
            then(())
        else:
            child.sweep(then)

    def usage(self, children: Iterable[Child], *, closely: bool = False) -> list[Usage]:
        """Measure each of *children*, with one look at the machine."""
        children = list(children)
        snapshot = take_snapshot() if children else {}
        return [
            each.tree.usage(snapshot, closely=closely)
            if isinstance(each, WindowsChild)
            else Usage()
            for each in children
        ]

    def private_bytes(self, child: Child) -> int | None:
        """Give what the tree of *child* has committed and no other shares."""
        return (
            child.tree.private_bytes(take_snapshot()) if isinstance(child, WindowsChild) else None
        )

    def most_open_files(self, child: Child) -> int | None:  # noqa: ARG002 - the same for all
        """None: Windows has no limit that anybody reaches."""
        return None

    def memory_left(self) -> int | None:
        """Give what programs can still commit."""
        return commit_left()


def _have_no_dialogs() -> None:
    """Have a program that lacks a DLL fail, instead of asking somebody who is not there.

    What we start inherits it, see SetErrorMode.
    """
    dll = kernel32()
    now = declare(dll.GetErrorMode, wintypes.UINT)()
    declare(dll.SetErrorMode, wintypes.UINT, wintypes.UINT)(now | _NO_DIALOGS)
