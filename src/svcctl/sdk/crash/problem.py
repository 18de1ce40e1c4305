"""Takes an error apart: what it is, where it was raised, and what led to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.sdk.crash.fingerprint import fingerprint
from svcctl.sdk.crash.frames import Frame, Show, frames_of_traceback, locals_of_traceback
from svcctl.sdk.redaction import secret_values

_MOST = 20  # errors of one chain or group that are told
_NOTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error; *relation* to the one it came with: ``cause``, ``context`` or ``member``."""

    kind: str
    message: str
    relation: str = ""
    notes: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()


def the_error(error: BaseException) -> BaseException:
    """Give the one error in a group of one, and any other error as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the errors in a group that are no groups, or *error* itself."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for each in error.exceptions:
        yield from leaves(each)


def kind_of(error: BaseException) -> str:
    """Give the name of its class, with that of the module where it is not Python's own."""
    kind = type(error)
    own = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{own}{kind.__qualname__}"


def problems_of(error: BaseException, show: Show) -> tuple[Problem, ...]:
    """Give *error* first, then what it was raised from, or the members of a group, and so on."""
    return tuple(
        Problem(
            kind=kind_of(each),
            message=message_of(each),
            relation=relation,
            notes=_notes(each),
            frames=frames_of_traceback(each.__traceback__, show),
        )
        for relation, each in _family(error)
    )


def message_of(error: BaseException) -> str:
    """Give what an error says of itself; never raises."""
    try:
        return str(error)
    except Exception as worse:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<its __str__ raised {type(worse).__name__}>"


def fingerprint_of(problems: tuple[Problem, ...]) -> str:
    """Give the fingerprint of the first of *problems*; of a group, that of its members' frames."""
    first, *others = problems
    frames = first.frames
    if any(each.relation == "member" for each in others):
        frames = tuple(frame for each in others for frame in each.frames)
    return fingerprint([each.kind for each in problems if each.relation != "context"], frames)


def secrets_in(error: BaseException) -> frozenset[str]:
    """Give the texts that go by the names of secrets where *error* came through."""
    return frozenset(
        secret
        for _, each in _family(error)
        for values in locals_of_traceback(each.__traceback__)
        for secret in secret_values(values)
    )


def _family(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    waiting = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST:
        relation, each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield relation, each
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(("member", member) for member in each.exceptions)
        if each.__cause__ is not None:
            waiting.append(("cause", each.__cause__))
        elif each.__context__ is not None and not each.__suppress_context__:
            waiting.append(("context", each.__context__))


def _notes(error: BaseException) -> tuple[str, ...]:
    found = getattr(error, "__notes__", ())
    return tuple(map(str, found[:_NOTES])) if isinstance(found, list) else ()
