"""What several tests of the bench need."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.accuracy.labelled import labelled_data


@pytest.fixture
def labelled() -> Path:
    """The folder of the labelled data."""
    folder = labelled_data()
    if folder is None:
        pytest.skip("needs the labelled data: SVCCTL_DATA")
    return folder
