"""Collects every mistake of a load, so that a person sees all of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.errors import Mistake, NotAvailable, SpecError


@dataclass(slots=True)
class Report:
    """The mistakes found so far; the same one in the same place counts once."""

    _found: dict[Mistake, bool] = field(default_factory=dict)

    def add(self, mistake: Mistake, *, unavailable: bool = False) -> None:
        """Note *mistake*; *unavailable*: it is valid, but not in this version."""
        self._found.setdefault(mistake, unavailable)

    def take(self, other: Report) -> None:
        """Note all that *other* found."""
        for mistake, unavailable in other._found.items():
            self.add(mistake, unavailable=unavailable)

    def conclude(self) -> None:
        """Raise a SpecError with all mistakes, by place, if there are any.

        It is a NotAvailable where nothing else is wrong.
        """
        if not self._found:
            return
        mistakes = sorted(self._found, key=lambda each: (each.file, each.line, each.column))
        kind = NotAvailable if all(self._found.values()) else SpecError
        first = mistakes[0]
        if len(mistakes) == 1:
            raise kind(str(first), hint=first.hint, mistakes=mistakes)
        raise kind(f"{len(mistakes)} mistakes, the first: {first}", mistakes=mistakes)
