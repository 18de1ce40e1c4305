"""The verbs that are put to the programs themselves: those written with the SDK answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from svcctl.app.selection import choose
from svcctl.app.verb import REASON
from svcctl.errors import SpecError, SvcctlError, UsageError
from svcctl.ports import Document
from svcctl.wire import Selection

if TYPE_CHECKING:  # fronts, which carry out none of them, know the names of these verbs
    from svcctl.app.arguments import Arguments
    from svcctl.app.dispatch import Deed
    from svcctl.app.waiting import Emit
    from svcctl.engine.keeper import Keeper
    from svcctl.engine.manager import AgentManager

VERBS = (
    "health",
    "log-level",
    "set-log-level",
    "config",
    "config-history",
    "config-rollback",
    "set-config",
)
"""What is handed on as it is: programs are asked in the words that agents are."""

_PATIENCE = 15.0  # seconds a program gets to answer


class Conversing:
    """Asks the programs of services, and gives what each answers."""

    def __init__(self, manager: AgentManager) -> None:
        self._manager = manager

    def deeds(self) -> Mapping[str, Deed]:
        """Give what carries out each of :data:`VERBS`."""
        return {verb: self._deed(verb) for verb in VERBS}

    def _deed(self, verb: str) -> Deed:
        async def ask(selection: Selection, args: Arguments, emit: Emit) -> object:
            del emit
            asked = {
                name: value
                for name, value in args.values.items()
                if value is not None and name != REASON.name  # that is for the audit log
            }
            names = choose(selection, self._manager.specs)
            keepers = [each for name in names for each in self._manager.keepers(name)]
            return [
                await _said(each, verb, meant_for(each.name, asked) | {"who": args.actor})
                for each in keepers
            ]

        return ask


def meant_for(instance: str, args: Mapping[str, object]) -> Document:
    """Give *args* as the program of *instance* is asked; raises UsageError.

    The version that must be its newest is said of all (``3``) or of each (``mailer=3,mailer.2=5``).
    """
    found = dict(args)
    text = found.pop("if_version", None)
    if text is None:
        return found
    for each in str(text).split(","):
        name, _, version = each.strip().rpartition("=")
        if name in ("", instance) and version.isdecimal() and version.isascii():
            return found | {"if_version": int(version)}
    raise UsageError(
        f"'if_version' is {text!r}, which names no version of {instance!r}",
        hint="write it as 3, or for each instance: mailer=3,mailer.2=5",
    )


async def _said(keeper: Keeper, verb: str, args: Document) -> Document:
    """Give what the program of *keeper* answers, or why it does not."""
    answer: object = None
    from svcctl.engine.dialogue import rejection  # noqa: PLC0415 - see above

    problem = hint = code = ""
    try:
        answer = await keeper.program.dialogue.ask(verb, args, within=_PATIENCE)
        if problem := rejection(answer):
            code = SpecError.code
    except SvcctlError as error:
        problem, hint, code = error.problem, error.hint, error.code
    return reply(keeper.spec.name, keeper.name, answer, problem=problem, hint=hint, code=code) | {
        "obliging": bool(keeper.entry.endpoint)
    }


def reply(
    service: str,
    instance: str,
    answer: object,
    *,
    problem: str = "",
    hint: str = "",
    code: str = "",
) -> Document:
    """Give what one instance answered; *problem*: why it did not, *code* that of the error.

    ``obliging`` says whether its program takes requests at all.
    """
    return {
        "service": service,
        "instance": instance,
        "obliging": True,
        "ok": not problem,
        "answer": answer,
        "problem": problem,
        "hint": hint,
        "code": code,
    }
