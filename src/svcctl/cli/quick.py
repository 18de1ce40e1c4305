"""The plain forms of ``svcctl status``, read without click: that saves a quarter of the time.

Whatever is not plain here is left to click, which understands the same and much more; a test
holds both to the same reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_OUTPUT_FLAGS = ("-o", "--output")
_SAID_BEFORE = ("VERBOSE", "QUIET", "NO_COLOR", "COMPLETE", "HOST")
_OUTPUTS = ("table", "wide", "json", "jsonl", "name")


def plain_status(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[list[str], str] | None:
    """Give names and output format if *argv* is a plain ``status``, else None.

    Options that are set in the environment are left to click as well.
    """
    if (
        not argv
        or argv[0] != "status"
        or any(each.startswith("SVCCTL_STATUS_") for each in environ)
    ):
        return None
    if any(environ.get(f"SVCCTL_{name}") for name in _SAID_BEFORE):
        return None
    names: list[str] = []
    output = ""
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word == "--json":
            output = "json"
        elif word in _OUTPUT_FLAGS and rest and rest[0] in _OUTPUTS:
            output = rest.pop(0)
        elif word.startswith("-") or not word:
            return None
        else:
            names.append(word)
    return names, output or "table"
