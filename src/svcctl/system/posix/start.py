"""The spawn itself: posix_spawn costs the same half millisecond whatever the agent's size."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.system.posix import shim
from svcctl.system.posix.descriptors import FileLimit, file_limit, give_file_limit
from svcctl.system.posix.process import TAG_VARIABLE, TOKEN_VARIABLE
from svcctl.system.posix.program import check_folder, explain
from svcctl.system.posix.stdio import FileAction, file_actions

# Python ignores SIGPIPE and SIGXFSZ, and an agent may have been started by nohup.
_DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
_SETTINGS_FD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What came of a launch, thought through.

    *settings* is None where no shim is needed, *files* where the limit is to be as ours.
    """

    program: str
    env: Mapping[str, str]
    settings: Mapping[str, object] | None
    files: FileLimit | None = None


def start(launch: Launch, plan: Start) -> int:
    """Start the program and give its pid, or raise CannotSpawn."""
    with ExitStack() as stack:
        try:
            actions = file_actions(launch, stack)
            program: str = plan.program
            argv: tuple[str, ...] = launch.argv
            env: Mapping[str, str] = plan.env
            folder = launch.cwd
            if plan.settings is not None:
                check_folder(folder)
                actions.append(_hand_over(plan.settings, stack))
                program, argv = sys.executable, _shim_argv()
                env = {name: env[name] for name in (TOKEN_VARIABLE, TAG_VARIABLE)}
                folder = "/"
            stack.enter_context(_standing_in(folder, launch.umask))
            inherited = plan.files if _within(plan.files, actions) else None
            with file_limit(inherited):
                pid = _posix_spawn(program, argv, env, actions)
            if plan.files is not None and inherited is None:
                give_file_limit(pid, plan.files)
            return pid
        except OSError as error:
            raise explain(plan.program, error) from error
        except ValueError as error:
            raise CannotSpawn(
                f"'{launch.tag}' has arguments or an environment no program can be given: {error}",
                hint="take out NUL characters, and '=' in names of variables",
                permanent=True,
            ) from error


def _within(limit: FileLimit | None, actions: list[FileAction]) -> bool:
    """Say whether *actions* can be taken under *limit*.

    glibc refuses descriptors beyond the limit of the caller, open or not: EBADF.
    """
    sources = [action[1] for action in actions if action[0] == os.POSIX_SPAWN_DUP2]
    return limit is None or all(isinstance(each, int) and each < limit[0] for each in sources)


def _posix_spawn(
    program: str, argv: tuple[str, ...], env: Mapping[str, str], actions: list[FileAction]
) -> int:
    return os.posix_spawn(
        program,
        argv,
        env,
        file_actions=actions,
        setsid=True,
        setsigdef=_DEFAULT_SIGNALS,
        setsigmask=(),
    )


def _shim_argv() -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-E", shim.__file__, str(_SETTINGS_FD))


def _hand_over(settings: Mapping[str, object], stack: ExitStack) -> FileAction:
    """Put the settings where only the shim reads them; they may hold secrets."""
    descriptor = os.memfd_create("svcctl-start")
    stack.callback(os.close, descriptor)
    with os.fdopen(os.dup(descriptor), "wb") as target:
        marshal.dump(dict(settings), target)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return (os.POSIX_SPAWN_DUP2, descriptor, _SETTINGS_FD)


@contextmanager
def _standing_in(folder: str, umask: int | None) -> Iterator[None]:
    """Have the folder and umask the program is to inherit: posix_spawn cannot set them."""
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    before = None
    try:
        try:
            os.chdir(folder)
        except OSError:
            check_folder(folder)
            raise
        before = None if umask is None else os.umask(umask)
        yield
    finally:
        if before is not None:
            os.umask(before)
        os.fchdir(here)
        os.close(here)
