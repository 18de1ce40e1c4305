"""The configuration of a living service, as its life sees it."""

from __future__ import annotations

from typing import Any, Protocol


class Settings(Protocol):
    """A configuration in force; fulfilled by :class:`svcctl.sdk.config.live.Live`."""

    @property
    def value(self) -> Any:  # noqa: ANN401 - of the author's own class
        """Give what is in force."""

    @property
    def version(self) -> int:
        """Give its number."""

    async def reload(self, *, who: str, origin: str = "") -> object:
        """Read it anew, and give what came of it."""


class Unset:
    """The configuration of a service that has none."""

    value: Any = None
    version = 0

    async def reload(self, *, who: str, origin: str = "") -> object:
        """Have nothing to read."""
        del who, origin
        return None
