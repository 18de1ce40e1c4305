"""The log of nobody here: others write it, and what comes of it is heard, wanted or not."""

from __future__ import annotations

from svcctl.app.understanding.place import Hear


class ForeignTap:
    """Stands where the output of a service would come from.

    See :class:`svcctl.app.understanding.place.Tap`.
    """

    def __init__(self, hear: Hear) -> None:
        """Whoever follows the log calls *hear* by himself."""

    def runs(self) -> bool:
        """Whoever writes it may always be there."""
        return True

    def turn_off(self) -> None:
        """Lines come all the same, and are counted as not read."""

    def turn_on(self) -> None:
        """Nothing was turned off."""

    def take_missed(self) -> int:
        """Give 0: every line is heard of."""
        return 0
