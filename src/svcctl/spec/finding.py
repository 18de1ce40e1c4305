"""What is found wrong in a definition that has the right types, by any of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from svcctl.errors import NotAvailable, SpecError
from svcctl.spec.locate import KeyPath, path_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule: the *path* of the option it is about, ``()`` for the service itself.

    *about_key*: not the value is wrong but the key.
    """

    path: KeyPath
    problem: str
    hint: str = ""
    about_key: bool = False
    unavailable: bool = False


def checked(path: KeyPath, check: Callable[[str], object], text: str) -> Iterator[Finding]:
    """Give what *check* has to say against *text*, the value at *path*."""
    try:
        check(text)
    except SpecError as error:
        yield Finding(
            path=path,
            problem=f"{path_text(path)}: {error.problem}",
            hint=error.hint,
            unavailable=isinstance(error, NotAvailable),
        )
