"""What the manager of Windows services needs: the SCM, and the ground around a service."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from svcctl.ports import Act
from svcctl.spec.service import ServiceSpec
from svcctl.system.windows.scm_config import ScmConfig, ScmStart
from svcctl.system.windows.scm_status import NativeService, ScmStatus


class Scm(Protocol):
    """The SCM; see :class:`svcctl.system.windows.scm_database.ScmDatabase`."""

    def exists(self, name: str) -> bool: ...
    def read(self, name: str) -> ScmConfig: ...
    def start_type(self, name: str) -> ScmStart: ...
    def create(self, name: str, wanted: ScmConfig, *, password: str | None) -> None: ...
    def change(
        self, name: str, wanted: ScmConfig, members: Collection[str], *, password: str | None
    ) -> None: ...
    def canonical_security(self, sddl: str) -> str: ...
    def shown_as(self, display_name: str) -> str: ...
    def delete(self, name: str) -> None: ...
    def flush(self) -> None: ...
    def status(self, name: str) -> ScmStatus: ...
    def start(self, name: str) -> None: ...
    def control(self, name: str, code: int, *, access: int, what: str) -> None: ...
    def dependents(self, name: str) -> list[str]: ...
    def await_stopped(self, name: str, *, within: float) -> bool: ...
    def services(self) -> list[NativeService]: ...


class SecurityActs(Protocol):
    """What a service has on the machine besides its entry with the SCM: folders and rights."""

    def account(self, spec: ServiceSpec) -> str:
        """Give the account *spec* is to run as, in the form CreateServiceW takes."""

    def plan(self, spec: ServiceSpec, account: str) -> tuple[Act, ...]:
        """Give what :meth:`secure` would do."""

    def secure(self, spec: ServiceSpec, account: str) -> Callable[[], None]:
        """Make folders and rights as they should be; give what takes back what was new."""

    def plan_release(self, name: str, account: str) -> tuple[Act, ...]:
        """Give what :meth:`release` would do."""

    def release(self, name: str, account: str) -> None:
        """Remove the folders of the service, and rights that were given for it alone."""
