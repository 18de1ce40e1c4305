"""Who failed too often of late is not looked at for a while: counted by where they ask from."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

from svcctl.errors import TooManyTries
from svcctl.ports import Clock

MOST = 20
"""Failures from one place."""

WINDOW = 60.0
"""Seconds in which they count."""

_PLACES = 10_000
_NETWORK_BITS = 64  # of IPv6: what one customer gets, RFC 6177


class Tries:
    """The failures of late, from as many places as memory allows; the oldest are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def insist_on_few(self, source: str) -> None:
        """Raise TooManyTries where *source* failed too often to be looked at."""
        failures = self._failures.get(place_of(source)) if self._failures else None
        if not failures:
            return
        now = self._clock.now()
        while failures and not 0 <= now - failures[0] <= WINDOW:
            failures.popleft()
        if len(failures) >= MOST:
            raise TooManyTries(
                f"{MOST} tries from {source} have failed", hint="wait a minute, and look why"
            )

    def note_failure(self, source: str) -> None:
        """Count one more."""
        place = place_of(source)
        failures = self._failures.setdefault(place, deque(maxlen=MOST))
        failures.append(self._clock.now())
        self._failures.move_to_end(place)
        if len(self._failures) > _PLACES:
            self._failures.popitem(last=False)


def place_of(source: str) -> str:
    """Give what failures from *source* count for: its network where an asker has many addresses."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address) or address.ipv4_mapped:
        return source
    bits = 128 - _NETWORK_BITS
    return str(IPv6Address(int(address) >> bits << bits))
