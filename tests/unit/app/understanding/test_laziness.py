"""An agent whose services say nothing has nothing of understanding in memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOOK = """
import sys
import svcctl.bootstrap.agent
print(*(name for name in sys.modules if name.startswith(("svcctl.detect", "svcctl.observe.rec"))))
"""


@pytest.mark.slow
def test_no_detector_is_loaded_with_the_agent() -> None:
    ran = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == []
