"""A server to ask, for each test; and tries without number, as attackers have many addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.auth.signature import SignerKey
from svcctl.server.web.sessions import Sessions
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection
from tests.flows.attack.forging import PUBLIC
from tests.flows.http.stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every try looked at."""
    monkeypatch.setattr("svcctl.auth.tries.MOST", 1_000_000)


@pytest.fixture
def whole(tmp_path: Path) -> Stand:
    """A server with all there is: every verb, the dashboard, and the key ci of an admin."""
    found = Stand(tmp_path)
    found.sessions = Sessions(FakeStore(), found.clock)
    found.signers["ci"] = SignerKey(actor="key:ci", public=PUBLIC, roles=("admin",))

    async def metrics(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        found.came.append("metrics")
        return {"text": "", "type": "text/plain"}

    found.deeds["metrics"] = metrics
    return found
