"""The command line of a service's own file: be the service, or have svcctl keep it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from svcctl.errors import SvcctlError, UsageError
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.complaint import complain

_USAGE = """usage: {program} [VERB] [OPTION...]

  run          be the service {name}, here; so does no verb at all; see run --help
  debug        be it here and try its controls, code reloaded live; see debug --help
  install      have the system's manager keep it: {program} install --now
  uninstall    stop it and remove it; what it keeps in its folder stays
  start, stop, restart, pause, resume, reload, status, logs
               what svcctl does with a service of this name

All but run and debug take the options of svcctl: {program} install --help
"""

_FOR_RUN = "What follows -- is for run: {program} install --now -- --config prod.toml\n"

_PATIENCE = 5.0  # seconds for threads that Python would wait for without end


def main(make: Callable[[], Blueprint], argv: Sequence[str] | None = None) -> NoReturn:
    """Do what *argv* (without the program's name) says of the service that *make* gives."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _do(make, words)
    except SvcctlError as error:
        status = complain(error)
    _leave(status)


def _do(make: Callable[[], Blueprint], words: list[str]) -> int:
    verb, rest = (words[0], words[1:]) if words else ("run", [])
    blueprint, program = make(), f"python {sys.argv[0]}"
    if verb in {"-h", "--help"}:
        sys.stdout.write(f"{_USAGE}{_FOR_RUN}".format(program=program, name=blueprint.name))
        return 0
    if verb == "run":
        return _run(blueprint, rest)
    if verb == "debug":
        from svcctl.sdk.debug.command import debug  # noqa: PLC0415 - for a laptop

        return debug(blueprint, rest)
    from svcctl.sdk.delegate import VERBS, command  # noqa: PLC0415 - nothing for those who live

    if verb not in VERBS:
        known = ", ".join(("run", "debug", *VERBS))
        raise UsageError(f"{blueprint.name} has no {verb!r}", hint=f"one of: {known}")
    argv = command(verb, rest, blueprint)
    import subprocess  # noqa: PLC0415 - nothing for those who live

    status = subprocess.call(argv)  # noqa: S603 - our own program
    if verb == "install" and {"-h", "--help"} & set(rest):
        sys.stdout.write("\n" + _FOR_RUN.format(program=program))
    return status


def _run(blueprint: Blueprint, words: list[str]) -> int:
    from svcctl.sdk.choices import Choices  # noqa: PLC0415 - for those who live

    choices = Choices()
    if words:
        from svcctl.sdk.command_line import read_choices  # noqa: PLC0415 - argparse, likewise

        choices = read_choices(words, program=f"python {sys.argv[0]}")
    if (choices.config or choices.sets or choices.print_config) and blueprint.config is None:
        raise UsageError(f"{blueprint.name} has no configuration", hint="it has no class Config")
    if choices.print_config:
        from svcctl.sdk.printing import print_config  # noqa: PLC0415 - likewise

        return print_config(blueprint, choices)
    from svcctl.sdk.beginning import live  # noqa: PLC0415 - likewise
    from svcctl.sdk.debug.call import called  # noqa: PLC0415 - likewise

    if call := called(os.environ):
        from svcctl.sdk.debug.inside import debugged  # noqa: PLC0415 - for a laptop

        with debugged(blueprint, call) as (endangered, within):
            return live(endangered, choices, within=within)
    return live(blueprint, choices)


def _leave(status: int) -> NoReturn:
    """End the process, though a thread of the service's may hang: it gets a few seconds."""
    import threading  # noqa: PLC0415 - asyncio has loaded it where there was a life
    import time  # noqa: PLC0415 - likewise

    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    deadline = time.monotonic() + _PATIENCE
    threads = [each for each in threading.enumerate() if not each.daemon]
    for each in threads:
        if each is not threading.main_thread():
            each.join(max(0.0, deadline - time.monotonic()))
    lasting = [
        each.name for each in threads if each is not threading.main_thread() and each.is_alive()
    ]
    if not lasting:
        gc.freeze()  # or Python goes through all there is once more: most of the time of a stop
        sys.exit(status)
    sys.stderr.write(f"ended though threads still run: {', '.join(lasting)}\n")
    sys.stderr.flush()
    os._exit(status)
