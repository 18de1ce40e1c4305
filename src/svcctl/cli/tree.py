"""``svcctl tree``: what needs what, as lines, as a Mermaid graph or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from svcctl.app.verb import Arg, Kind
from svcctl.cli.output import Screen, as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.standing import phase_cell
from svcctl.cli.verb_command import verb_command

_OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json"),
)
_FORMAT = Arg(
    name="format",
    kind=Kind.TEXT,
    help="how to draw it",
    default="ascii",
    choices=("ascii", "mermaid", "json"),
)
Branches = Mapping[str, Mapping[str, Any]]
"""For each service ``needs`` (service to condition), ``after`` and ``phase``."""


def _tree(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if "json" in {asked.text("output"), asked.text("format")}:
        session.out.line(as_json(found))
        return 0
    draw = mermaid if asked.text("format") == "mermaid" else ascii_tree
    for line in draw(session.out, found["services"]):
        session.out.line(line)
    return 0


def ascii_tree(out: Screen, services: Branches) -> Iterator[str]:
    """Give a tree for each service that no other needs; what stands twice is drawn once."""
    needed = {name for branch in services.values() for name in branch["needs"]}
    drawn: set[str] = set()
    for name in services:
        if name not in needed:
            yield _label(out, name, services)
            yield from _below(out, name, services, drawn, "")


def _below(
    out: Screen, name: str, services: Branches, drawn: set[str], indent: str
) -> Iterator[str]:
    if name not in services:
        return
    drawn.add(name)
    needs = list(services[name]["needs"].items())
    for at, (needed, condition) in enumerate(needs):
        is_last = at == len(needs) - 1
        sign = "`-- " if is_last else "|-- "
        again = needed in drawn and bool(services.get(needed, {}).get("needs"))
        more = " (see above)" if again else ""
        yield f"{indent}{sign}{_label(out, needed, services)} [{condition}]{more}"
        if not again:
            yield from _below(
                out, needed, services, drawn, indent + ("    " if is_last else "|   ")
            )


def _label(out: Screen, name: str, services: Branches) -> str:
    if name not in services:
        return name
    cell = phase_cell(out, services[name]["phase"])
    return f"{name} {out.paint(cell.text, cell.style)}"


def mermaid(out: Screen, services: Branches) -> Iterator[str]:
    """Give a graph as https://mermaid.js.org reads it; ``after`` is a dotted arrow."""
    del out
    yield "graph LR"
    numbers = {name: f"s{at}" for at, name in enumerate(sorted(_all_names(services)))}
    for name, number in numbers.items():
        yield f'  {number}["{name}"]'
    for name, branch in services.items():
        for needed, condition in branch["needs"].items():
            yield f"  {numbers[name]} -->|{condition}| {numbers[needed]}"
        for earlier in branch["after"]:
            yield f"  {numbers[name]} -.-> {numbers[earlier]}"


def _all_names(services: Branches) -> set[str]:
    named = {each for branch in services.values() for each in (*branch["needs"], *branch["after"])}
    return set(services) | named


tree = verb_command("tree", _tree, _OUTPUT, _FORMAT)
