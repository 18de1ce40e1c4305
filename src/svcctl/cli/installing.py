"""What installing one service and installing many have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from svcctl.cli import acts, outcomes, plan
from svcctl.cli.outcomes import carry_out
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.cli.show import values
from svcctl.errors import AgentUnreachable, SvcctlError
from svcctl.wire import Request, Selection

DECLINED = 1
"""Exit status where somebody was asked, and said no."""

Result = dict[str, Any]
"""``plan`` and ``outcomes``, as the verb ``apply`` gives them."""

Service = dict[str, Any]
"""A definition as the verb ``apply`` takes it."""


def kept_names(session: Session) -> set[str]:
    """Name the services there are; none where nobody answers."""
    try:
        found = session.ask(Request(verb="status", select=Selection(all=True)))
    except AgentUnreachable:
        return set()
    return {each["service"] for each in found} if isinstance(found, list) else set()


def request(services: Sequence[Service], *, dry_run: bool) -> Request:
    """Give the request that takes over *services* and starts none, or only says what it would."""
    args: dict[str, object] = {"services": list(services), "dry_run": dry_run, "no_start": True}
    return Request(verb="apply", args=args)


# what is done


def put(session: Session, services: Sequence[Service], *, now: bool) -> Result:
    """Install *services*, and with *now* start those that were."""
    names = [str(each["name"]) for each in services]
    result = about(names, as_result(carry_out(session, request(services, dry_run=False))))
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    due = tuple(name for name in names if name not in failed)
    if now and due:
        started = carry_out(session, Request(verb="start", select=Selection(names=due)))
        assert isinstance(started, list)
        settled = {each["instance"] for each in started}
        kept = [each for each in result["outcomes"] if each["instance"] not in settled]
        result["outcomes"] = [*kept, *started]
    return result


def taken_back(session: Session, name: str) -> list[dict[str, Any]]:
    """Remove what is left of a service that could not be installed or started.

    Gives what went wrong with that, as outcomes.
    """
    try:
        if name in kept_names(session):
            args: dict[str, object] = {"logs": True}
            session.ask(Request(verb="remove", select=Selection(names=(name,)), args=args))
    except SvcctlError as error:
        return [failed_outcome(name, error)]
    return []


def failed_outcome(name: str, error: SvcctlError) -> dict[str, Any]:
    """Give the outcome of a service that *error* kept from being installed."""
    return {
        "service": name,
        "instance": name,
        "ok": False,
        "phase": "stopped",
        "problem": error.problem,
        "hint": error.hint,
        "lines": [],
        "pid": None,
    }


def as_result(document: object) -> Result:
    """Give what the verb ``apply`` answered."""
    assert isinstance(document, dict)
    return document


def about(names: Iterable[str], result: Result) -> Result:
    """Give what *result* says of *names*; an agent speaks of other services of the file too."""
    wanted = set(names)
    return {
        "plan": [each for each in result["plan"] if each["service"] in wanted],
        "outcomes": result["outcomes"],
    }


def exit_status(result: Result) -> int:
    """Give 0 if all is well, 1 if nothing is, 8 in between."""
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    if not failed:
        return 0
    return outcomes.FAILED if len(failed) == len(result["plan"]) else outcomes.PARTLY_FAILED


# what is told


def show_dry_run(
    session: Session, planned: Result, services: Iterable[Service], *, output: str
) -> None:
    """Tell what would be done, each file with its whole text; the agent is handed *services*."""
    if output == "json":
        session.out.line(as_json(planned))
        return
    specs = {each["name"]: each["spec"] for each in services}
    failed = {each["service"] for each in planned["outcomes"]}
    for each in planned["plan"]:
        if each["service"] in failed:
            continue
        session.out.line(_sentence(each, would=True))
        if "acts" in each:
            acts.show(session.out, each["acts"])
        elif each["change"] == "created":
            for path, value, _ in values(specs[each["service"]], {}):
                session.out.line(f"  set {path} = {value}")
    outcomes.show(session, planned["outcomes"], verb="install", output=output)
    session.tell("nothing was done")


def show_done(session: Session, result: Result) -> None:
    """Tell what was done, and of what failed why."""
    failed = {each["service"] for each in result["outcomes"] if not each["ok"]}
    for each in result["plan"]:
        if each["service"] not in failed:
            session.out.line(_sentence(each, would=False))
    outcomes.show(session, result["outcomes"], verb="start", output="text")


def _sentence(planned: plan.Planned, *, would: bool) -> str:
    name, keeper = planned["service"], planned.get("manager", "agent")
    match planned["change"]:
        case "created":
            return f"{name}: {'would be ' if would else ''}created, kept by {keeper}"
        case "changed":
            verb = "would change" if would else "changed"
            restart = "; restart" if planned["action"] == "restart" else ""
            return f"{name}: {verb}: {_changes(planned)}{restart}"
        case _:
            return f"{name}: unchanged"


def _changes(planned: plan.Planned) -> str:
    said = [f"{path} {plan.text(old)} -> {plan.text(new)}" for path, old, new in planned["changes"]]
    targets = [each["target"] for each in planned.get("acts", ())]
    return ", ".join(said or targets) or "its definition"
