"""What managers do to the machine, in words: for dry runs, and for what was removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from svcctl.cli.output import Screen, printable

ActDocument = dict[str, Any]
"""The fields of :class:`svcctl.ports.Act`."""

_DONE = {"write": "wrote", "delete": "removed", "set": "set", "run": "ran"}


def show(out: Screen, acts: Iterable[ActDocument]) -> None:
    """Write each act with all that it would put there."""
    for act in acts:
        _show(out, act)


def _show(out: Screen, act: ActDocument) -> None:
    kind, target, said, before = (act[each] for each in ("kind", "target", "text", "before"))
    match kind:
        case "write":
            was = "" if before is None else ", instead of what stands there"
            out.line(f"  write {printable(target)}{was}")
            for line in said.splitlines():
                out.line(out.paint(f"    | {printable(line)}", "dim"))
        case "set":
            was = "" if before is None else f" (was {_on_a_line(before)})"
            out.line(f"  set {printable(target)} = {_on_a_line(said)}{was}")
        case _:
            out.line(f"  {kind} {printable(target)}")


def tell_done(out: Screen, acts: Sequence[ActDocument]) -> None:
    """Write what was done, one line each."""
    for act in acts:
        out.line(f"  {_DONE[act['kind']]} {printable(act['target'])}")


def _on_a_line(text: str) -> str:
    return printable(text.replace("\n", "\\n")) or "nothing"
