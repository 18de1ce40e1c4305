"""What each verb answers with, as messages: fixed shapes wherever a verb has one."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.server.grpc.messages_of_access import ACCESS, AUDIT_ROW, GRANT, STEP, TAMPERING, TOKEN
from svcctl.server.grpc.messages_of_services import (
    ANSWER,
    BRANCH,
    CRASH,
    DEFINITION,
    DRIFT,
    EVENT,
    INSTANCE,
    LINE,
    OUTCOME,
    PLANNED,
    SERVICES,
    SHIPMENT,
    STATISTICS,
    TREND,
    TRIED,
    WATCHED,
)
from svcctl.server.grpc.messages_of_troubles import (
    ALERT,
    DEED,
    FINDING,
    LEARNT,
    QUIET,
    SILENCE,
    TROUBLES,
    WANTED,
)
from svcctl.server.grpc.shapes import (
    Field,
    Form,
    Message,
    document,
    flag,
    labels,
    many,
    maybe,
    number,
    text,
    texts,
    time,
    value,
    whole,
)

SHARED: tuple[Message, ...] = (*SERVICES, *TROUBLES, *ACCESS)
"""Messages that replies hold."""

_OUTCOMES = (many("outcomes", OUTCOME),)
_ANSWERS = (many("answers", ANSWER),)
RESUMED = (
    text("cursor", "where to go on after the last of these: to be sent back in a request"),
    whole("missed", "how many were left out before these, because the reader was too slow"),
)

FIELDS: Mapping[str, tuple[Field, ...]] = {
    **dict.fromkeys(
        (
            *("start", "stop", "restart", "reload", "pause", "resume", "reset", "kill", "run"),
            *("scale", "enable", "disable", "wait"),
        ),
        _OUTCOMES,
    ),
    **dict.fromkeys(
        (
            *("health", "log-level", "set-log-level"),
            *("config", "set-config", "config-history", "config-rollback"),
        ),
        _ANSWERS,
    ),
    "status": (many("instances", INSTANCE),),
    "remove": (many("plan", PLANNED), *_OUTCOMES),
    "apply-signed": (many("plan", PLANNED), *_OUTCOMES),
    "crashes": (many("crashes", CRASH),),
    "show": (many("services", DEFINITION),),
    "drift": (many("services", DRIFT),),
    "tree": (labels("services", of=BRANCH.name),),
    "logs": (many("lines", LINE), many("statistics", STATISTICS), *RESUMED),
    "events": (many("events", EVENT), *RESUMED),
    "metrics": (text("type", "its media type"), text("text")),
    "trends": (many("trends", TREND),),
    "history": (
        time("since"),
        time("until"),
        document("instances", "by name: lists of time, percent of a core, bytes, threads, files"),
    ),
    "watch-list": (many("watches", WATCHED),),
    "alerts": (
        many("alerts", ALERT),
        labels("under_way", "how many notices wait, by channel", of=Form.WHOLE),
    ),
    "ack": (*ALERT.fields, maybe(whole("silence", "which one a false positive made"))),
    "silence-add": SILENCE.fields,
    "silence-list": (many("silences", SILENCE),),
    "silence-end": (whole("number"),),
    "alert-test": (text("channel"), *TRIED, text("title"), number("seconds")),
    "alert-show": DEFINITION.fields,
    "findings": (many("findings", FINDING), many("learnt", LEARNT), many("quiet", QUIET)),
    "finding-quiet": (text("id"), text("pattern")),
    "finding-wake": (text("id"), text("pattern")),
    "healing": (
        document("healing", "what holds for all services"),
        many("wanted", WANTED),
        many("done", DEED),
        many("rehearsed", WANTED),
    ),
    "heal": (many("wanted", WANTED),),
    "shipping": (many("receivers", SHIPMENT),),
    "shipping-test": (text("receiver"), *TRIED, number("seconds")),
    "shipping-show": DEFINITION.fields,
    "audit": (many("rows", AUDIT_ROW),),
    "audit-verify": (
        flag("sound"),
        whole("rows"),
        text("head", "the last row and its seal, to be kept elsewhere"),
        many("found", TAMPERING),
    ),
    "access-show": DEFINITION.fields,
    "auth-explain": (flag("allowed"), text("reason"), many("steps", STEP)),
    "may": (
        *(text("actor"), text("way"), texts("roles")),
        texts("verbs", "that are about no service"),
        many("grants", GRANT),
    ),
    "token-list": (many("tokens", TOKEN),),
    "token-revoke": TOKEN.fields,
    "agent-status": (
        whole("pid"),
        text("version"),
        time("started_at"),
        number("uptime", "seconds"),
        text("home"),
        text("socket"),
        *(whole("services"), whole("instances"), whole("running"), whole("adopted")),
        text("recovered"),
        whole("natives"),
        labels("natives_unseen", "why nothing is known of native services, by name"),
        number("cpu_seconds", "of the agent itself, as are the next three"),
        whole("memory_bytes"),
        *(whole("threads"), whole("open_files")),
    ),
    "agent-stop": (texts("stopped"), texts("left")),
    "agent-upgrade": (whole("pid"), text("version"), texts("running")),
}
"""The fields of a verb's reply; one that is not here gives a ``result`` without a shape."""

RESULT = value("result")

LISTS: Mapping[str, str] = {
    name: fields[0].name
    for name, fields in FIELDS.items()
    if fields in (_OUTCOMES, _ANSWERS)
    or name
    in {
        *("status", "show", "drift", "crashes", "trends", "watch-list", "silence-list", "heal"),
        *("shipping", "audit", "token-list"),
    }
}
"""The field that a verb's result, a list, becomes."""
