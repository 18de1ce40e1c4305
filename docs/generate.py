"""Writes the reference pages from the code, so that they cannot say anything else than it does."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import click

from svcctl import errors, events
from svcctl.app.verb import Arg, Verb
from svcctl.app.verbs import VERBS
from svcctl.cli.command import Context
from svcctl.cli.commands import svcctl
from svcctl.engine import machine
from svcctl.observe.metrics.catalogue import FAMILIES
from svcctl.sdk.metrics.built_in import BUILT_IN
from svcctl.server.http.openapi import description
from svcctl.server.http.routes import routes
from svcctl.spec.common import CommonSpec
from svcctl.spec.options import Option, options
from svcctl.spec.unavailable import OPTIONS, VALUES
from svcctl.spec.watch import WatchesSpec

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
        "cli.md": commands_page,
        "verbs.md": verbs_page,
        "phases.md": phases_page,
        "errors.md": errors_page,
        "events.md": events_page,
        "metrics.md": metrics_page,
        "http.md": http_page,
        "openapi.json": openapi_document,
    }
    return {name: "\n".join(writer()) + "\n" for name, writer in writers.items()}


def options_page() -> Iterator[str]:
    """Give the lines of the page on every option of a service."""
    yield "# Options of a service"
    yield ""
    yield "What may stand in a `[services.NAME]` table, and as a default for all in `[defaults]`."
    yield "How a file is made up, and how values are written, is told in"
    yield "[Files and values](../explanation/files.md)."
    yield from _options(options())
    yield from ("", "# Options for all services", "")
    yield "What stands in tables of its own, once for all services of a machine."
    yield from _options(options(CommonSpec))
    yield from ("", "# Options of a watch", "")
    yield "What stands in a `[[watch]]` table, one for each log that svcctl did not capture."
    yield from _options(options(WatchesSpec))
    yield from ("", "## Not available in this version", "")
    yield "Known, and refused: " + ", ".join(f"`{path}`" for path in sorted(OPTIONS)) + "."


TABLE = "table"
TABLES = {TABLE: "", f"list of {TABLE}": "[]", f"table of {TABLE}": ".NAME"}
"""Types of what has options of its own, and what is put behind its path."""


def _options(found: Iterable[Option]) -> Iterator[str]:
    tables = {"": ""}
    rows: dict[str, list[Option]] = {"": []}
    for option in found:
        if option.type in TABLES:
            path = option.path + TABLES[option.type]
            tables[path], rows[path] = option.doc, []
        else:
            rows[option.path.rpartition(".")[0]].append(option)
    for path, doc in tables.items():
        if path:
            yield from ("", f"## {path}", "", doc[:1].upper() + doc[1:] + ".")
        if rows[path]:
            yield from ("", "| option | type | default | meaning |", "|---|---|---|---|")
            yield from map(_option, rows[path])


def _option(option: Option) -> str:
    later = VALUES.get(option.path, frozenset())
    kinds = [kind for kind in option.type.split(" | ") if kind not in later]
    kind = " | ".join(kinds) + (f" (later: {', '.join(sorted(later))})" if later else "")
    default = f"`{option.default}`" if option.default else ""
    cells = (f"`{option.path}`", kind, default, option.doc)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def commands_page() -> Iterator[str]:
    """Give the lines of the page on the command line: what ``--help`` prints, for every command."""
    yield "# Commands"
    yield ""
    yield "What `svcctl --help` and `svcctl COMMAND --help` print. How it ended is told by the exit"
    yield "status; that of each failure stands in [Errors](errors.md)."
    yield from _command(svcctl, Context(svcctl, info_name="svcctl", terminal_width=WIDTH))


WIDTH = 90


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from ("", f"## {context.command_path}", "", "```text", command.get_help(context), "```")
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from _command(inner, Context(inner, info_name=name, parent=context))


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


def metrics_page() -> Iterator[str]:
    """Give the lines of the page on the metrics of the agent, and of every service in Python."""
    yield "# Metrics"
    yield ""
    yield "What `svcctl metrics` and `/metrics` of the agent tell:"
    yield "see [Watch services with Prometheus](../howto/metrics.md)."
    yield ""
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {_cell(family.help)} |"
    yield from ("", "## Of services in Python", "")
    yield "What every service written with the SDK counts and measures by itself. The names of"
    yield "counters are exposed with `_total` at their end."
    yield ""
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for row in BUILT_IN:
        labels = ", ".join(f"`{label}`" for label in row.labels)
        yield f"| `{row.name}` | {row.kind} | {labels} | {_cell(row.text)} |"


def http_page() -> Iterator[str]:
    """Give the lines of the page on every path of the HTTP interface."""
    yield "# HTTP"
    yield ""
    yield "Every path, and the [verb](verbs.md) it stands for. How it is asked is told in"
    yield "[Ask over HTTP](../howto/http-interface.md); parameters, answers and errors stand in"
    yield "[openapi.json](openapi.json)."
    yield ""
    yield "| method | path | verb | least role | meaning |"
    yield "|---|---|---|---|---|"
    for route in sorted(routes(), key=lambda each: (each.path, each.method)):
        verb = route.verb
        path, link = f"`{route.path}`", f"[{verb.name}](verbs.md#{verb.name})"
        cells = (route.method, path, link, verb.role, verb.summary)
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    for path, meaning in (
        ("/v1/operations/{id}", "how something stands that was not waited for"),
        ("/v1/openapi.json", "what can be asked for, in OpenAPI 3.1"),
        ("/metrics", "what Prometheus reads, as the verb metrics"),
        ("/health", "whether this server answers; for anybody"),
    ):
        yield f"| GET | `{path}` | | | {meaning} |"


def openapi_document() -> Iterator[str]:
    """Give the lines of the description of the HTTP interface, as it is served too."""
    yield from json.dumps(description(), indent=1).splitlines()


def _first_line(documented: type) -> str:
    return inspect.cleandoc(documented.__doc__ or "").partition("\n")[0].replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
