"""Rows of a CSV file as services: one column for each option, every cell with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from svcctl.errors import Mistake, SpecError, quoted
from svcctl.spec.layers import Layer
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.options import meant_option
from svcctl.spec.overrides import Override, option_path
from svcctl.spec.report import Report
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import shape_at
from svcctl.spec.toml import toml_value

_DELIMITERS = ",;\t"
_COLUMNS = {
    "path": "exec",
    "command": "exec",
    "program": "exec",
    "start_type": "start",
    "startup": "start",
    "startup_type": "start",
    "account": "user",
    "displayname": "display_name",
}
"""What people call columns in tables of services."""

_STARTS = {
    "automatic": "auto",
    "automatic (delayed start)": "delayed",
    "automaticdelayedstart": "delayed",
    "delayed-auto": "delayed",
    "demand": "manual",
}
"""What Windows and its tools call ways to start."""

Split = Callable[[str], Sequence[str]]
"""Splits a command as this system's programs are; raises SpecError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service: its *name*, its command as words, and each of its cells; *line* from 1."""

    name: str
    line: int
    argv: tuple[str, ...]
    overrides: tuple[Override, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    text: str
    line: int
    column: int


def read_rows(path: str, *, command: Split) -> list[Row]:
    """Read the file at *path*; raises SpecError with every mistake in its form, by its place."""
    report = Report()
    lines = list(_records(path))
    header = [_column(path, each, report) for each in lines[0]] if lines else []
    if not lines or ("name",) not in header:
        hint = "begin with a line such as: name,exec,start"
        report.add(Mistake(problem="there is no column 'name'", hint=hint, file=path, line=1))
        report.conclude()
    rows: list[Row] = []
    for cells in lines[1:]:
        row = _row(path, header, cells, command=command, report=report)
        if row is None:
            continue
        if any(row.name == each.name for each in rows):
            problem = f"service {row.name!r} is in the file twice"
            report.add(Mistake(problem=problem, file=path, line=row.line, column=1))
        rows.append(row)
    if not lines[1:]:
        report.add(Mistake(problem="there is no row below the header", file=path))
    report.conclude()
    return rows


def _records(path: str) -> Iterator[list[_Cell]]:
    """Give the cells of each line that has any."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{quoted(path)} is not UTF-8", hint="save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    raw = text.splitlines(keepends=True)
    before = 0
    try:
        for fields in reader:
            columns = _columns("".join(raw[before : reader.line_num]), delimiter)
            if any(each.strip() for each in fields):
                yield [
                    _Cell(text=each.strip(), line=before + 1, column=column)
                    for each, column in zip(fields, columns, strict=False)
                ]
            before = reader.line_num
    except csv.Error as error:
        mistake = Mistake(problem=f"is not CSV: {error}", file=path, line=reader.line_num, column=1)
        raise SpecError(str(mistake), mistakes=(mistake,)) from error


def _columns(text: str, delimiter: str) -> list[int]:
    """Give where each cell of one record begins, in characters from 1."""
    found, quoted = [1], False
    for at, sign in enumerate(text, 2):
        quoted ^= sign == '"'
        if sign == delimiter and not quoted:
            found.append(at)
    return found


def _column(path: str, cell: _Cell, report: Report) -> KeyPath:
    """Give the option that a heading means; () for one that is none, which is reported."""
    heading = cell.text.replace(" ", "_").lower()
    as_written = option_path(cell.text)  # keys of env keep their case
    for option in (as_written, option_path(_COLUMNS.get(heading, heading))):
        if option and shape_at(ServiceSpec, option) is not None:
            return option
    meant = meant_option(as_written)
    hint = f"did you mean {path_text(meant)!r}?" if meant else "name it as in the reference"
    report.add(
        Mistake(
            problem=f"{quoted(cell.text)} is no option",
            hint=hint,
            file=path,
            line=cell.line,
            column=cell.column,
        )
    )
    return ()


def _row(
    path: str,
    header: Sequence[KeyPath],
    cells: Sequence[_Cell],
    *,
    command: Split,
    report: Report,
) -> Row | None:
    line = cells[0].line
    if len(cells) > len(header):
        extra = cells[len(header)]
        problem = f"{len(cells)} cells below {len(header)} headings"
        report.add(Mistake(problem=problem, file=path, line=line, column=extra.column))
    filled = [
        (option, cell) for option, cell in zip(header, cells, strict=False) if option and cell.text
    ]
    name = next((cell.text for option, cell in filled if option == ("name",)), "")
    if not name:
        report.add(Mistake(problem="the row has no name", file=path, line=line, column=1))
        return None
    argv = _words(path, dict(filled).get(("exec",)), command, report)
    return Row(
        name=name,
        line=line,
        argv=argv,
        overrides=tuple(
            _override(path, name, option, cell, toml_value(argv) if option == ("exec",) else "")
            for option, cell in filled
            if option != ("name",)
        ),
    )


def _words(path: str, cell: _Cell | None, command: Split, report: Report) -> tuple[str, ...]:
    if cell is None:
        return ()
    try:
        return tuple(command(cell.text))
    except SpecError as error:
        report.add(
            Mistake(
                problem=error.problem,
                hint=error.hint,
                file=path,
                line=cell.line,
                column=cell.column,
            )
        )
        return ()


def _override(path: str, name: str, option: KeyPath, cell: _Cell, text: str) -> Override:
    if option == ("start",):
        text = _STARTS.get(cell.text.lower(), cell.text.lower())
    return Override(
        service=name,
        path=option,
        text=text or cell.text,
        layer=Layer.FLAG,
        said=path,
        line=cell.line,
        column=cell.column,
    )
