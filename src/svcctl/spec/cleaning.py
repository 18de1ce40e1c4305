"""Takes out of a document what no option can be, and puts environment variables in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError
from svcctl.spec.interpolate import interpolate
from svcctl.spec.locate import KeyPath
from svcctl.spec.notation import show
from svcctl.spec.report import Report
from svcctl.spec.source import File


def clean(file: File, environ: Mapping[str, str], report: Report) -> None:
    """Clean the document of *file*; what is taken out is reported and noted in ``refused``.

    A list with one bad item goes as a whole, so that numbers keep their places.
    """
    cleaner = _Cleaner(file=file, environ=environ, report=report)
    file.document = cleaner.table(file.document, ())


class _ReportedError(Exception):
    """A value is refused and that was reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cleaner:
    file: File
    environ: Mapping[str, str]
    report: Report

    def table(self, table: dict[str, object], path: KeyPath) -> dict[str, object]:
        cleaned: dict[str, object] = {}
        for key, value in table.items():
            try:
                cleaned[key] = self._value(value, (*path, key))
            except _ReportedError:
                self.file.refused.add((*path, key))
        return cleaned

    def _value(self, value: object, path: KeyPath) -> object:
        match value:
            case dict():
                return self.table(value, path)
            case list():
                return self._list(value, path)
        try:
            return self._scalar(value)
        except SpecError as error:
            self.report.add(self.file.mistake(path, error.problem, error.hint))
            raise _ReportedError from error

    def _list(self, values: list[object], path: KeyPath) -> list[object]:
        cleaned: list[object] = []
        bad = False
        for number, value in enumerate(values):
            try:
                cleaned.append(self._value(value, (*path, number)))
            except _ReportedError:
                bad = True
        if bad:
            raise _ReportedError
        return cleaned

    def _scalar(self, value: object) -> object:
        match value:
            case str():
                return plain_text(interpolate(value, self.environ))
            case bool():
                return value
            case int() if -(2**63) <= value < 2**63:
                return value
            case float() if math.isfinite(value):
                return value
            case int() | float():
                raise SpecError("the number is out of range")
            case _:
                raise SpecError(f"{show(value)} is not a value options have", hint="quote it")


def plain_text(text: str) -> str:
    """Give *text* back if a program can be given it, or raise SpecError."""
    if "\0" in text:
        raise SpecError("a text has a NUL character", hint="no program can be given one")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SpecError("a variable is not UTF-8", hint="set it to text") from error
    return text
