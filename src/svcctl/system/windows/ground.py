"""What a service has on a Windows machine besides its entry with the SCM: folders and rights."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from svcctl.ports import Act
from svcctl.spec import canonical
from svcctl.spec.native import SidType
from svcctl.spec.service import ServiceSpec
from svcctl.system.paths import Paths, host_paths, service_state
from svcctl.system.registrations import Registrations
from svcctl.system.windows import accounts, event_source, security

_GRANTED = "given by svcctl"
_SERVICES = "SU"  # whoever is logged on as a service


class Ground:
    """Makes and removes what services need around them; see scm_ports.SecurityActs.

    *paths* are the folders all services share.  A right that was given is noted in a file of the
    service, so that only what svcctl gave is ever taken away.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def account(self, spec: ServiceSpec) -> str:
        """Give the account *spec* is to run as, in the form CreateServiceW takes."""
        return accounts.account_name(spec.user, spec.name)

    def plan(self, spec: ServiceSpec, account: str) -> tuple[Act, ...]:
        """Give what :meth:`secure` would do."""
        acts = [
            Act(kind="set", target=f"access to {folder}", text=sddl)
            for folder, sddl in self._folders(spec, account)
            if not os.path.isdir(folder)
        ]
        if self._needs_right(spec, account):
            right = f"{accounts.LOGON_RIGHT} of {account}"
            acts.append(Act(kind="set", target=right, text="granted"))
        return (*acts, *event_source.acts(self._paths.state))

    def secure(self, spec: ServiceSpec, account: str) -> Callable[[], None]:
        """Make folders and rights as they should be; give what takes back what was new."""
        with ExitStack() as undo:
            for folder, sddl in self._folders(spec, account):
                if not os.path.isdir(folder):
                    os.makedirs(folder)
                    undo.callback(shutil.rmtree, folder, ignore_errors=True)
                security.protect(folder, sddl)
            if self._needs_right(spec, account):
                self._note(spec.name)
                accounts.grant_logon_right(account)
                undo.callback(accounts.revoke_logon_right, account)
            event_source.register(self._paths.state)
            return undo.pop_all().close

    def plan_release(self, name: str, account: str) -> tuple[Act, ...]:
        """Give what :meth:`release` would do."""
        acts = [
            Act(kind="delete", target=folder) for folder in self._own(name) if os.path.isdir(folder)
        ]
        if self._may_revoke(name, account):
            right = f"{accounts.LOGON_RIGHT} of {account}"
            acts.append(Act(kind="set", target=right, text="revoked", before="granted"))
        if self._is_last(name):
            acts += event_source.removal_acts(self._paths.state)
        return tuple(acts)

    def release(self, name: str, account: str) -> None:
        """Remove the folders of the service, and rights that were given for it alone."""
        if self._may_revoke(name, account):
            accounts.revoke_logon_right(account)
        for folder in self._own(name):
            shutil.rmtree(folder, ignore_errors=True)
        if self._is_last(name):
            event_source.unregister(self._paths.state)

    def _is_last(self, name: str) -> bool:
        return Registrations(self._paths.native).names() in ([], [name])

    def _folders(self, spec: ServiceSpec, account: str) -> Iterator[tuple[str, str]]:
        """Give every folder and who may use it: first those that all services share."""
        shared = security.folder_sddl(readers=(_SERVICES,))
        base = os.path.dirname(self._paths.state)
        if os.path.basename(base).casefold() == "svcctl":  # ours, and not somebody's whole disk
            yield base, shared
        for folder in (self._paths.state, self._paths.native, self._paths.run, self._paths.logs):
            yield folder, shared
        own = security.folder_sddl(writers=(_writer(spec, account),))
        host = host_paths(self._paths, spec.name)
        for folder in (host.state, host.run, os.path.join(host.logs, spec.name)):
            yield folder, own
        if not spec.host:
            yield service_state(self._paths, spec.name), own

    def _own(self, name: str) -> tuple[str, ...]:
        host = host_paths(self._paths, name)
        return host.state, host.run

    def _needs_right(self, spec: ServiceSpec, account: str) -> bool:
        if accounts.is_managed(account) or not spec.windows.grant_logon:
            return False
        return not accounts.has_logon_right(account)

    def _mark(self, name: str) -> str:
        return os.path.join(host_paths(self._paths, name).state, "logon-right")

    def _may_revoke(self, name: str, account: str) -> bool:
        """The right was given for this service, and no other one runs as the same account."""
        if not os.path.exists(self._mark(name)):
            return False
        registrations = Registrations(self._paths.native)
        others = (
            canonical.parse(registrations.read(each).applied.spec)
            for each in registrations.names()
            if each != name
        )
        return all(self.account(each).casefold() != account.casefold() for each in others)

    def _note(self, name: str) -> None:
        """Note it before it is done: what was noted and not done does no harm when taken back."""
        with open(self._mark(name), "w", encoding="utf-8") as file:
            file.write(_GRANTED)
            file.flush()
            os.fsync(file.fileno())


def _writer(spec: ServiceSpec, account: str) -> str:
    """Give the SID that may write: the service's own, where its token has that."""
    if spec.windows.sid_type is SidType.NONE and not account.casefold().startswith("nt service\\"):
        return _SERVICES
    return security.service_sid(spec.name)
