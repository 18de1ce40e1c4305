"""The pydantic side of the marks in :mod:`svcctl.spec.units`: our parsers, our messages."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from svcctl.errors import NotAvailable, SpecError
from svcctl.spec.notation import PARSERS

OURS = "svcctl"
"""The type of pydantic errors that carry a problem and a hint of our own."""


def read_as(kind: str) -> CoreSchema:
    """Read a value with our parser for *kind*, and nothing of pydantic's."""
    parse = PARSERS[kind]

    def parse_or_tell(value: object) -> object:
        try:
            return parse(value)
        except SpecError as error:
            said = {
                "problem": error.problem,
                "hint": error.hint,
                "unavailable": isinstance(error, NotAvailable),
            }
            raise PydanticCustomError(OURS, "{problem}", said) from error

    return core_schema.no_info_plain_validator_function(parse_or_tell)


def checked(schema: CoreSchema, problem_of: Callable[[float], str]) -> CoreSchema:
    """Refuse what *schema* accepts and *problem_of* has something to say about."""

    def check(value: float) -> float:
        if problem := problem_of(value):
            raise PydanticCustomError(OURS, "{problem}", {"problem": problem, "hint": ""})
        return value

    return core_schema.no_info_after_validator_function(check, schema)
