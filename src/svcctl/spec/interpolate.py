"""Puts environment variables into the strings of a file: ``${NAME}`` and its three variants."""

from __future__ import annotations

import re
from collections.abc import Mapping

from svcctl.errors import SpecError
from svcctl.spec.instance import BRACED, RUN_TIME_NAMES
from svcctl.spec.names import did_you_mean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORMS = "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $${ for the text ${"
_DEEPEST = 8
_ESCAPED_RUN_TIME = re.compile(rf"\$\$(?={BRACED})")
_SPECIAL = re.compile(rf"(\$\$(?={BRACED})|\${BRACED})|\$(?=[${{])")


def interpolate(text: str, environ: Mapping[str, str], *, run_time: bool = True) -> str:
    """Replace ``${NAME}``, ``${NAME:-default}``, ``${NAME:?message}`` and ``$$`` in *text*.

    An empty variable counts as missing where there is a default or a message; a default may hold
    further ``${...}``.  A ``$`` before anything else stays, for the shell.  ``${INSTANCE}`` and its
    kin stay too, and so does ``$${INSTANCE}``: see :mod:`svcctl.spec.instance`; but without
    *run_time*, where nobody replaces them later, they are variables as all others.
    Raises SpecError where a variable is missing or a form is unknown.
    """
    if "$" not in text:
        return text
    return _replaced(text, environ, depth=0, run_time=run_time)


def escape(text: str) -> str:
    """Write *text* so that :func:`interpolate` gives it back as it is, run-time names included."""
    return _SPECIAL.sub(lambda found: found[1] or "$$", text)


def _replaced(text: str, environ: Mapping[str, str], *, depth: int, run_time: bool) -> str:
    if depth > _DEEPEST:
        raise SpecError("defaults within defaults are nested too deeply", hint=_FORMS)
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        if run_time and _ESCAPED_RUN_TIME.match(text, dollar):
            parts.append("$$")
            at = dollar + 2
        elif text.startswith("$$", dollar):
            parts.append("$")
            at = dollar + 2
        elif text.startswith("${", dollar):
            at = _end(text, dollar + 2)
            form = text[dollar + 2 : at - 1]
            parts.append(_value(form, environ, depth=depth, run_time=run_time))
        else:
            parts.append("$")
            at = dollar + 1
    return "".join((*parts, text[at:]))


def _end(text: str, start: int) -> int:
    """Find the end of the form whose inside begins at *start*; braces within it are paired."""
    depth = 1
    for at in range(start, len(text)):
        if text.startswith("${", at):
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at + 1
    raise SpecError("'${' is not closed", hint=_FORMS)


def _value(form: str, environ: Mapping[str, str], *, depth: int, run_time: bool) -> str:
    name, operator, rest = _split(form)
    if run_time and name in RUN_TIME_NAMES and not operator:
        return f"${{{name}}}"
    if run_time and name.startswith("INSTANCE"):
        hint = "there are " + ", ".join(f"${{{known}}}" for known in RUN_TIME_NAMES)
        raise SpecError(f"'${{{form}}}' is not known", hint=hint)
    value = environ.get(name)
    if operator == ":-":
        return value or _replaced(rest, environ, depth=depth + 1, run_time=run_time)
    if operator == ":?" and not value:
        raise SpecError(f"{name} is not set: {rest or 'it is required'}", hint=_set(name))
    if value is None:
        hint = did_you_mean(name, environ) or f"{_set(name)}, or write ${{{name}:-default}}"
        raise SpecError(f"variable {name!r} is not set", hint=hint)
    return value


def _split(form: str) -> tuple[str, str, str]:
    found = _NAME.match(form)
    rest = form[found.end() :] if found else form
    if found is None or (rest and not rest.startswith((":-", ":?"))):
        raise SpecError(f"'${{{form}}}' is not understood", hint=_FORMS)
    return found[0], rest[:2], rest[2:]


def _set(name: str) -> str:
    return f"set {name} in the environment"
