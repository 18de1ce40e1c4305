"""``python mailer.py debug``: runs the service here, under a manager that is only simulated."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager

from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.command_line import read_choices
from svcctl.sdk.crash.exit_status import INTERRUPTED
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.debug import show
from svcctl.sdk.debug.exchange import Act, Tone
from svcctl.sdk.debug.options import Options, read_options
from svcctl.sdk.debug.play import play
from svcctl.sdk.debug.script import KEYS, Toggle, Verb, for_key
from svcctl.sdk.debug.session import Session, Setup
from svcctl.sdk.debug.source import watched
from svcctl.sdk.debug.unit import Unit
from svcctl.sdk.delegate import this_program
from svcctl.sdk.instance import Instance, numbered, this_instance
from svcctl.sdk.logs.descriptor import colours, is_terminal
from svcctl.sdk.places import state_folder
from svcctl.system.clock import SystemClock
from svcctl.system.detect import Platform, platform
from svcctl.system.keys import keys
from svcctl.system.watch import FileSystemWatch

_OF_MANAGERS = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "JOURNAL_STREAM",
    "INVOCATION_ID",
)
_LOOK_FOR_KEYS = 0.2  # seconds between two looks whether the debugger still wants any
_LOOK_AT_CODE = 0.5  # seconds, where watchfiles is not installed


def debug(blueprint: Blueprint, words: Sequence[str]) -> int:
    """Debug the service of *blueprint* as *words* say, and give the exit status.

    With a script it is 0 only if all went as it should.  Raises UsageError, SpecError, SystemFault.
    """
    program = f"python {sys.argv[0]}"
    options = read_options(words, program=program)
    choices = read_choices(options.for_run, program=program)
    instance = _instance(blueprint, choices.instance)
    output = sys.stdout.fileno()
    shown = show.on(
        sys.stdout,
        colour=is_terminal(output) and colours(output, os.environ),
        in_json=options.in_json,
        verbose=options.verbose,
    )
    environ = _environment(options)
    setup = Setup(
        instance=instance.name,
        argv=(*this_program(), *options.for_run),
        environ=environ,
        simulation=options.simulation,
        crashes=CrashFolder(os.path.join(state_folder(instance.name, os.environ), "crashes")),
        scm=options.scm,
        by_hand=options.steps is None,
    )
    with tempfile.TemporaryDirectory(prefix="svcctl-debug-") as folder:
        return asyncio.run(_debug(setup, options, environ, shown=shown, folder=folder))


async def _debug(
    setup: Setup, options: Options, environ: dict[str, str], *, shown: show.Show, folder: str
) -> int:
    session = Session(setup, shown)
    async with AsyncExitStack() as stack:
        if options.notify:
            environ["NOTIFY_SOCKET"] = stack.enter_context(_notices(session, folder))
        stack.enter_context(_stop_signals(session.quit))
        await stack.enter_async_context(session.opened())
        if options.steps is None:
            stack.enter_context(_code(session))
            stack.enter_context(_keys(session))
        session.ask(Act.START)
        if options.steps is None:
            await session.over.wait()
            return 0
        return await _unless_over(session, play(session, options.steps, limit=options.limit))


async def _unless_over(session: Session, playing: Coroutine[None, None, int]) -> int:
    """Give the exit status of a script, or that of Ctrl-C where somebody would not wait for it."""
    script = asyncio.create_task(playing)
    over = asyncio.create_task(session.over.wait())
    await asyncio.wait((script, over), return_when=asyncio.FIRST_COMPLETED)
    over.cancel()
    if script.done():
        return script.result()
    script.cancel()
    return INTERRUPTED


def _instance(blueprint: Blueprint, number: int) -> Instance:
    instance = this_instance(blueprint.name, os.environ)
    if not number:
        return instance
    return this_instance(blueprint.name, numbered(instance.service, number))


def _environment(options: Options) -> dict[str, str]:
    """Give the environment of the service: ours, without what our own manager has put there."""
    environ = {name: each for name, each in os.environ.items() if name not in _OF_MANAGERS}
    environ |= {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    simulation = options.simulation
    if isinstance(simulation, Unit) and simulation.watches:
        environ["WATCHDOG_USEC"] = str(round(simulation.rules.watchdog * 1_000_000))
    return environ


@contextmanager
def _notices(session: Session, folder: str) -> Iterator[str]:
    """Hear what the service says by sd_notify(3); gives the address for that."""
    from svcctl.system.posix.notify import PosixNoticeBoard  # noqa: PLC0415 - not there on Windows

    board = PosixNoticeBoard(folder)
    address, _ = board.listen("service", session.noticed)
    try:
        yield address
    finally:
        board.close()


def _stop_signals(call: Callable[[], None]) -> AbstractContextManager[None]:
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows import console_signals  # noqa: PLC0415 - not there elsewhere

        return console_signals.stop_signals(call, hangup=True)
    from svcctl.system.posix import signals  # noqa: PLC0415 - not there on Windows

    return signals.stop_signals(call, hangup=True)


@contextmanager
def _code(session: Session) -> Iterator[None]:
    """Watch the files the program is made of."""
    globs = watched(sys.modules)
    cancel = FileSystemWatch(SystemClock(), every=_LOOK_AT_CODE).watch(
        globs, session.source_changed
    )
    session.tell("code", "watching", f"watching {', '.join(globs)}", tone=Tone.DIM)
    try:
        yield
    finally:
        cancel()


@contextmanager
def _keys(session: Session) -> Iterator[None]:
    """Obey the keys that are pressed, where somebody can press any."""
    if not sys.stdin or not sys.stdin.isatty():
        yield
        return
    loop, over = asyncio.get_running_loop(), threading.Event()
    with keys() as next_key:

        def read() -> None:
            while not over.is_set():
                if key := next_key(_LOOK_FOR_KEYS):
                    loop.call_soon_threadsafe(_pressed, session, key)

        reader = threading.Thread(target=read, name="keys", daemon=True)
        reader.start()
        session.tell("debug", "keys", KEYS, tone=Tone.DIM)
        try:
            yield
        finally:
            over.set()
            reader.join()


def _pressed(session: Session, key: str) -> None:
    step = for_key(key)
    if isinstance(step, Toggle):
        step = step.settled(session.seen.phase)
    if step is None:
        return
    if step.act is not None:
        session.ask(step.act)
    elif step.verb is Verb.QUIT:
        session.quit()
    else:
        session.tell("debug", "keys", KEYS)
