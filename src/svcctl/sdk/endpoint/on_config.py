"""Answers what concerns the configuration of a service: what holds, since when, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from svcctl.errors import Conflict
from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.history import Revision
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Outcome, Rejected, Verdict
from svcctl.sdk.config.set_values import Setting
from svcctl.sdk.endpoint.asked import Answers, Asked


def on_config(live: Live[Any]) -> Answers:
    """Give the answers to what a service with a configuration is asked about it."""

    async def config(_: Asked) -> object:
        return {
            "version": live.version,
            "newest": live.newest,
            "values": [asdict(each) for each in explain(live.loaded)],
            "restart_wanted": sorted(live.restart_wanted),
            "rejected": _rejected(live.rejected),
        }

    async def history(_: Asked) -> object:
        return [_revision(each, in_force=each.version == live.version) for each in live.history]

    async def rollback(asked: Asked) -> object:
        version = asked.whole_number("version")
        return outcome_document(await live.rollback(version, who=asked.who))

    async def set_config(asked: Asked) -> object:
        how = Setting(
            instead=asked.flag("replace"),
            over=asked.whole_number("if_version") if "if_version" in asked.args else None,
            trial=asked.flag("dry_run"),
        )
        outcome = await live.set_values(asked.table("config"), who=asked.who, how=how)
        return outcome_document(outcome)

    return {
        "config": config,
        "config-history": history,
        "config-rollback": rollback,
        "set-config": set_config,
    }


def on_no_config(service: str) -> Answers:
    """Give the answers of a service that has no configuration."""

    async def none(_: Asked) -> object:
        raise Conflict(
            f"service {service!r} has no configuration of its own",
            hint="give it one: class Config, in its class",
        )

    return dict.fromkeys(("config", "config-history", "config-rollback", "set-config"), none)


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
