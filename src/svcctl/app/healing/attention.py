"""Knows who is at work on which service, so that nobody is disturbed by being helped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from svcctl.app.selection import choose, service_of
from svcctl.app.verb import Effect
from svcctl.app.verbs import find
from svcctl.errors import SvcctlError
from svcctl.spec.service import ServiceSpec
from svcctl.wire import Selection

HEALER = "healer"
"""The actor that the audit log names."""

_OURS = frozenset(("heal",))
"""Verbs by which a person has the healer act."""


class Attention:
    """Every verb under way that changes something, and which services it is about.

    *then* is called when one is over.
    """

    def __init__(
        self, specs: Callable[[], Mapping[str, ServiceSpec]], *, then: Callable[[], None]
    ) -> None:
        self._specs, self._then = specs, then
        self._under_way: dict[int, tuple[str, Selection]] = {}
        self._last = 0

    @contextmanager
    def witness(
        self, verb: str, *, actor: str, selection: Selection, times: int = 1
    ) -> Iterator[None]:
        """See :class:`svcctl.app.dispatch.Witness`."""
        del times
        found = find(verb)
        changes = found is not None and found.effect is not Effect.READ and verb not in _OURS
        if not changes or actor == HEALER:
            yield
            return
        self._last += 1
        number = self._last
        self._under_way[number] = f"{actor} ({verb})", selection
        try:
            yield
        finally:
            del self._under_way[number]
            self._then()

    def of(self, service: str) -> str:
        """Say who is at work on *service*, or give an empty text."""
        found = (who for who, about in self._under_way.values() if self._means(about, service))
        return next(found, "")

    def _means(self, selection: Selection, service: str) -> bool:
        """Say whether *selection* means *service*; one that names none may mean any."""
        if selection.empty:
            return True
        specs = self._specs()
        try:
            return service in {service_of(each, specs) for each in choose(selection, specs)}
        except SvcctlError:  # whoever asked is told
            return False
