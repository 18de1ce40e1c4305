"""What the program of one instance says of itself, as in sd_notify(3)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from svcctl.contact import ENDPOINT, Notice
from svcctl.engine.keeping import Keeping
from svcctl.engine.probes.sources import whole_number
from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.events import StatusReported
from svcctl.ports import Cancel

log = logging.getLogger(__name__)


class Hearing:
    """Hears the program on behalf of its keeper; *text* is what it last said that it is doing."""

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper
        self.text = ""
        self._hearers: list[Callable[[Notice], None]] = []
        self._address = ""
        self._deafen: Cancel | None = None
        self.try_to_open()

    def try_to_open(self) -> None:
        """Begin to hear it, if the definition has it speak and it is not heard yet."""
        try:
            self._open()
        except SvcctlError as error:  # tried again with every start
            log.warning("notices.unheard", extra={"problem": error.problem})

    def _open(self) -> None:
        if self._deafen:
            return
        spec = self._keeper.spec
        if spec.ready == "notify" or any(each.heartbeat or each.checks for each in spec.health):
            board = self._keeper.world.notices
            self._address, self._deafen = board.listen(self._keeper.name, self._noticed)

    def environment(self) -> dict[str, str]:
        """Give the variables of sd_notify(3), where the program is to use it.

        Raises CannotSpawn where it could not be heard.
        """
        try:
            self._open()
        except SvcctlError as error:
            raise CannotSpawn(error.problem, hint=error.hint) from error
        if not self._address:
            return {}
        beats = [each.heartbeat for each in self._keeper.spec.health if each.heartbeat]
        found = {"NOTIFY_SOCKET": self._address}
        if beats:
            found["WATCHDOG_USEC"] = str(int(min(beats) * 1_000_000))
        return found

    def hear(self, hearer: Callable[[Notice], None]) -> Cancel:
        """Have *hearer* told of every notice, until it is cancelled or all are forgotten."""
        self._hearers.append(hearer)

        def cancel() -> None:
            if hearer in self._hearers:
                self._hearers.remove(hearer)

        return cancel

    def forget_hearers(self) -> None:
        """Tell no hearer any more; what concerns the keeper itself is still taken."""
        self._hearers.clear()

    def close(self) -> None:
        """Hear nothing any more."""
        self.forget_hearers()
        if self._deafen:
            self._deafen()

    def _noticed(self, notice: Notice) -> None:
        """Take what the program says; anybody can send, so it matters who did."""
        if not self._keeper.trusts(notice.uid):
            log.warning("notice.refused", extra={"instance": self._keeper.name, "uid": notice.uid})
            return
        told = notice.fields
        if "STATUS" in told and told["STATUS"] != self.text:
            self.text = told["STATUS"]
            self._keeper.world.bus.publish(
                StatusReported(**self._keeper.occasion(), text=self.text)
            )
        if longer := whole_number(told.get("EXTEND_TIMEOUT_USEC", "")):
            self._keeper.extend(longer / 1_000_000)
        if pid := whole_number(told.get("MAINPID", "")):
            self._keeper.follow_main(pid)
        if (address := told.get(ENDPOINT, "")) and os.path.isabs(address):
            self._keeper.found_at(address)
        if "FDSTORE" in told:
            log.debug("notice.fdstore-ignored", extra={"instance": self._keeper.name})
        for hearer in tuple(self._hearers):
            hearer(notice)
