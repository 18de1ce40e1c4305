"""A service of Windows that svcctl did not install, as it makes room for one of ours."""

from __future__ import annotations

from dataclasses import replace

from svcctl.errors import Conflict, TimedOut
from svcctl.ports import Act
from svcctl.system.windows import scm_api, scm_words
from svcctl.system.windows.scm_config import ScmStart, differing
from svcctl.system.windows.scm_ports import Scm
from svcctl.system.windows.service_status import Control, State
from svcctl.system.windows.winapi import winerror

_PATIENCE = 125.0  # seconds a service gets to stop; services.msc gives up then as well


class OldService:
    """Fulfils :class:`svcctl.app.take_over.OldService` for the service *name* of *scm*."""

    def __init__(self, name: str, *, scm: Scm) -> None:
        self._name, self._scm = name, scm
        self._start_type = scm.start_type(name)

    def runs(self) -> bool:
        """Say whether it runs, or is about to."""
        found = self._scm.status(self._name)
        return found.state is not State.STOPPED and not found.lost

    def is_enabled(self) -> bool:
        """Say whether it can start at all: one that is started by hand would be in our way too."""
        return self._scm.start_type(self._name) is not ScmStart.DISABLED

    def stop(self) -> None:
        """Stop it, and come back once it has; Conflict where others that run depend on it."""
        try:
            self._scm.control(self._name, Control.STOP, access=scm_api.STOP, what="stopped")
        except Conflict as error:
            if winerror(error) != scm_words.NOT_ACTIVE:
                raise
        if not self._scm.await_stopped(self._name, within=_PATIENCE):
            raise TimedOut(
                f"service '{self._name}' did not stop within {_PATIENCE:g}s",
                hint=f"sc queryex {self._name}; once it has: sc start {self._name}",
            )

    def start(self) -> None:
        """Start it again, unless it runs yet."""
        try:
            self._scm.start(self._name)
        except Conflict as error:
            if winerror(error) != scm_words.ALREADY_RUNNING:
                raise

    def disable(self) -> None:
        """Have nothing start it."""
        self._set(ScmStart.DISABLED)

    def enable(self) -> None:
        """Give it its start type back."""
        self._set(self._start_type)

    def acts(self) -> tuple[Act, ...]:
        """Give what would be done to it."""
        target = f"service {self._name}"
        stop = (Act(kind="run", target=f"sc stop {self._name}"),) if self.runs() else ()
        if not self.is_enabled():
            return stop
        was = str(self._start_type)
        return (*stop, Act(kind="set", target=f"{target}: start", text="disabled", before=was))

    def _set(self, start: ScmStart) -> None:
        before = self._scm.read(self._name)
        wanted = replace(before, start=start)
        if members := differing(before, wanted):
            self._scm.change(self._name, wanted, members, password=None)
