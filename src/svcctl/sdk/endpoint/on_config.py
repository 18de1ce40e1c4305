"""Answers what concerns the configuration of a service: what holds, since when, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from svcctl.errors import Conflict
from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.history import Revision
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Outcome, Rejected, Verdict
from svcctl.sdk.endpoint.asked import Answers, Asked


def on_config(live: Live[Any]) -> Answers:
    """Give the answers to ``config``, ``config-history`` and ``config-rollback``."""

    async def config(_: Asked) -> object:
        return {
            "version": live.version,
            "values": [asdict(each) for each in explain(live.loaded)],
            "restart_wanted": sorted(live.restart_wanted),
            "rejected": _rejected(live.rejected),
        }

    async def history(_: Asked) -> object:
        return [_revision(each, in_force=each.version == live.version) for each in live.history]

    async def rollback(asked: Asked) -> object:
        version = asked.whole_number("version")
        return outcome_document(await live.rollback(version, who=asked.who))

    return {"config": config, "config-history": history, "config-rollback": rollback}


def on_no_config(service: str) -> Answers:
    """Give the answers of a service that has no configuration."""

    async def none(_: Asked) -> object:
        raise Conflict(
            f"service {service!r} has no configuration of its own",
            hint="give it one: class Config, in its class",
        )

    return dict.fromkeys(("config", "config-history", "config-rollback"), none)


def outcome_document(outcome: object) -> dict[str, object]:
    """Give what became of a change, as JSON can hold it; all but an Outcome means *applied*.

    A service that has no configuration of ours has done what it does at a reload.
    """
    if not isinstance(outcome, Outcome):
        return {"verdict": str(Verdict.APPLIED), "mistakes": []}
    rejected = outcome.rejected if outcome.verdict is Verdict.REJECTED else None
    return {
        "verdict": str(outcome.verdict),
        "version": outcome.version,
        "changed": sorted(outcome.changed),
        "restart_wanted": sorted(outcome.restart_wanted),
        "unrecorded": outcome.unrecorded,
        "mistakes": [asdict(each) for each in rejected.mistakes] if rejected else [],
    }


def _rejected(rejected: Rejected | None) -> dict[str, object] | None:
    return None if rejected is None else asdict(rejected)


def _revision(revision: Revision, *, in_force: bool) -> dict[str, object]:
    """Give a revision without its texts, which may hold secrets."""
    return {
        "version": revision.version,
        "at": revision.at,
        "who": revision.who,
        "what": revision.what,
        "origin": revision.origin,
        "changed": list(revision.changed),
        "in_force": in_force,
    }
