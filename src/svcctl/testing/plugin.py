"""What pytest finds of svcctl: fixtures, which load nothing until a test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from svcctl.testing.blocking import Trials
    from svcctl.testing.fakes import FakeClock


@pytest.fixture
def service() -> Iterator[Trials]:
    """Begin services under test: ``trial = service(Mailer, config={...})``.

    They are stopped when the test is over, which fails if one crashed and the test did not look.
    """
    from svcctl.testing.blocking import Trials  # noqa: PLC0415 - only for those who use it

    with Trials() as trials:
        yield trials


@pytest.fixture
def virtual_clock() -> FakeClock:
    """Give a clock that stands still until a test moves it."""
    from svcctl.testing.fakes import FakeClock  # noqa: PLC0415 - only for those who use it

    return FakeClock()
