"""Runs a host as a service of the SCM, or at a terminal where nobody but a person started it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from svcctl.errors import SvcctlError
from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.system.paths import Paths, host_state
from svcctl.system.windows.dispatcher import dispatch
from svcctl.system.windows.host_output import host_log, open_streams
from svcctl.system.windows.service_status import Taken

if TYPE_CHECKING:
    from svcctl.app.host import HostEnd

Attach = Callable[[HostControls], None]

_FIRST_WORD = 20.0  # seconds in which the engine is loaded, on a machine that is just booting


def begin(
    name: str,
    paths: Paths,
    body: Callable[[HostReport, Attach], HostEnd],
    *,
    pausable: bool,
) -> int:
    """Have *body* keep the service *name*; give the exit status.

    The SCM is told the program's own exit code where there is one, for that is what an operator
    looks for first; else the host's.
    """

    def keep(report: HostReport, attach: Attach) -> int:
        open_streams(host_log(host_state(paths, name)))
        try:
            end = body(report, attach)
        except SvcctlError as error:
            hint = f"\nhint: {error.hint}" if error.hint else ""
            sys.stderr.write(f"error[{error.code}]: {error.problem}{hint}\n")
            return error.exit_status
        return (end.exit_code or end.status) if end.status else 0

    taken = replace(_taken(paths, name), pausable=pausable)
    status = dispatch(name, keep, within=_FIRST_WORD, taken=taken, faults=_note)
    if status is None:
        return body(_Terminal(), lambda _controls: None).status
    return status


class _Terminal:
    """The report of a host that a person runs: the log on the terminal says it all."""

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`."""

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`."""


def _taken(paths: Paths, name: str) -> Taken:
    """Say which controls the registration of *name* asks for; the body tells what is wrong in it.

    It is looked at as it stands: the parser would be loaded before the SCM has heard of us.
    """
    from svcctl.system.registrations import Registrations  # noqa: PLC0415 - json, for a service

    try:
        options = Registrations(paths.native).read(name).applied.spec.get("windows")
    except SvcctlError:
        return Taken()
    if not isinstance(options, Mapping):
        options = {}
    controls = options.get("controls")
    codes = controls if isinstance(controls, Mapping) else {}
    return Taken(
        preshutdown=options.get("preshutdown") is not False,
        custom=frozenset(int(code) for code in codes if str(code).isdecimal()),
    )


def _note(error: BaseException) -> None:
    import traceback  # noqa: PLC0415 - 1 MB that a sound host never needs

    traceback.print_exception(error, file=sys.stderr)
