"""What is written down of an instance, so that the next agent can carry on with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import cast

from svcctl.engine.life import Cause, Ending, Instance, Phase, Stage
from svcctl.ports import Document, Identity

KIND = "instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The journal's page of one instance.

    *token* without *identity* means that a spawn was under way.  *deadline* (monotonic) is when
    the timer was due, 0 when none was armed.  *resume* is set by an orderly stop of the agent:
    the instance is to be started again by the next one.
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
    identity = cast("dict[str, object] | None", document["identity"])
    found = _known(document, Entry) | {
        "state": Instance(**state),  # type: ignore[arg-type]
        "identity": Identity(**identity) if identity else None,  # type: ignore[arg-type]
    }
    return Entry(**found)  # type: ignore[arg-type]


def _known(document: Document, kind: type[Entry | Instance]) -> Document:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in document.items() if name in names}
