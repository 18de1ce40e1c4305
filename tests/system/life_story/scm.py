"""The SCM of Windows, which starts the service's own file; seen by calls of the test's own."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.life_story.mailer import Mailer
from tests.system.life_story.stage import PATIENCE, Place

ROOT = Path(__file__).parents[3]
_PHASES = {
    1: "stopped",
    2: "starting",
    3: "stopping",
    4: "running",
    5: "resuming",
    6: "pausing",
    7: "paused",
}
STOP, PAUSE, CONTINUE, PARAMCHANGE = 1, 2, 3, 6


def on_wine() -> bool:
    """Say whether this is a Windows as Wine plays it."""
    return sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


class ScmKeeper:
    """See :class:`tests.system.life_story.stage.Keeper`."""

    def __init__(self, place: Place, raw: Any, database: Any) -> None:
        self.place, self.raw, self.database = place, raw, database
        self._process = 0

    def command_line(self, *words: str) -> str:
        """Give the command line of the service's own file, with *words*."""
        return " ".join(f'"{each}"' for each in (sys.executable, str(self.place.file), *words))

    def install(self, *options: str) -> None:
        """Have the service install itself: what its own file asks of svcctl, asked here."""
        from svcctl.sdk.delegate import command

        words = command("install", [*options], Mailer().blueprint())
        self.svcctl(*words[3:])

    def svcctl(self, *words: str, status: int = 0) -> None:
        """Have svcctl do something, in this process, where what Wine lacks is made up for."""
        from svcctl.cli.main import main

        assert main(list(words)) == status

    def start(self) -> None:
        self.install()
        self.raw.start("mailer")
        self.take_hold()

    def take_hold(self) -> None:
        """See to it that how its process ends can be told."""
        self._process = self.raw.open_process(self.status().pid)

    def pause(self) -> None:
        assert self.raw.control("mailer", PAUSE) == 0

    def resume(self) -> None:
        assert self.raw.control("mailer", CONTINUE) == 0

    def reload(self) -> None:
        assert self.raw.control("mailer", PARAMCHANGE) == 0

    def stop(self) -> None:
        assert self.raw.control("mailer", STOP) == 0

    def status(self) -> Any:
        """Give what the SCM says."""
        return self.raw.status("mailer")

    def phase(self) -> str:
        found = self.status()
        if self.endings() not in ([], [0]):
            return "failed"
        return _PHASES[found.state]

    def progress(self) -> object:
        found = self.status()
        return found.checkpoint, found.wait_hint

    def endings(self) -> list[int | None]:
        code = self.raw.exit_code(self._process) if self._process else None
        return [] if code is None else [code]

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process and not self.endings():
            self.raw.kill_process(self._process)
            self.raw.join_process(self._process, PATIENCE)
        if self.raw.exists("mailer"):
            self.raw.delete("mailer")


@contextmanager
def under_the_scm(folder: Path, raw: Any, patch: pytest.MonkeyPatch) -> Iterator[tuple[Place, Any]]:
    """Give a place, and the SCM that keeps what is there."""
    from svcctl.bootstrap import windows_native
    from svcctl.sdk import delegate
    from svcctl.system.program_data import program_data
    from svcctl.system.windows.scm_api import ScmApi
    from svcctl.system.windows.scm_database import ScmDatabase
    from tests.system.windows.scm_lab import WatchedAdvapi32

    state = Path(program_data()) / "svcctl" / "state" / "services" / "mailer"
    place = Place(folder / "my mailer", state, found_in=str(ROOT / "src"))
    watched = WatchedAdvapi32()
    patch.delenv("SVCCTL_HOME", raising=False)
    patch.chdir(place.folder)
    patch.setattr(windows_native, "ScmDatabase", lambda: ScmDatabase(ScmApi(watched)))
    patch.setattr(delegate, "this_program", lambda: [sys.executable, str(place.file), "run"])
    keeper = ScmKeeper(place, raw, ScmDatabase(ScmApi(watched)))
    try:
        yield place, keeper
    finally:
        keeper.close()
        _forget(state)


def _forget(state: Path) -> None:
    shutil.rmtree(state, ignore_errors=True)
    (state.parents[1] / "native" / "mailer.json").unlink(missing_ok=True)
