"""Derives every RPC and message from the verb table, so that no way in has more than another."""

from __future__ import annotations

from functools import cache

from svcctl.app.verb import Arg, Kind, Selects, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.server.grpc.replies import FIELDS, LISTS, RESULT, RESUMED, SHARED
from svcctl.server.grpc.shapes import KEYS, Call, Field, Form, Message, maybe, text, texts

SELECTION = Message(
    name="Selection",
    doc="Which services: any of the names, all of the labels, or everything.",
    fields=(
        texts("names", "names of services or instances, globs, and groups as @shop"),
        texts("labels", "each as name=value"),
        Field(name="all", of=Form.FLAG),
    ),
)
WATCH_STATUS = "WatchStatus"
"""The RPC that tells ``status`` again whenever something has changed."""

_FORMS = {
    Kind.TEXT: Form.TEXT,
    Kind.INTEGER: Form.SMALL,
    Kind.FLAG: Form.FLAG,
    Kind.DURATION: Form.SPAN,
    Kind.DOCUMENT: Form.VALUE,
}
_UNITS = {
    Kind.INTEGER: "from 0 to 2147483647",
    Kind.DURATION: "from 0 to 100 years",
}
_FIELDS = {key: field for field, key in KEYS.items()}
_CURSOR = text("cursor", "of a reply: go on after it; nothing is left out")
_BY_CURSORS = {"logs": frozenset({"places", "after"})}  # what a cursor stands for
_UNSHAPED = (Field(name="items", of=Form.VALUE, many=True), *RESUMED)


@cache
def calls() -> tuple[Call, ...]:
    """Give every RPC there is; a verb that is answered on this machine alone has none."""
    found = [_call(verb) for verb in VERBS if not verb.local_only]
    status = find("status")
    assert status is not None
    watching = Call(
        name=WATCH_STATUS,
        verb=status.name,
        request=Message(
            name=f"{WATCH_STATUS}Request",
            doc="Which services to watch.",
            fields=_selecting(status),
        ),
        reply=Message(
            name=f"{WATCH_STATUS}Reply",
            doc="How they are: all of them, at first and whenever something has changed.",
            fields=FIELDS[status.name],
        ),
        doc="Tell how services are, and again whenever something has changed.",
        streams=True,
        within=LISTS[status.name],
    )
    return (*found, watching)


@cache
def messages() -> tuple[Message, ...]:
    """Give every message there is, each once."""
    own = [message for call in calls() for message in (call.request, call.reply)]
    return (SELECTION, *SHARED, *own)


def args_of(verb: Verb) -> tuple[Arg, ...]:
    """Give the arguments that are fields of a request."""
    hidden = _BY_CURSORS.get(verb.name, frozenset())
    return tuple(arg for arg in verb.args if arg.name not in hidden)


def field_of(arg: Arg) -> str:
    """Give what the argument is called in a request."""
    return _FIELDS.get(arg.name, arg.name)


def name_of(verb: Verb) -> str:
    """Give what the RPC of a verb is called, such as ``SetLogLevel``."""
    return "".join(word.capitalize() for word in verb.name.split("-"))


def _call(verb: Verb) -> Call:
    name = name_of(verb)
    args = tuple(map(_argument, args_of(verb)))
    resumed = (_CURSOR,) if verb.streams else ()
    fields = FIELDS.get(verb.name, _UNSHAPED if verb.streams else (RESULT,))
    request = Message(
        name=f"{name}Request",
        doc=f"What {name} takes.",
        fields=(*_selecting(verb), *args, *resumed),
    )
    reply = Message(
        name=f"{name}Reply",
        doc=f"What {name} answers.",
        fields=fields,
    )
    return Call(
        name=name,
        verb=verb.name,
        request=request,
        reply=reply,
        doc=f"{verb.summary}\nEffect: {verb.effect}. Least role: {verb.role}.",
        streams=verb.streams,
        within=fields[0].name if verb.streams else LISTS.get(verb.name, ""),
    )


def _selecting(verb: Verb) -> tuple[Field, ...]:
    match verb.selects:
        case Selects.NONE:
            return ()
        case Selects.ONE:
            return (text("service", "which one; it must be named"),)
        case Selects.SOME:
            return (_selection("which services; they must be named, or be all"),)
        case Selects.ANY:
            return (_selection("which services; all of them where it is not there"),)


def _selection(doc: str) -> Field:
    return Field(name="selection", of=SELECTION.name, doc=doc)


def _argument(arg: Arg) -> Field:
    said = [arg.help]
    if arg.choices:
        said.append(f"one of {', '.join(arg.choices)}")
    if unit := _UNITS.get(arg.kind):
        said.append(unit)
    if arg.default not in (None, False, ""):
        said.append(f"default: {arg.default}")
    return maybe(Field(name=field_of(arg), of=_FORMS[arg.kind], doc="; ".join(said)))
