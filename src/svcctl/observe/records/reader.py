"""Makes records of what a file says, in the form that most of its lines have."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from svcctl.errors import UsageError, quoted
from svcctl.observe.records.forms import FORMS, Form, own_form, read_json, read_plain
from svcctl.observe.records.joining import is_raised, split
from svcctl.observe.records.meaning import Meaning
from svcctl.record import Level, Record

_SAMPLE = 50  # lines by which a form is told
_RAREST = 1600  # lines between two looks at those that have none
_PLAIN = "plain"


class Reader:
    """Reads one file; *form* is a name of FORMS, ``plain``, or a pattern with named groups.

    Without one the form is told from the lines, and again when half of the last fifty do not have
    it; ever more rarely while they have none.  An object of JSON is always read as one.
    """

    def __init__(self, form: str = "") -> None:
        """Raises UsageError where *form* is none."""
        self._fixed = bool(form)
        self.form = form or _PLAIN
        self._read: Form = _form(form)
        self._unread: deque[str] = deque(maxlen=_SAMPLE)
        self._missed = self._count = 0
        self._every = _SAMPLE

    def records(self, content: bytes, *, at: float) -> Iterator[Record]:
        """Give the records of whole lines that were read *at* some time."""
        lines_of = content.removesuffix(b"\n").split(b"\n")
        for lines in split(line.removesuffix(b"\r") for line in lines_of):
            yield self.record(lines, at=at)

    def record(self, lines: list[bytes], *, at: float) -> Record:
        """Give the record of *lines* that belong together."""
        first = lines[0].decode(errors="replace")
        meaning = self._meaning(first, at)
        message, level = meaning.message or first, meaning.level
        if level is Level.UNKNOWN and is_raised(lines):
            level = Level.ERROR
        if len(lines) > 1:
            message = "\n".join([message, *(each.decode(errors="replace") for each in lines[1:])])
        return Record(
            raw=b"\n".join(lines),
            at=at if meaning.at is None else meaning.at,
            message=message,
            level=level,
            trace=meaning.trace,
            fields=meaning.fields,
        )

    def time_of(self, line: bytes, *, now: float) -> float | None:
        """Give when *line* says it was written; None where it does not."""
        return self._meaning(line.decode(errors="replace"), now).at

    def _meaning(self, line: str, now: float) -> Meaning:
        found = self._read(line, now)
        if found is None and not self._fixed:
            self._unread.append(line)
            self._missed += 1
        self._count += 1
        if not self._fixed and self._count >= self._every:
            self._look_again(now)
        elif found is None and self._count == 1:
            found = self._begin(line, now)
        return found or read_json(line, now) or read_plain(line, now)

    def _begin(self, line: str, now: float) -> Meaning | None:
        """Take the first line's form until there are more."""
        if self._fixed:
            return None
        self._choose([line], now)
        return self._read(line, now)

    def _look_again(self, now: float) -> None:
        if self._missed * 2 >= self._count:
            before = self.form
            self._choose(self._unread, now)
            stays = self.form == before == _PLAIN
            self._every = min(self._every * 2, _RAREST) if stays else _SAMPLE
        self._unread.clear()
        self._missed = self._count = 0

    def _choose(self, lines: Iterable[str], now: float) -> None:
        self.form = told_by(lines, now=now)
        self._read = _form(self.form)


def told_by(lines: Iterable[str], *, now: float) -> str:
    """Give the name of the form that most of *lines* have; ``plain`` where fewer than half do."""
    sample = list(lines)
    counts = Counter(
        {name: sum(read(line, now) is not None for line in sample) for name, read in FORMS.items()}
    )
    name, count = max(counts.items(), key=lambda each: each[1])  # the surest of equals is first
    return name if sample and count * 2 >= len(sample) else _PLAIN


def _form(name: str) -> Form:
    if name in {"", _PLAIN}:
        return _none
    if name in FORMS:
        return FORMS[name]
    if "(" not in name:
        known = ", ".join([*FORMS, _PLAIN])
        hint = f"use one of {known}, or a pattern such as (?P<level>[A-Z]+) (?P<message>.*)"
        raise UsageError(f"there is no form {quoted(name)}", hint=hint)
    return own_form(name)


def _none(line: str, now: float) -> Meaning | None:
    del line, now
    return None
