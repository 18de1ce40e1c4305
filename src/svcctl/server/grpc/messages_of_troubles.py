"""What replies tell of what is wrong: alerts, findings, and what is healed."""

from __future__ import annotations

from svcctl.server.grpc.messages_of_services import WHERE
from svcctl.server.grpc.shapes import (
    Message,
    flag,
    labels,
    maybe,
    number,
    text,
    texts,
    time,
    whole,
)

ALERT = Message(
    name="Alert",
    doc="Something that people are told of.",
    fields=(
        text("id"),
        text("alert"),
        text("priority", "P0, P1 or P2"),
        *WHERE,
        labels("labels"),
        text("summary"),
        text("details"),
        texts("samples", "lines that show it"),
        time("began"),
        time("ended"),
        text("state", "firing, acknowledged, muted or ended"),
        text("why_muted"),
    ),
)
SILENCE = Message(
    name="Silence",
    doc="What nobody is told of, and until when.",
    fields=(
        whole("number", "0: a maintenance window, which is configured"),
        texts("match"),
        time("begins"),
        time("ends"),
        maybe(number("every", "seconds after which it comes again")),
        text("who"),
        text("why"),
        flag("holds"),
    ),
)
FINDING = Message(
    name="Finding",
    doc="Something that is not as it should be.",
    fields=(
        text("id"),
        time("at"),
        *WHERE,
        text("kind", "such as burst, leak or rule"),
        text("subject"),
        text("pattern", "the same when the same is found again"),
        text("observed"),
        text("expected"),
        time("since"),
        number("score", "from 0, a guess, to 1"),
        text("explanation"),
        texts("samples", "lines that show it"),
        text("priority", "P0, P1 or P2, where whoever wrote the rule chose one"),
        text("action", "what the rule asks for"),
        text("seen_in"),
        time("exhausted_at"),
        text("state"),
        time("ended"),
    ),
)
LEARNT = Message(
    name="Learnt",
    doc="How much is known of the log of a service.",
    fields=(
        text("service"),
        time("since"),
        whole("lines"),
        whole("templates"),
        whole("sessions"),
        flag("tells_of_lines"),
        flag("tells_of_sessions"),
        number("learning_seconds"),
        number("read", "the share of all lines that could be read, from 0 to 1"),
    ),
)
QUIET = Message(
    name="Quiet",
    doc="What is not told of, because somebody said that nothing was wrong.",
    fields=(text("id"), text("pattern"), text("service"), time("at"), text("who")),
)
WANTED = Message(
    name="Wanted",
    doc="What is to be healed, what is to be done, and why it is not done now.",
    fields=(
        time("at", "where the past is rehearsed"),
        *WHERE,
        text("on"),
        text("subject"),
        text("why"),
        time("since"),
        number("score"),
        text("deed"),
        text("by"),
        flag("now", "nothing stands in the way"),
        text("reason"),
        text("problem"),
        time("until"),
        text("state", "what became of it, where it was done now"),
    ),
)
DEED = Message(
    name="Deed",
    doc="What was done to heal a service.",
    fields=(
        time("at"),
        text("service"),
        text("deed"),
        text("by"),
        text("why"),
        text("state"),
        text("problem"),
        maybe(number("took", "seconds")),
    ),
)

TROUBLES: tuple[Message, ...] = (ALERT, SILENCE, FINDING, LEARNT, QUIET, WANTED, DEED)
"""All of them."""
