"""Gives a program its three standard streams, as handles that only it inherits."""

from __future__ import annotations

import os
from contextlib import ExitStack
from ctypes import byref, wintypes

from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.system.windows.kernel import close_handle, kernel32
from svcctl.system.windows.winapi import check

_SAME_ACCESS = 0x2
_INHERIT = -1


def standard_handles(launch: Launch, stack: ExitStack, keep: ExitStack) -> tuple[int, int, int]:
    """Give handles for stdin, stdout and stderr, or raise CannotSpawn.

    *stack* is closed once the program runs, *keep* when it need not run any more.
    """
    source = _stdin(launch, stack, keep)
    outputs = [
        _output(number, each, stack) for number, each in ((1, launch.stdout), (2, launch.stderr))
    ]
    given = [_inheritable(each, stack) for each in (source, *outputs)]
    return given[0], given[1], given[2]


def own_handles(stack: ExitStack) -> tuple[int, int, int]:
    """Give handles for what our own streams are, nothing where we have none; see above."""
    source = 0 if _is_open(0) else _null(os.O_RDONLY, stack)
    outputs = [_output(number, _INHERIT, stack) for number in (1, 2)]
    given = [_inheritable(each, stack) for each in (source, *outputs)]
    return given[0], given[1], given[2]


def _stdin(launch: Launch, stack: ExitStack, keep: ExitStack) -> int:
    kind, _, path = launch.stdin.partition(":")
    match kind:
        case "null":
            return _null(os.O_RDONLY, stack)
        case "open":
            reader, writer = os.pipe()
            stack.callback(os.close, reader)
            keep.callback(os.close, writer)  # what is not written to does not end either
            return reader
        case "file":
            try:
                source = os.open(os.path.join(launch.cwd, path), os.O_RDONLY)
            except OSError as error:
                raise CannotSpawn(
                    f"input file '{path}' cannot be read: {error.strerror}",
                    hint="correct stdin in the service's file",
                    permanent=True,
                ) from error
            stack.callback(os.close, source)
            return source
        case _:
            raise CannotSpawn(
                f"stdin '{launch.stdin}' is not known",
                hint="use null, open or file:PATH",
                permanent=True,
            )


def _output(number: int, source: int | None, stack: ExitStack) -> int:
    """Give a descriptor for an output; our own may not be there, for who is a service."""
    if source == _INHERIT and _is_open(number):
        return number
    return source if source is not None and source >= 0 else _null(os.O_WRONLY, stack)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _null(flags: int, stack: ExitStack) -> int:
    descriptor = os.open(os.devnull, flags)
    stack.callback(os.close, descriptor)
    return descriptor


def _inheritable(descriptor: int, stack: ExitStack) -> int:
    """Give a copy of a descriptor's handle that a child can inherit: no two may be the same."""
    import msvcrt  # noqa: PLC0415 - not there on other systems

    copy = wintypes.HANDLE()
    ours = kernel32().GetCurrentProcess()
    done = kernel32().DuplicateHandle(
        ours, msvcrt.get_osfhandle(descriptor), ours, byref(copy), 0, True, _SAME_ACCESS
    )
    check(done, f"descriptor {descriptor} cannot be handed to a program")
    assert copy.value is not None
    stack.callback(close_handle, copy.value)
    return copy.value
