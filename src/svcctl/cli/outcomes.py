"""What became of each instance a verb was about: in words, and as an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from svcctl.cli.happenings import describe
from svcctl.cli.output import as_json, printable
from svcctl.cli.session import Session
from svcctl.wire import Request
from svcctl.words.catalogue import Words

FAILED = 1
PARTLY_FAILED = 8

Outcome = dict[str, Any]
"""The fields of :class:`svcctl.app.goals.Outcome`."""

_SAID = {
    "kill": "{instance} got signal {signal}",
    "enable": "{service} starts by itself",
    "run": "the command is done in {instance}",
    "disable": "{service} no longer starts by itself",
}
_RUNNING = "{instance} is running (pid {pid}, ready)"
_OTHERWISE = "{instance} is {phase}"


def carry_out(session: Session, request: Request) -> object:
    """Give the result of *request*; tells its progress to a terminal, or to whoever wants more."""
    result: object = None
    with session.client() as client:
        for is_result, document in client.answers(session.explained(request)):
            if is_result:
                result = document
            else:
                tell_progress(session, document)
    return result


def tell_progress(session: Session, item: object) -> None:
    """Tell of an event on the way; phases only, unless more was asked for."""
    if not (session.err.is_tty or session.verbose) or not isinstance(item, dict):
        return
    if item.get("kind") == "PhaseChanged" or session.verbose:
        text = f"{item.get('instance') or 'agent'}: {describe(item, session.err.words)}"
        session.tell(session.err.paint(text, "dim"))


def show(
    session: Session, outcomes: Sequence[Outcome], *, verb: str, output: str, signal: str = ""
) -> int:
    """Show what became of each and give the exit status."""
    if output == "text":
        for each in outcomes:
            _say(session, each, verb=verb, signal=signal)
    elif output == "json":
        session.out.line(as_json(list(outcomes)))
    else:
        for each in outcomes:
            session.out.line(as_json(each, indent=None))
    return exit_status(outcomes)


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """Give 0 if all is well, 1 if nothing is, 8 in between."""
    failed = sum(not each["ok"] for each in outcomes)
    if not failed:
        return 0
    return FAILED if failed == len(outcomes) else PARTLY_FAILED


def _say(session: Session, outcome: Outcome, *, verb: str, signal: str) -> None:
    if outcome["ok"]:
        if not session.quiet:
            session.out.line(_truth(session.out.words, outcome, verb, signal))
        return
    err = session.err
    problem = err.words.told(outcome["problem"])
    err.line(f"{err.paint(err.words.of('failed'), 'bad')}: {outcome['instance']}: {problem}")
    for line in outcome["lines"]:
        err.line(f"  | {printable(line)}")
    if outcome["hint"]:
        err.line(err.hint(outcome["hint"]))


def _truth(words: Words, outcome: Outcome, verb: str, signal: str) -> str:
    running = outcome["phase"] == "running" and outcome.get("pid")
    template = _SAID.get(verb) or (_RUNNING if running else _OTHERWISE)
    said = {**outcome, "signal": signal, "phase": words.of(outcome["phase"])}
    return words.of(template).format_map(said)
