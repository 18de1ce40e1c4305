"""Events in words, one sentence for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from svcctl.cli.human import length, size
from svcctl.cli.output import ENGLISH
from svcctl.words.catalogue import Words

Happening = Mapping[str, Any]
"""``at``, ``kind``, ``service``, ``instance`` and ``fields`` of an event."""

_SENTENCES = {
    "InstanceSpawned": "started, pid {pid}",
    "InstanceAdopted": "found running, pid {pid}",
    "ProgramFound": "found running unrecorded, pid {pid}",
    "TreeKilled": "killed what was left: {killed}",
    "ProbeFailed": "{purpose} probe {probe!r} fails: {problem}",
    "ProbePassed": "{purpose} probe {probe!r} passes",
    "StatusReported": "says: {text}",
    "HookFailed": "{hook} failed: {problem}",
    "MemoryExceeded": "uses {memory}, more than {limit}",
    "LimitNotEnforced": "runs without limit {limit}: {problem}",
    "ReloadDone": "reloaded by {how}",
    "CrashSeen": "crashed in {where}: {kind}: {problem}; report: {report}",
    "RunSkipped": "run skipped: the last one still runs",
    "CapturePaused": "{stream} cannot be written, the program waits: {problem}",
    "CaptureResumed": "{stream} is written again",
    "FindingMade": "{explanation}",
    "FindingEnded": "as it should be again: {pattern}",
    "FindingRejected": "{who} calls it a false alarm: {pattern}",
    "HealingBegun": "being healed by {deed}: {why}",
    "HealingHeld": "not healed by {deed}: {problem}; {why}",
    "AlertRaised": "alert {priority} {alert}: {summary}",
    "AlertAcknowledged": "{who} takes care of alert {alert}{said}",
    "AlertEnded": "alert {alert} is over after {lasted}: {summary}",
    "AlertTold": "{channel} was told: {title}",
    "AlertUndelivered": "{channel} was not told, after {tries} tries: {problem}",
    "ShippingFailed": "{receiver} takes no logs: {problem}",
    "ShippingRecovered": "{receiver} takes logs again, after {lasted}",
    "WatchFailed": "log {watch} cannot be read: {problem}",
    "WatchRecovered": "log {watch} is read again",
    "SpecApplied": "definition {change}, revision {revision}",
    "AgentStarted": "agent started, pid {pid}; adopted: {adopted}",
    "AgentLost": "the agent before, pid {pid}, {how}",
    "StateReplaced": "{problem}",
    "AgentStopped": "agent stopped; left running: {left_running}",
}


def describe(event: Happening, words: Words = ENGLISH) -> str:
    """Say what happened; a kind this version does not know shows its fields."""
    kind, fields = event["kind"], event["fields"]
    match kind:
        case "InstanceExited" | "HealingDone":
            ending, fields = _ENDINGS[kind](fields)
            return words.of(ending).format_map(fields)
        case "PhaseChanged":
            why = f": {words.told(fields['reason'])}" if fields.get("reason") else ""
            return f"{words.of(fields['old'])} -> {words.of(fields['new'])}{why}"
        case "MemoryExceeded":
            fields = {
                "memory": size(fields["memory_bytes"]),
                "limit": size(fields["limit_bytes"]),
            }
        case "AgentLost":
            how = "went down with the machine" if fields["rebooted"] else "was killed or crashed"
            fields = {"pid": fields["pid"], "how": words.of(how)}
        case "CrashSeen":
            fields = {**fields, "report": fields["file"] or words.of("could not be written")}
        case "AlertAcknowledged":
            fields = {**fields, "said": f": {fields['why']}" if fields["why"] else ""}
        case "AlertEnded" | "ShippingRecovered":
            fields = {**fields, "lasted": length(fields["lasted"])}
        case "TreeKilled":
            fields = {"killed": ", ".join(fields["killed"])}
    sentence = _SENTENCES.get(kind)
    if sentence is None:
        return " ".join([kind, *(f"{name}={value}" for name, value in fields.items())])
    return words.of(sentence).format_map(fields)


def _healed(fields: Mapping[str, Any]) -> _Said:
    if fields["outcome"] == "done":
        took = {"took": length(fields["took"])}
        return "healed by {deed} within {took}", {**fields, **took}
    if fields["outcome"] == "unknown":
        return "may be healed by {deed}: {problem}", fields
    return "not healed by {deed}: {problem}", fields


def _exit(fields: Mapping[str, Any]) -> _Said:
    fields = {**fields, "after": length(fields["uptime"])}
    if fields["signal"]:
        return "pid {pid} ended by signal {signal} after {after}", fields
    if fields["code"] is None:
        return "pid {pid} ended after {after}, exit status unknown", fields
    return "pid {pid} ended with status {code} after {after}", fields


_Said = tuple[str, Mapping[str, Any]]
"""A sentence, and what its places are filled with."""

_ENDINGS: Mapping[str, Callable[[Mapping[str, Any]], _Said]] = {
    "InstanceExited": _exit,
    "HealingDone": _healed,
}
