"""Writes the reference pages from the code, so that they cannot say anything else than it does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from svcctl import errors, events
from svcctl.app.verbs import VERBS, Arg, Verb
from svcctl.engine import machine
from svcctl.spec.notation import format_duration, format_size
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Member, Shape, members

REFERENCE = Path(__file__).parent / "reference"


def on_pre_build(config: Mapping[str, object]) -> None:  # noqa: ARG001 (mkdocs gives it)
    """Called by mkdocs (as a hook) before it looks for pages."""
    write(REFERENCE)


def write(folder: Path) -> None:
    """Write every page into *folder*; one that stays as it is is not touched."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Give the text of each reference page by its file name."""
    writers: dict[str, Callable[[], Iterator[str]]] = {
        "options.md": options_page,
        "verbs.md": verbs_page,
        "phases.md": phases_page,
        "errors.md": errors_page,
        "events.md": events_page,
    }
    return {name: "\n".join(writer()) + "\n" for name, writer in writers.items()}


def options_page() -> Iterator[str]:
    """Give the lines of the page on every option of a service."""
    yield "# Options of a service"
    yield ""
    yield "What may stand in a `[services.NAME]` table, and as a default for all in `[defaults]`."
    yield "How a file is made up, and how values are written, is told in"
    yield "[Files and values](../explanation/files.md)."
    yield from _table_of(ServiceSpec, path="", without=("name",))


def _table_of(table: type, *, path: str, without: tuple[str, ...] = ()) -> Iterator[str]:
    known = [member for member in members(table).values() if member.key not in without]
    plain = [member for member in known if _table_inside(member.shape) is None]
    yield from ("", "| option | type | default | meaning |", "|---|---|---|---|")
    for member in plain:
        cells = (f"`{path}{member.key}`", type_of(member.shape), default_of(member), member.doc)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    for member in known:
        inner = _table_inside(member.shape)
        if inner is not None:
            many = member.shape.kind is Kind.LIST
            yield from ("", f"## {path}{member.key}{'[]' if many else ''}", "")
            yield _first_line(inner)
            yield from _table_of(inner, path=f"{path}{member.key}{'[]' if many else ''}.")


def _table_inside(shape: Shape) -> type | None:
    if shape.kind is Kind.LIST and shape.item is not None:
        return _table_inside(shape.item)
    return shape.of if shape.kind is Kind.TABLE else None


UNITS = {
    "duration": 'duration, such as `"1m30s"`',
    "size": 'size, such as `"50M"`',
    "percent": 'share, such as `"50%"`',
    "command": "command (string or list)",
    "regex": "regular expression",
    "octal": 'octal mode, such as `"027"`',
    "signal": "signal name",
}
KINDS = {
    Kind.FLAG: "`true` or `false`",
    Kind.WHOLE: "whole number",
    Kind.NUMBER: "number",
    Kind.TEXT: "text",
}


def type_of(shape: Shape) -> str:
    """Say in words what a value of *shape* looks like in a file."""
    if shape.unit is not None:
        return UNITS[shape.unit] + _bounds(shape)
    match shape.kind:
        case Kind.CHOICE:
            return ", ".join(f"`{choice}`" for choice in shape.choices)
        case Kind.LIST:
            return "list of: " + type_of(_item(shape))
        case Kind.MAP:
            return "table of: " + type_of(_item(shape))
        case _:
            return KINDS[shape.kind] + _bounds(shape)


def _item(shape: Shape) -> Shape:
    assert shape.item is not None
    return shape.item


def _bounds(shape: Shape) -> str:
    said = ""
    for bounds in shape.bounds:
        if bounds.above is not None:
            said += f", more than {bounds.above}"
        if bounds.low is not None and (bounds.low != 1 or shape.unit is None):
            said += f", at least {bounds.low}"
        if bounds.high is not None and bounds.high < 2**31 - 1:
            said += f", at most {bounds.high}"
    return said


def default_of(member: Member) -> str:
    """Say what holds when the option is not given, as it would be written in a file."""
    value, unit = member.default, member.shape.unit
    match value:
        case None | () | "":
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float() if unit == "duration":
            return f'`"{format_duration(value)}"`'
        case int() if unit == "size":
            return f'`"{format_size(value)}"`'
        case int() | float():
            return f"`{value:g}`"
        case tuple():
            return f"`[{', '.join(str(each) for each in value)}]`"
        case Mapping():
            return ""
        case _:
            return f'`"{value}"`'


def verbs_page() -> Iterator[str]:
    """Give the lines of the page on everything an agent can be asked for."""
    yield "# Verbs"
    yield ""
    yield "What an agent can be asked for, by any way in. An unlisted verb is refused."
    yield "How each is typed in a terminal is told in [Commands](cli.md)."
    yield ""
    yield "| verb | effect | least role | services | meaning |"
    yield "|---|---|---|---|---|"
    for verb in VERBS:
        cells = (f"[{verb.name}](#{verb.name})", verb.effect, verb.role, verb.selects, verb.summary)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    for verb in VERBS:
        yield from _verb(verb)


def _verb(verb: Verb) -> Iterator[str]:
    yield from ("", f"## {verb.name}", "", verb.summary)
    if verb.waits:
        yield "It comes back when the outcome is known, unless asked not to wait."
    if verb.streams:
        yield "It answers with items until it is over, or until the asker hangs up."
    if verb.args:
        yield from ("", "| argument | type | default | meaning |", "|---|---|---|---|")
    for arg in verb.args:
        yield f"| `{arg.name}` | {_argument_type(arg)} | {_argument_default(arg)} | {arg.help} |"
    yield from ("", "```console", *(f"$ {example}" for example in verb.examples), "```")


def _argument_type(arg: Arg) -> str:
    return ", ".join(f"`{choice}`" for choice in arg.choices) or str(arg.kind)


def _argument_default(arg: Arg) -> str:
    return "" if arg.default in (None, False) else f"`{arg.default}`"


def phases_page() -> Iterator[str]:
    """Give the lines of the page on the state machine: the very docstring the code is read by."""
    yield "# Phases of an instance"
    yield ""
    yield "What `svcctl status` shows under PHASE, and what leads from one to another."
    yield "The idea behind it is told in [The life of a service](../explanation/life.md)."
    yield from ("", "```text", inspect.cleandoc(machine.__doc__ or ""), "```")


def errors_page() -> Iterator[str]:
    """Give the lines of the page on every expected failure."""
    yield "# Errors"
    yield ""
    yield "Every expected failure has a code that never changes and is never translated."
    yield "The exit status is that of the command; the HTTP status is that of a remote call."
    yield ""
    yield "| code | name | exit | HTTP | meaning |"
    yield "|---|---|---|---|---|"
    for known in errors.tree():
        yield (
            f"| {known.code} | {known.__name__} | {known.exit_status} | {known.http_status} "
            f"| {_cell(_first_line(known))} |"
        )


def events_page() -> Iterator[str]:
    """Give the lines of the page on every kind of event."""
    yield "# Events"
    yield ""
    yield "Facts, in the past tense: what `svcctl events` shows. Each has a time (`at`, seconds"
    yield "since 1970, UTC), a `service` and an `instance`; these two are empty for what happened"
    yield "to the agent itself."
    yield ""
    yield "| event | fields | meaning |"
    yield "|---|---|---|"
    common = {field.name for field in fields(events.Event)}
    for kind in events.kinds():
        own = [f"`{field.name}`" for field in fields(kind) if field.name not in common]
        yield f"| {kind.__name__} | {', '.join(own)} | {_cell(_first_line(kind))} |"


def _first_line(documented: type) -> str:
    return inspect.cleandoc(documented.__doc__ or "").partition("\n")[0].replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
