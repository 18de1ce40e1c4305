"""The verbs that are put to the programs themselves: those written with the SDK answer."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.selection import choose
from svcctl.app.verb import REASON
from svcctl.app.waiting import Emit
from svcctl.engine.dialogue import rejection
from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.errors import SvcctlError
from svcctl.ports import Document
from svcctl.wire import Selection

VERBS = (
    "health",
    "log-level",
    "set-log-level",
    "config",
    "config-history",
    "config-rollback",
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
            return [await _said(each, verb, asked | {"who": args.actor}) for each in keepers]

        return ask


async def _said(keeper: Keeper, verb: str, args: Document) -> Document:
    """Give what the program of *keeper* answers, or why it does not."""
    answer: object = None
    problem = hint = ""
    try:
        answer = await keeper.program.dialogue.ask(verb, args, within=_PATIENCE)
        problem = rejection(answer)
    except SvcctlError as error:
        problem, hint = error.problem, error.hint
    return reply(keeper.spec.name, keeper.name, answer, problem=problem, hint=hint) | {
        "obliging": bool(keeper.entry.endpoint)
    }


def reply(
    service: str, instance: str, answer: object, *, problem: str = "", hint: str = ""
) -> Document:
    """Give what one instance answered; *problem*: why it did not.

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
    }
