"""A server elsewhere, running beside the test, and a user who knows it by a name."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.bootstrap.host_tokens import keep_token
from svcctl.bootstrap.hosts import change_contexts
from svcctl.client.remote import Remote
from tests.flows.http.stand import PATIENCE, Stand


class Elsewhere:
    """A stand that is open in a thread of its own; *remote* is its address."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._open, self._over = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run)

    @property
    def remote(self) -> Remote:
        return Remote(name="there", url=f"http://127.0.0.1:{self.stand.port}")

    def begin(self) -> None:
        Path(self.stand.agent).unlink(missing_ok=True)
        self._thread.start()
        assert self._open.wait(PATIENCE)

    def end(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.run(self._serve())
        gc.collect()  # what SQLite opened in this thread can be closed in no other

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with self.stand.open():
            self._open.set()
            await self._over.wait()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that SVCCTL_HOME names; nothing of the caller's settings is seen."""
    for name in ("NO_COLOR", "FORCE_COLOR", "SVCCTL_HOST", "SVCCTL_TOKEN_FILE", "SVCCTL_QUIET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SVCCTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return tmp_path / "home"


@pytest.fixture
def closed(tmp_path: Path, home: Path) -> Elsewhere:
    """Give a server that does not serve yet."""
    del home
    return Elsewhere(Stand(tmp_path))


@pytest.fixture
def elsewhere(tmp_path: Path, home: Path) -> Iterator[Elsewhere]:
    """Give a server that this user calls ``there`` and has a token of an admin for."""
    del home
    there = Elsewhere(Stand(tmp_path))
    there.begin()
    try:
        change_contexts(None, lambda known: known.added(there.remote))
        keep_token(there.remote, None, there.stand.token())
        yield there
    finally:
        there.end()
