"""The start itself: a launch in terms of Windows, and the moment before the first instruction."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.ports import Launch
from svcctl.system.windows.command_line import (
    batch_command_line,
    command_line,
    environment_block,
    is_batch,
    look_up,
)
from svcctl.system.windows.create import NO_WINDOW, SUSPENDED, Created, Creation, create_process
from svcctl.system.windows.job import Job
from svcctl.system.windows.job_limits import affinity_mask, not_on_windows, priority_class
from svcctl.system.windows.kernel import close_handle, kernel32, last_problem
from svcctl.system.windows.process import TAG_VARIABLE, TOKEN_VARIABLE, processors
from svcctl.system.windows.program import (
    check_folder,
    explain,
    find_program,
    shell,
    system_root,
)
from svcctl.system.windows.stdio import standard_handles

Problem = tuple[str, str]


def plan(launch: Launch) -> Creation:
    """Decide what Windows is to be told, but for the streams, or raise CannotSpawn."""
    _refuse_user(launch)
    env = dict(launch.env)
    if not look_up(env, "SystemRoot"):
        env["SystemRoot"] = system_root()  # without it, no socket can be opened
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


def create(creation: Creation, launch: Launch, keep: ExitStack) -> Created:
    """Create the process, which does not run yet, or raise CannotSpawn.

    *keep* is closed when its streams need not be there any more.
    """
    with ExitStack() as stack:
        handles = standard_handles(launch, stack, keep)
        try:
            return create_process(replace(creation, handles=handles))
        except OSError as error:
            check_folder(launch.cwd)
            raise explain(creation.program, error.winerror or 0) from error


def begin(created: Created, job: Job, launch: Launch) -> tuple[Problem, ...]:
    """Put the process into its job and let it run; give what was asked for and does not hold.

    Raises SystemFault where it cannot be put there; it is ended then.
    """
    try:
        job.add(created.process)
    except SvcctlError:
        kernel32().TerminateProcess(created.process, 1)
        raise
    else:
        return (
            *_prioritise(created.process, priority_class(launch.priority, launch.limits.nice)),
            *_bind(created.process, launch.limits.affinity),
            *_not_on_windows(launch),
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
