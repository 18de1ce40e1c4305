"""Writes the configuration that a test gives as the file that a service would read it from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from svcctl.errors import UsageError
from svcctl.sdk.config.outline import ANYTHING, Shape, is_table, members
from svcctl.sdk.config.secret import Secret
from svcctl.spec.notation import FORMATS


def write_config(path: Path, config: object) -> None:
    """Write *config*, a mapping as of a file or an object of a configuration's class, as JSON.

    Raises UsageError where it is neither, or holds what no file can hold.
    """
    if isinstance(config, Mapping):
        document: object = config
    elif is_table(type(config)):
        document = _document(config)
    else:
        raise UsageError(
            f"{type(config).__name__} is no configuration",
            hint="give a mapping, or an object of the service's class Config",
        )
    path.write_text(_json(document), encoding="utf-8")


def _document(value: object, shape: Shape = ANYTHING) -> object:
    """Give *value* as a file has it; *shape* says with what notation."""
    if is_table(type(value)):
        known = members(type(value)).items()
        return {key: _document(getattr(value, each.name), each.shape) for key, each in known}
    inner = shape.item or ANYTHING
    match value:
        case Secret():
            return value.reveal()
        case str():
            return value.replace("${", "$${")  # it was read already
        case Mapping():
            return {str(key): _document(each, inner) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_document(each, inner) for each in value]
        case int() | float() if shape.unit in FORMATS:
            return FORMATS[shape.unit](value)
        case _:
            return value


def _json(document: object) -> str:
    from pydantic_core import PydanticSerializationError, to_json  # noqa: PLC0415 - slow to load

    try:
        text = to_json(document, fallback=_revealed).decode()
    except PydanticSerializationError as error:
        raise UsageError(
            f"no file can hold this configuration: {error}", hint="give it as a file would have it"
        ) from error
    return text


def _revealed(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} is nothing that a file can hold")
