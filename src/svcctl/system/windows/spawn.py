"""Starts, finds and measures process trees: the engine's only way to processes on Windows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from ctypes import wintypes
from dataclasses import replace
from types import TracebackType
from typing import Self

from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.ports import Child, Identity, Launch, Member, Usage
from svcctl.system.windows.child import KILLED, WindowsChild
from svcctl.system.windows.command_line import (
    batch_command_line,
    command_line,
    environment_block,
    is_batch,
    look_up,
)
from svcctl.system.windows.console import heed_ctrl_c
from svcctl.system.windows.create import NO_WINDOW, SUSPENDED, Created, Creation, create_process
from svcctl.system.windows.job import Job
from svcctl.system.windows.job_limits import affinity_mask, not_on_windows, priority_class
from svcctl.system.windows.kernel import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    PROCESS_TERMINATE,
    SYNCHRONIZE,
    close_handle,
    kernel32,
    last_problem,
    open_process,
)
from svcctl.system.windows.process import (
    TAG_VARIABLE,
    TOKEN_VARIABLE,
    identify,
    identity_of,
    processors,
)
from svcctl.system.windows.program import (
    check_folder,
    explain,
    find_program,
    shell,
    system_root,
)
from svcctl.system.windows.stdio import standard_handles
from svcctl.system.windows.tree import Tree
from svcctl.system.windows.winapi import declare

Problem = tuple[str, str]

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
        _refuse_user(launch)
        creation = _creation(launch)
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
            created = _create(creation, launch, keep)
            undo.callback(close_handle, created.process)
            unenforced += _begin(created, job, launch)
            child = WindowsChild(
                process=created.process,
                tree=Tree(main=identity_of(created.pid, created.process), job=job),
                token=launch.token,
                siblings=self,
                keep=keep,
                unenforced=unenforced + _not_on_windows(launch),
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
            keep=ExitStack(),
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

    def usage(self, children: Iterable[Child]) -> list[Usage]:
        """Measure each of *children*."""
        return [
            each.tree.usage() if isinstance(each, WindowsChild) else Usage() for each in children
        ]


def _creation(launch: Launch) -> Creation:
    """Decide what Windows is to be told, or raise CannotSpawn."""
    env = {"SystemRoot": system_root(), **launch.env}  # without it, no socket can be opened
    if not look_up(env, "SystemRoot"):
        env["SystemRoot"] = system_root()
    env[TOKEN_VARIABLE] = launch.token
    env[TAG_VARIABLE] = launch.tag
    program = find_program(launch.argv[0] if launch.argv else "", env=env, cwd=launch.cwd)
    if is_batch(program):
        program, line = shell(), batch_command_line(program, launch.argv[1:])
    else:
        line = command_line(launch.argv)
    return Creation(
        program=program,
        line=line,
        block=environment_block(env),
        folder=launch.cwd,
        flags=SUSPENDED | NO_WINDOW,
    )


def _create(creation: Creation, launch: Launch, keep: ExitStack) -> Created:
    """Create the process, which does not run yet."""
    with ExitStack() as stack:
        handles = standard_handles(launch, stack, keep)
        try:
            return create_process(replace(creation, handles=handles))
        except OSError as error:
            check_folder(launch.cwd)
            raise explain(creation.program, error.winerror or 0) from error


def _begin(created: Created, job: Job, launch: Launch) -> tuple[Problem, ...]:
    """Put the process into its job and let it run; give the limits that do not hold."""
    try:
        job.add(created.process)
    except SvcctlError:
        kernel32().TerminateProcess(created.process, KILLED)
        raise
    else:
        return (
            *_prioritise(created.process, priority_class(launch.priority, launch.limits.nice)),
            *_bind(created.process, launch.limits.affinity),
        )
    finally:
        kernel32().ResumeThread(created.thread)
        close_handle(created.thread)


def _prioritise(process: int, chosen: int) -> tuple[Problem, ...]:
    """Put a process into a priority class; one below normal is that of what it will start too."""
    if chosen and not kernel32().SetPriorityClass(process, chosen):
        return (("nice", last_problem()),)
    return ()


def _bind(process: int, affinity: tuple[int, ...]) -> tuple[Problem, ...]:
    """Bind a process, and what it will start, to processors."""
    if not affinity:
        return ()
    mask = affinity_mask(affinity, processors=processors())
    if mask is None:
        named = ", ".join(map(str, affinity))
        return (("affinity", f"this machine has no processor {named} in its first group"),)
    if not kernel32().SetProcessAffinityMask(process, mask):
        return (("affinity", last_problem()),)
    return ()


def _not_on_windows(launch: Launch) -> tuple[Problem, ...]:
    """Name what was asked for and Windows does not know, each with the problem."""
    asked = {
        "group": launch.group is not None,
        "supplementary_groups": bool(launch.supplementary_groups),
        "umask": launch.umask is not None,
        "no_new_privs": launch.no_new_privs,
        "cap_bound": launch.cap_bound is not None,
    }
    unknown = tuple((name, f"Windows has no {name}") for name, given in asked.items() if given)
    return unknown + not_on_windows(launch.limits)


def _refuse_user(launch: Launch) -> None:
    """Refuse another account: only the SCM can log one on without its password."""
    if launch.user is not None:
        raise CannotSpawn(
            f"'{launch.tag}' cannot be started as '{launch.user}' by the agent on Windows",
            hint='install it as a service of Windows: manager = "scm"',
            permanent=True,
        )


def _have_no_dialogs() -> None:
    """Have a program that lacks a DLL fail, instead of asking somebody who is not there.

    What we start inherits it, see SetErrorMode.
    """
    dll = kernel32()
    now = declare(dll.GetErrorMode, wintypes.UINT)()
    declare(dll.SetErrorMode, wintypes.UINT, wintypes.UINT)(now | _NO_DIALOGS)
