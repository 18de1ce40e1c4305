"""The same fault has the same fingerprint, and two faults have two."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

import pytest

from svcctl.sdk.crash.fingerprint import fingerprint
from svcctl.sdk.crash.frames import Frame, frames_of_awaits, frames_of_traceback, is_own
from svcctl.sdk.crash.problem import (
    fingerprint_of,
    kind_of,
    leaves,
    message_of,
    problems_of,
    the_error,
)

OWN = Frame(file="/app/mail.py", line=7, module="mail", function="send", code="smtp.send(m)")
LIBRARY = Frame(
    file="/lib/smtplib.py", line=9, module="smtplib", function="SMTP.send", code="x", is_own=False
)


def raised(call: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as found:  # noqa: PT011 - any will do
        call()
    return found.value


def hidden(_: str, value: object) -> str:
    del value
    return "***"


def print_of(error: BaseException) -> str:
    return fingerprint_of(problems_of(error, hidden))


def divide(by: int) -> float:
    return 1 / by


def recurse(depth: int) -> float:
    return divide(0) if depth == 0 else recurse(depth - 1)


def chained() -> None:
    try:
        divide(0)
    except ZeroDivisionError as error:
        raise LookupError("no quotient") from error


@pytest.mark.parametrize("frame", [OWN, LIBRARY], ids=["own", "library"])
def test_the_number_of_a_line_does_not_count(frame: Frame) -> None:
    moved = replace(frame, line=frame.line + 1)

    assert fingerprint(["E"], [moved]) == fingerprint(["E"], [frame])


def test_another_line_of_our_own_is_another_fault_but_not_one_of_a_library() -> None:
    assert fingerprint(["E"], [replace(OWN, code="y")]) != fingerprint(["E"], [OWN])
    assert fingerprint(["E"], [replace(LIBRARY, code="y")]) == fingerprint(["E"], [LIBRARY])


def test_another_kind_or_another_place_is_another_fault() -> None:
    prints = [
        fingerprint(["E"], [OWN, LIBRARY]),
        fingerprint(["F"], [OWN, LIBRARY]),
        fingerprint(["E"], [LIBRARY]),
        fingerprint(["E", "F"], [OWN, LIBRARY]),
    ]

    assert len(set(prints)) == 4


def test_how_deep_a_recursion_went_does_not_count() -> None:
    prints = {print_of(raised(partial(recurse, depth))) for depth in (3, 50, 300)}

    assert len(prints) == 1


def test_a_very_deep_stack_is_told_by_its_ends() -> None:
    error = raised(lambda: recurse(300))

    frames = frames_of_traceback(error.__traceback__, hidden)

    assert len(frames) == 60
    assert frames[-1].function == "divide"
    assert frames[-1].code == "return 1 / by"
    assert dict(frames[-1].variables) == {"by": "***"}


def test_a_cause_is_told_after_what_it_caused() -> None:
    crash, cause = problems_of(raised(chained), hidden)

    assert (crash.kind, crash.message, crash.relation) == ("LookupError", "no quotient", "")
    assert (cause.kind, cause.relation) == ("ZeroDivisionError", "cause")


def test_an_error_that_leads_to_itself_is_told_once() -> None:
    error = ValueError("a")
    error.__cause__ = other = ValueError("b")
    other.__cause__ = error

    assert [each.message for each in problems_of(error, hidden)] == ["a", "b"]


def test_a_group_of_one_is_that_one() -> None:
    inner = ValueError("a")

    assert the_error(ExceptionGroup("g", [ExceptionGroup("h", [inner])])) is inner
    assert the_error(inner) is inner


def test_the_members_of_a_group_are_told_and_make_its_fingerprint() -> None:
    one, two = raised(lambda: divide(0)), raised(chained)
    group = BaseExceptionGroup("both", [one, two])

    problems = problems_of(group, hidden)

    assert [each.relation for each in problems] == ["", "member", "member", "cause"]
    assert list(leaves(group)) == [one, two]
    assert fingerprint_of(problems) != print_of(ExceptionGroup("g", [ValueError(), OSError()]))


def test_a_kind_has_its_module_unless_it_is_pythons_own() -> None:
    class OwnError(Exception):
        pass

    assert kind_of(ValueError()) == "ValueError"
    assert kind_of(OwnError()).endswith("OwnError")
    assert kind_of(OwnError()).startswith(OwnError.__module__)


def test_an_error_that_cannot_be_printed_is_told_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert message_of(Mute()) == "<its __str__ raised RuntimeError>"


def test_notes_are_told() -> None:
    error = ValueError("a")
    error.add_note("while sending")

    assert problems_of(error, hidden)[0].notes == ("while sending",)


def test_what_a_coroutine_waits_for_is_told_to_the_end() -> None:
    class Later:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def inner() -> None:
        await Later()

    async def outer() -> None:
        await inner()

    waiting = outer()
    waiting.send(None)

    found = [each.function.rpartition(".")[2] for each in frames_of_awaits(waiting)]

    waiting.close()
    assert found == ["outer", "inner", "__await__"]


def test_what_is_our_own_is_told_from_python_and_packages() -> None:
    import asyncio

    assert is_own(__file__)
    assert not is_own(asyncio.__file__)
    assert not is_own(pytest.__file__)
    assert not is_own("<frozen importlib._bootstrap>")
