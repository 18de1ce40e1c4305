"""Where a program stood: the frames of errors, threads and tasks as values that can be kept."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import FrameType, TracebackType
from typing import TypeVar

_Link = TypeVar("_Link")

_FIRST, _LAST = 20, 40  # frames of a very deep stack that are kept
_MOST_LOCALS = 40
_LONGEST_CHAIN = 50  # awaits


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One call: *code* is its line of source, *variables* what its locals were, as shown.

    *is_own*: it belongs neither to Python nor to an installed package.
    """

    file: str
    line: int
    module: str
    function: str
    code: str = ""
    is_own: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)


Show = Callable[[str, object], str]
"""Gives what may be shown of a variable, by its name and value."""


def frames_of_traceback(traceback: TracebackType | None, show: Show) -> tuple[Frame, ...]:
    """Give the calls from the outermost to the one that raised, with their variables.

    Of a very deep stack the first and the last calls are given.
    """
    return tuple(
        _frame(each.tb_frame, each.tb_lineno, show) for each in _ends(list(_links(traceback)))
    )


def locals_of_traceback(traceback: TracebackType | None) -> Iterator[Mapping[str, object]]:
    """Give the variables of every call that :func:`frames_of_traceback` would show."""
    for each in _ends(list(_links(traceback))):
        yield each.tb_frame.f_locals


def frames_of_stack(frame: FrameType | None) -> tuple[Frame, ...]:
    """Give the calls of a running stack, the outermost first; variables are left out."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return tuple(_frame(each, each.f_lineno, None) for each in _ends(found[::-1]))


def frames_of_awaits(awaited: object) -> tuple[Frame, ...]:
    """Give where a coroutine stands, and what it waits for, and so on; variables are left out."""
    found = []
    for _ in range(_LONGEST_CHAIN):
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is None:
            break
        found.append(_frame(frame, frame.f_lineno, None))
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return tuple(found)


def _links(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _ends(found: list[_Link]) -> list[_Link]:
    return found if len(found) <= _FIRST + _LAST else [*found[:_FIRST], *found[-_LAST:]]


def _frame(frame: FrameType, line: int | None, show: Show | None) -> Frame:
    code = frame.f_code
    number = line or code.co_firstlineno
    variables = {}
    if show is not None:
        named = [each for each in frame.f_locals.items() if not each[0].startswith("__")]
        variables = {name: show(name, value) for name, value in named[:_MOST_LOCALS]}
    return Frame(
        file=code.co_filename,
        line=number,
        module=_module(frame),
        function=code.co_qualname,
        code=linecache.getline(code.co_filename, number, frame.f_globals).strip(),
        is_own=is_own(code.co_filename),
        variables=variables,
    )


def _module(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__", "")
    if name == "__main__" or not isinstance(name, str) or not name:
        return os.path.splitext(os.path.basename(frame.f_code.co_filename))[0]
    return name


def is_own(file: str) -> bool:
    """Say whether a file belongs to the program itself: neither to Python nor to a package."""
    if file.startswith("<frozen "):
        return False
    return not os.path.abspath(file).startswith(_foreign_folders())


@cache
def _foreign_folders() -> tuple[str, ...]:
    import sysconfig  # noqa: PLC0415 - for those that crash

    paths = sysconfig.get_paths()
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    found = {paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]}
    installed = {each for each in sys.path if each.endswith(("site-packages", "dist-packages"))}
    folders = {os.path.abspath(each) + os.sep for each in found | installed if each}
    return (*folders, os.path.join(ours, "svcctl") + os.sep)
