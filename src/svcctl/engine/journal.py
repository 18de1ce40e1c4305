"""What is written down of an instance, so that the next agent can carry on with it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import cast

from svcctl.engine.life import Cause, Ending, Instance, Phase, Stage
from svcctl.ports import Document, Identity

log = logging.getLogger(__name__)

KIND = "instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The journal's page of one instance.

    *token* without *identity* means that a spawn was under way.  *deadline* (monotonic) is when
    the timer was due, 0 when none was armed.  *resume* is set by an orderly stop of the agent:
    the instance is to be started again by the next one.  *endpoint* is where its program takes
    requests, empty where it takes none.  *restarted* counts restarts that nobody asked for, by the
    cause for which the program went down.
    """

    service: str
    number: int
    state: Instance = field(default_factory=Instance)
    token: str = ""
    identity: Identity | None = None
    deadline: float = 0.0
    started_at: float = 0.0
    exit_code: int | None = None
    exit_signal: str | None = None
    revision: str = ""
    boot_id: str = ""
    resume: bool = False
    endpoint: str = ""
    restarted: Mapping[str, int] = field(default_factory=dict)


def to_document(entry: Entry) -> Document:
    """Give *entry* in a form JSON can hold."""
    document = {each.name: getattr(entry, each.name) for each in fields(entry)}
    state = {each.name: getattr(entry.state, each.name) for each in fields(entry.state)}
    return document | {
        "state": state,
        "identity": asdict(entry.identity) if entry.identity else None,
    }


def from_document(document: Document) -> Entry:
    """Read what :func:`to_document` gave; raises KeyError, TypeError or ValueError otherwise.

    What another version wrote is read as far as this one knows it: a program must not be started
    twice because its agent was upgraded, or taken back.
    """
    state = _known(dict(cast("Document", document["state"])), Instance)
    ending = state.get("ending")
    state |= {
        "phase": Phase(cast("str", state["phase"])),
        "stage": Stage(cast("str", state["stage"])),
        "cause": Cause(cast("str", state.get("cause", Cause.NONE))),
        "ending": Ending(cast("str", ending)) if ending is not None else None,
        "failures": tuple(cast("list[float]", state.get("failures", ()))),
        "probe_failures": tuple(cast("list[float]", state.get("probe_failures", ()))),
    }
    identity = document["identity"]
    found = _known(document, Entry) | {
        "state": Instance(**state),  # type: ignore[arg-type]
        "identity": _identity(identity) if identity is not None else None,
    }
    return Entry(**found)  # type: ignore[arg-type]


def _identity(document: object) -> Identity:
    return Identity(**_known(dict(cast("Document", document)), Identity))  # type: ignore[arg-type]


def read(documents: Iterable[tuple[str, Document]]) -> tuple[dict[str, Entry], set[str]]:
    """Give the pages by their keys, and the keys of those that cannot be read."""
    entries: dict[str, Entry] = {}
    unreadable: set[str] = set()
    for key, document in documents:
        try:
            entries[key] = from_document(document)
        except (KeyError, TypeError, ValueError):
            log.exception("journal.unreadable", extra={"instance": key})
            unreadable.add(key)
    return entries, unreadable


def _known(document: Document, kind: type[Entry | Instance | Identity]) -> Document:
    """Give what *kind* has of *document*; raises TypeError where a value is none of its own."""
    types = {each.name: str(each.type) for each in fields(kind)}
    known = {name: value for name, value in document.items() if name in types}
    for name, value in known.items():
        fits = _FITS.get(types[name])
        if fits and not fits(value):
            raise TypeError(f"{name} is {value!r}, not {types[name]}")
    return known


def _is_number(value: object) -> bool:
    return type(value) in {int, float} and math.isfinite(cast("float", value))


_FITS: Mapping[str, Callable[[object], bool]] = {
    "bool": lambda value: type(value) is bool,
    "int": lambda value: type(value) is int,
    "int | None": lambda value: value is None or type(value) is int,
    "str": lambda value: type(value) is str,
    "str | None": lambda value: value is None or type(value) is str,
    "float": _is_number,
    "Mapping[str, int]": lambda value: (
        isinstance(value, dict) and all(type(each) is int for each in value.values())
    ),
    "tuple[float, ...]": lambda value: (
        isinstance(value, list | tuple) and all(map(_is_number, value))
    ),
}
"""What JSON gives for each type a member may have; words and tables are checked as they are made.

Of a number that is none, or not finite, a timer would be made.
"""
