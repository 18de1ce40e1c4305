"""Keeps secrets on the machine: what definitions hold is shown elsewhere without them.

A definition should name where a secret is (``secrets``, ``file:``, ``env:``); people write them
down all the same: in variables, in arguments, in addresses.  What a program is given as its
environment is never told elsewhere, but for the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from svcctl.spec.secrecy import HIDDEN, is_secret_name, scrubbed, without_pairs_of_words

_REFERENCES = ("file:", "env:")
_ENVIRONMENT = "env"
_FLAG = "flag"  # the layer of what was said on the command line
_NO_SECRET = frozenset(("secrets_as",))  # though its name is that of one


def shown_elsewhere(verb: str, result: object) -> object:
    """Give the result of *verb* as it may leave this machine."""
    match verb, result:
        case ("show", [*definitions]):
            return [_definition(each) for each in definitions]
        case ("alert-show" | "shipping-show", dict()):
            return _definition(result)
        case ("drift", [*services]):
            return [_drifted(each) for each in services]
        case ("apply-signed", {"plan": [*planned]}):
            return {**_table(result), "plan": [_planned(each) for each in planned]}
        case _:
            return result


def withheld(value: object, *, name: str = "") -> object:
    """Give an option called *name*, or a table of them, without what is secret in it."""
    match value:
        case str():
            return _text(value, name)
        case dict() if name == _ENVIRONMENT:
            return dict.fromkeys(value, HIDDEN)
        case dict():
            return {key: withheld(each, name=key) for key, each in value.items()}
        case list() | tuple() if value and all(isinstance(each, str) for each in value):
            words = [_text(each, name) for each in value]
            return words if is_secret_name(name) else without_pairs_of_words(words)
        case list() | tuple():
            return [withheld(each, name=name) for each in value]
        case _:
            return value


def _text(text: str, name: str) -> str:
    if text.startswith(_REFERENCES) or name in _NO_SECRET:
        return text
    return HIDDEN if text and is_secret_name(name) else scrubbed(text)


def _definition(document: object) -> object:
    found = _table(document)
    if "spec" not in found:
        return document
    origins = {path: _origin(each) for path, each in _table(found.get("origins")).items()}
    return {**found, "spec": withheld(found["spec"]), "origins": origins}


def _origin(document: object) -> object:
    """Give where a value came from; a flag, which has the value in it, without that."""
    found = _table(document)
    if found.get("layer") != _FLAG:
        return document
    return {**found, "file": str(found.get("file", "")).partition("=")[0]}


def _drifted(row: object) -> object:
    """Give what is said of a service that is not as its files say."""
    match row:
        case {"problem": str(problem), "options": [*options], **rest}:
            shown = [_difference(each) for each in options]
            return {**rest, "problem": scrubbed(problem), "options": shown}
        case _:
            return row


def _difference(option: object) -> object:
    match option:
        case {"option": str(path), "applied": old, "applied_from": old_from, **rest}:
            *tables, name = path.split(".")
            new, new_from = rest.get("on_disk"), rest.get("on_disk_from")
            if _ENVIRONMENT in tables:
                old, new = (None if each is None else HIDDEN for each in (old, new))
            return {
                "option": path,
                "change": rest.get("change"),
                "applied": withheld(old, name=name),
                "applied_from": _origin(old_from),
                "on_disk": withheld(new, name=name),
                "on_disk_from": _origin(new_from),
            }
        case _:
            return option


def _planned(row: object) -> object:
    """Give one line of a plan; of each change the old value and the new one."""
    found = _table(row)
    changes: Any = found.get("changes", [])
    return {**found, "changes": [_change(str(path), *both) for path, *both in changes]}


def _change(path: str, *both: object) -> list[object]:
    name = path.rpartition(".")[2]
    return [path, *(withheld(each, name=name) for each in both)]


def _table(document: object) -> Mapping[str, object]:
    return document if isinstance(document, Mapping) else {}
