"""An agent without remote control has in memory nothing of what lets others in."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOOK = """
import sys
import svcctl.bootstrap.agent, svcctl.server.agent, svcctl.server.local
from svcctl.app.access import Access
from svcctl.app.verbs import VERBS
from svcctl.app.verb import Selects
from svcctl.auth.identity import local
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection
access = Access(store=FakeStore(), specs=dict, owners=None)
for verb in VERBS:
    access.insist(local("uid:0"), verb, Selection(all=True), {})
print(*sorted(name for name in sys.modules if name.startswith("svcctl.auth.")))
assert "svcctl.app.tokens" not in sys.modules
print(*({"cryptography", "http_message_signatures", "joserfc"} & sys.modules.keys()))
"""


@pytest.mark.slow
def test_an_agent_that_is_asked_on_its_own_machine_loads_who_asks_and_no_more() -> None:
    looked = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True
    )

    assert looked.stdout.splitlines() == ["svcctl.auth.identity svcctl.auth.listening", ""]
