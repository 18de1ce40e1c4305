"""What replies tell of services, what they wrote and what they use."""

from __future__ import annotations

from svcctl.server.grpc.shapes import (
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

WHERE = (text("service"), text("instance"))
"""Which instance of which service."""
TRIED = (flag("ok"), text("problem", "why not, empty where it is"), text("hint", "what to do"))
"""How a try went."""
INSTANCE = Message(
    name="Instance",
    doc="What can be said of one instance of a service.",
    fields=(
        *WHERE,
        text("phase", "such as running, backoff or failed: see the page on phases"),
        flag("ready"),
        maybe(flag("live", "not there while nothing looks")),
        maybe(whole("pid")),
        time("started_at"),
        whole("restarts"),
        maybe(whole("exit_code")),
        maybe(text("exit_signal")),
        text("manager", "svcctl, or the native manager that keeps it"),
        text("spec_revision"),
        flag("applied", "it runs with the definition as it is now"),
        flag("enabled", "it starts by itself"),
        maybe(number("cpu", "percent of one core")),
        maybe(whole("memory_bytes")),
        maybe(whole("processes")),
        text("reason", "why it is in that phase"),
        text("status_text", "what the program says of itself"),
        time("next_at", "when it is tried or run again"),
        texts("groups"),
        labels("labels"),
        text("description"),
    ),
)
OUTCOME = Message(
    name="Outcome",
    doc="What became of one instance.",
    fields=(
        *WHERE,
        flag("ok"),
        text("phase"),
        text("problem"),
        text("hint"),
        texts("lines", "the last it wrote, where it failed"),
        maybe(whole("pid")),
    ),
)
PLANNED = Message(
    name="Planned",
    doc="What is to become of one service.",
    fields=(text("service"), text("change"), text("action"), value("changes")),
)
DEFINITION = Message(
    name="Definition",
    doc="An effective definition, and where each value came from.",
    fields=(
        text("name"),
        document("spec"),
        document("origins"),
        text("revision"),
        labels("sources"),
        flag("enabled"),
    ),
)
OPTION_DRIFT = Message(
    name="OptionDrift",
    doc="An option whose files say something else than was applied.",
    fields=(
        text("option"),
        text("change", "added, removed or changed"),
        value("applied"),
        document("applied_from"),
        value("on_disk"),
        document("on_disk_from"),
    ),
)
DRIFT = Message(
    name="Drift",
    doc="What was applied beside what the files of a service say now.",
    fields=(
        text("service"),
        text("state", "same, changed, undefined, unreadable or unknown"),
        texts("files"),
        *(text("problem"), text("hint")),
        flag("needs_restart"),
        many("options", OPTION_DRIFT),
    ),
)
BRANCH = Message(
    name="Branch",
    doc="What a service needs.",
    fields=(labels("needs", "how much, by service"), texts("after"), text("phase")),
)
ANSWER = Message(
    name="Answer",
    doc="What the program of one instance answered.",
    fields=(
        *WHERE,
        flag("obliging", "it takes requests at all"),
        *TRIED,
        value("answer"),
        text("code", "of the error, where it is not ok"),
    ),
)
TREND = Message(
    name="Trend",
    doc="What an instance uses more and more of.",
    fields=(
        *WHERE,
        text("resource"),
        maybe(number("per_hour", "in units of the resource, such as bytes")),
        maybe(number("confidence", "from 0 to 1")),
        flag("confirmed"),
        time("since"),
        maybe(number("exhausted_in", "seconds")),
    ),
)
LINE = Message(
    name="LogLine",
    doc="A line of a log, or what happened between two lines.",
    fields=(
        time("at", "when it was captured"),
        *WHERE,
        text("stream", "stdout or stderr"),
        text("text"),
        text("event", "a restart, or how much was left out: then there is no text"),
        time("time", "when it was written, as the record itself says"),
        text("level"),
        text("message"),
        text("trace"),
        document("fields"),
    ),
)
TEMPLATE = Message(
    name="LogTemplate",
    doc="What is said often.",
    fields=(whole("count"), text("template")),
)
STATISTICS = Message(
    name="LogStatistics",
    doc="How much a service wrote.",
    fields=(
        time("at"),
        *WHERE,
        whole("lines"),
        whole("bytes"),
        whole("records"),
        time("first"),
        time("last"),
        labels("levels", "how many records, by level", of=Form.WHOLE),
        many("templates", TEMPLATE),
    ),
)
EVENT = Message(
    name="Event",
    doc="A fact, in the past tense: see the page on events.",
    fields=(
        whole("number", "grows with every event"),
        time("at"),
        text("kind"),
        *WHERE,
        document("fields"),
    ),
)
WATCHED = Message(
    name="Watched",
    doc="A log that others keep, and how far it was read.",
    fields=(
        text("name"),
        text("kind"),
        text("service"),
        texts("read_from", "files, units of the journal or a log of Windows"),
        whole("rules"),
        whole("lines"),
        whole("behind_bytes"),
        time("last_at"),
        text("problem"),
    ),
)
SHIPMENT = Message(
    name="Shipment",
    doc="How sending logs to one receiver goes.",
    fields=(
        text("receiver"),
        text("kind"),
        texts("services"),
        text("state", "idle, sending or failing"),
        whole("lag_bytes"),
        whole("lag_lines"),
        number("lag_seconds"),
        time("last_sent"),
        time("failing_since"),
        text("problem"),
        whole("tries"),
        whole("sent"),
        whole("set_aside"),
        whole("repeated"),
        whole("lost"),
        text("set_aside_file"),
    ),
)
CRASH = Message(
    name="Crash",
    doc="An error that nobody handled, and the report that was left of it.",
    fields=(
        text("id"),
        *WHERE,
        text("problem", "why the report cannot be read, empty where it can"),
        time("at"),
        text("where"),
        text("kind"),
        text("message"),
        text("fingerprint", "the same for the same error"),
        whole("repeats"),
        text("version"),
        document("report", "all that stands in it, where one was asked for"),
    ),
)

SERVICES: tuple[Message, ...] = (
    *(INSTANCE, OUTCOME, PLANNED, DEFINITION, OPTION_DRIFT, DRIFT, BRANCH, ANSWER, TREND),
    *(LINE, TEMPLATE, STATISTICS, EVENT, CRASH, WATCHED, SHIPMENT),
)
"""All of them."""
