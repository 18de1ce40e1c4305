"""A host as the SCM starts it; or a person, at a console."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.dispatcher import dispatch

if TYPE_CHECKING:
    from svcctl.app.host import HostEnd

log = logging.getLogger(__name__)

_FIRST_HINT = 15.0  # seconds until the host says more than that it starts


class ConsoleReport:
    """Tells a person how the service is, where no SCM listens."""

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        del within
        log.info("host.phase", extra={"phase": str(phase), "text": text})

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        log.info("host.reloaded" if over else "host.reloading")


def begin(
    name: str,
    paths: Paths,
    body: Callable[[HostReport, Callable[[HostControls], None]], HostEnd],
) -> int:
    """Keep the service *name* for the SCM, else for the console; give the exit status.

    The SCM is told the program's own exit code where it ended in failure and that is known: it
    stands in the System log, where administrators look.
    """
    options = _options(paths, name)

    def keep(report: HostReport, attach: Callable[[HostControls], None]) -> int:
        end = body(report, attach)
        return (end.exit_code or end.status) if end.status else 0

    status = dispatch(
        name,
        keep,
        wait_hint=_FIRST_HINT,
        preshutdown=options.get("preshutdown") is not False,
        custom_controls=bool(options.get("controls")),
        log_path=f"{host_paths(paths, name).state}/host.log",
    )
    return body(ConsoleReport(), lambda _: None).status if status is None else status


def _options(paths: Paths, name: str) -> dict[str, object]:
    """Give the table ``windows`` of the service's definition, as far as it differs from ours."""
    found = Registrations(paths.native).read(name).applied.spec.get("windows")
    return found if isinstance(found, dict) else {}
