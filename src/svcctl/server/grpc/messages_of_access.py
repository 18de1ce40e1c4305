"""What replies tell of who did what, and who may."""

from __future__ import annotations

from svcctl.server.grpc.shapes import (
    Message,
    text,
    texts,
    time,
    whole,
)

AUDIT_ROW = Message(
    name="AuditRow",
    doc="One row of the audit log.",
    fields=(
        whole("number"),
        time("at"),
        text("asked", "the same for a request and for what became of it"),
        text("actor"),
        text("way"),
        text("source"),
        text("verb"),
        text("target"),
        text("args", "JSON without secrets"),
        text("reason"),
        text("outcome", "asked, done or the code of an error"),
        text("before", "the seal of the row before"),
        text("seal"),
    ),
)
TAMPERING = Message(
    name="Tampering",
    doc="Where the audit log is not as it was written.",
    fields=(whole("number", "of the row; 0: the seals"), text("problem")),
)
STEP = Message(
    name="Step",
    doc="What one rule said.",
    fields=(text("rule"), text("verdict"), text("why"), text("at")),
)
GRANT = Message(
    name="Grant",
    doc="What may be done to some services.",
    fields=(texts("services"), texts("verbs")),
)
TOKEN = Message(
    name="Token",
    doc="What is known of a token but the token itself.",
    fields=(
        text("id"),
        text("subject"),
        texts("roles"),
        time("issued_at"),
        time("expires_at"),
        text("state", "valid, expired or revoked"),
    ),
)

ACCESS: tuple[Message, ...] = (AUDIT_ROW, TAMPERING, STEP, GRANT, TOKEN)
"""All of them."""
