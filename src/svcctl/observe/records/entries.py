"""Makes records of what the journal of systemd and the Event Log of Windows say of an entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from svcctl.observe.records.forms import FORMS
from svcctl.observe.records.meaning import Meaning, level_of_syslog, of_fields
from svcctl.record import Level, Record

_INNER = ("__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "__SEQNUM", "__SEQNUM_ID")
_SPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_LEVELS = {  # winmeta.xml; 0 is what programs without levels write
    "1": Level.CRITICAL,
    "2": Level.ERROR,
    "3": Level.WARNING,
    "4": Level.INFO,
    "0": Level.INFO,
    "5": Level.DEBUG,
}
_FRACTION = re.compile(r"(\.\d{6})\d+")  # Windows counts in units of 100 ns


def journal_record(entry: bytes, *, now: float) -> Record:
    """Give the record of an entry as ``journalctl -o json`` prints it, read at *now*.

    What a program wrote is read again for its fields, its trace and a level of its own: that of
    the journal is often but the same for all of a stream.
    """
    fields: dict[str, object] = json.loads(entry)
    raw = _bytes(fields.get("MESSAGE"))
    message = raw.decode(errors="replace")
    stamp = str(fields.get("__REALTIME_TIMESTAMP", ""))
    priority = str(fields.get("PRIORITY", ""))
    level = level_of_syslog(int(priority)) if priority.isdigit() else Level.UNKNOWN
    said = _said(message, now)
    return Record(
        raw=raw,
        at=int(stamp) / 1e6 if stamp.isdigit() else now,
        message=said.message if said and said.message else message,
        level=said.level if said and said.level is not Level.UNKNOWN else level,
        trace=said.trace if said else of_fields(fields, now=now).trace,
        fields={
            **{name: value for name, value in fields.items() if name not in _INNER},
            **(said.fields if said else {}),
        },
    )


def _said(message: str, now: float) -> Meaning | None:
    """Give what a message means that is JSON or logfmt."""
    return FORMS["json"](message, now) or FORMS["logfmt"](message, now)


def _bytes(said: object) -> bytes:
    """Give a message as it was written: what is no text comes as numbers, what is none as null."""
    if isinstance(said, list) and all(isinstance(each, int) for each in said):
        return bytes(said)
    if isinstance(said, list):  # the field is there more than once
        said = said[-1]
    return said.encode(errors="replace") if isinstance(said, str) else b""


def event_record(xml: str, *, message: str, now: float) -> Record:
    """Give the record of an entry of the Event Log, read at *now*.

    *xml* is what EvtRender gives, *message* its text for people: empty where nobody knows it, and
    its values are given instead.  See https://learn.microsoft.com/windows/win32/wes/eventschema.
    """
    event = ET.fromstring(xml)  # noqa: S314 - Windows itself writes it, without a DTD
    system = event.find(f"{_SPACE}System")
    fields: dict[str, object] = {}
    if system is not None:
        fields |= dict(_system(system))
    values = dict(_values(event))
    text = message.strip() or " ".join(values.values())
    said = re.sub(r"\r\n?", "\n", text)
    return Record(
        raw=said.encode(errors="replace"),
        at=_time(str(fields.get("TimeCreated", "")), now),
        message=said,
        level=_LEVELS.get(str(fields.get("Level", "")), Level.UNKNOWN),
        trace=str(fields.get("ActivityID", "")),
        fields={**values, **fields},
    )


def _system(system: ET.Element) -> Iterator[tuple[str, object]]:
    attributes: Mapping[str, tuple[str, str]] = {
        "Provider": ("Name", "Provider"),
        "TimeCreated": ("SystemTime", "TimeCreated"),
        "Correlation": ("ActivityID", "ActivityID"),
        "Execution": ("ProcessID", "ProcessID"),
        "Security": ("UserID", "UserID"),
    }
    for element in system:
        name = element.tag.removeprefix(_SPACE)
        attribute, field = attributes.get(name, ("", name))
        value = element.get(attribute) if attribute else element.text
        if value:
            yield field, value


def _values(event: ET.Element) -> Iterator[tuple[str, str]]:
    """Give what was written besides, by its name or its place."""
    for part in ("EventData", "UserData"):
        found = event.find(f"{_SPACE}{part}")
        leaves = [each for each in found.iter() if len(each) == 0] if found is not None else []
        for number, each in enumerate(leaves, start=1):
            name = each.get("Name") or _plain(each.tag)
            if each.text and each.text.strip():
                yield (f"Data{number}" if name == "Data" else name), each.text.strip()


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _time(text: str, now: float) -> float:
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    except ValueError:
        return now
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
