"""launchd as a manager of services: property lists written whole, orders by launchctl.

Not tried on macOS: made after the manuals and tested with recorded answers of launchctl(1).

A service that is stopped is not loaded, so neither the clock nor a crash starts it; launchd loads
it again at boot (at login, for a user's own) or when it is asked to start.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from svcctl.errors import Conflict, Denied, SystemFault, TimedOut
from svcctl.ports import Act, Applied, InstanceStatus
from svcctl.spec import canonical
from svcctl.spec.handover import as_account
from svcctl.spec.service import ServiceSpec, Start
from svcctl.system import whole_file
from svcctl.system.at_once import at_once
from svcctl.system.launchd.account import Account, find_account, give, own_account
from svcctl.system.launchd.launchctl import Launchctl, Run, run_command
from svcctl.system.launchd.plist import Site, host_plist, label, stop_seconds
from svcctl.system.launchd.standing import outside_views
from svcctl.system.paths import Paths, host_paths
from svcctl.system.registrations import Registration, Registrations
from svcctl.system.running_hosts import AskHost, RunningHosts

_DAEMONS = "/Library/LaunchDaemons"
_AGENTS = "~/Library/LaunchAgents"
_LOOK_AGAIN = 0.1  # seconds between two looks whether a job that was told to go is gone


class LaunchdManager:
    """Keeps services as jobs of launchd; see :class:`svcctl.ports.ServiceManager`.

    *host_command* gives the argv of the host of a service, *ask_host* asks one that runs; *folder*
    is where the property lists are; *sleep* waits so many seconds.
    """

    def __init__(
        self,
        registrations: Registrations,
        *,
        paths: Paths,
        host_command: Callable[[str], tuple[str, ...]],
        ask_host: AskHost,
        scope: str = "system",
        folder: str = "",
        run: Run = run_command,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._registrations, self._paths = registrations, paths
        self._host_command, self._hosts = host_command, RunningHosts(ask_host)
        self._scope, self._sleep = scope, sleep
        is_user = scope == "user"
        self._folder = folder or (os.path.expanduser(_AGENTS) if is_user else _DAEMONS)
        self._launchctl = Launchctl(f"gui/{os.getuid()}" if is_user else "system", run=run)

    # what there is

    def names(self) -> list[str]:
        """Give the services kept here, sorted."""
        names = self._registrations.names("launchd")
        return [name for name in names if self._registrations.read(name).scope == self._scope]

    def query(self, name: str) -> Applied:
        """Give what was applied."""
        return self._registrations.read(name).applied

    def status(self, names: Iterable[str]) -> list[InstanceStatus]:
        """Say how each instance is: as its host says, or as launchd does where there is none."""
        return [row for found in at_once(self._views, list(names)) for row in found]

    def _views(self, name: str) -> list[InstanceStatus]:
        registration = self._registrations.read(name)
        job = self._launchctl.job(label(name))
        inside = self._hosts.rows(registration) if job and job.pid else []
        return inside or outside_views(registration, job)

    # definitions

    def plan(self, applied: Applied) -> tuple[Act, ...]:
        """Give what install or configure would do, in order."""
        spec = canonical.parse(applied.spec)
        registration = self._registration(applied, spec)
        texts = {
            self._registrations.path(spec.name): Registrations.text(registration),
            self._plist_path(spec.name): self._plist(registration).decode(),
        }
        acts = [act for path, text in texts.items() for act in _write_acts(path, text)]
        return (*acts, *self._allowing(spec))

    def _allowing(self, spec: ServiceSpec) -> list[Act]:
        """Give the order by which launchd refuses, or no longer refuses, to load the job."""
        disabled = spec.start is Start.DISABLED
        if disabled == self._was_disabled(spec.name):
            return []
        verb = "disable" if disabled else "enable"
        return [Act(kind="run", target=f"launchctl {verb} {label(spec.name)}")]

    def _was_disabled(self, name: str) -> bool:
        if name not in self._registrations.names():
            return False
        return canonical.parse(self.query(name).spec).start is Start.DISABLED

    def _registration(self, applied: Applied, spec: ServiceSpec) -> Registration:
        by_itself = spec.start in {Start.AUTO, Start.DELAYED}
        if spec.name in self._registrations.names():
            before = self._registrations.read(spec.name)
            same_start = canonical.parse(before.applied.spec).start is spec.start
            by_itself = before.enabled if same_start else by_itself
        return Registration(
            applied=applied, manager="launchd", enabled=by_itself, scope=self._scope
        )

    def _plist(self, registration: Registration) -> bytes:
        name = registration.applied.name
        site = Site(
            argv=self._host_command(name),
            output=os.path.join(host_paths(self._paths, name).state, "host.log"),
            enabled=registration.enabled,
        )
        return host_plist(canonical.parse(registration.applied.spec), site)

    def _plist_path(self, name: str) -> str:
        return os.path.join(self._folder, f"{label(name)}.plist")

    def plan_removal(self, name: str) -> tuple[Act, ...]:
        """Give what uninstall would do, in order."""
        self.query(name)
        acts: list[Act] = []
        if self._launchctl.job(label(name)):
            acts.append(Act(kind="run", target=f"launchctl bootout {label(name)}"))
        if self._was_disabled(name):
            acts.append(Act(kind="run", target=f"launchctl enable {label(name)}"))
        before = whole_file.read(self._plist_path(name))
        if before is not None:
            acts.append(Act(kind="delete", target=self._plist_path(name), before=before.decode()))
        host = host_paths(self._paths, name)
        folders = (each for each in (host.state, host.run) if os.path.isdir(each))
        acts += [Act(kind="delete", target=each) for each in folders]
        acts.append(Act(kind="delete", target=self._registrations.path(name)))
        return tuple(acts)

    async def install(self, applied: Applied) -> None:
        """Write registration and property list; launchd loads it at boot, or when it is started."""
        if applied.name in self._registrations.names():
            raise Conflict(f"service {applied.name!r} is there already")
        try:
            self._put(applied)
        except BaseException:
            self._take_away(applied.name)
            raise

    async def configure(self, applied: Applied) -> str:
        """Take a changed definition; who runs is restarted by whoever asked."""
        self.query(applied.name)
        if not self.plan(applied):
            return "unchanged"
        self._put(applied)
        return "updated"

    def _put(self, applied: Applied) -> None:
        spec = canonical.parse(applied.spec)
        registration = self._registration(applied, spec)
        content = self._plist(registration)
        orders = self._allowing(spec)
        account = self._account(spec)
        try:
            self._write_for(registration, account)
            give(self._host_folders(spec.name), account)
            whole_file.write(self._plist_path(spec.name), content)
        except PermissionError as error:
            raise Denied(
                f"'{error.filename}' cannot be written: {error.strerror}",
                hint="run it as root, or keep the service as your own: --scope user",
            ) from error
        except OSError as error:
            raise SystemFault(f"'{error.filename}' cannot be written: {error.strerror}") from error
        if orders:
            self._launchctl.set_allowed(label(spec.name), allowed=spec.start is not Start.DISABLED)

    def _account(self, spec: ServiceSpec) -> Account:
        user = spec.user if as_account(spec) else None
        return find_account(user, spec.group) if user else own_account()

    def _write_for(self, registration: Registration, account: Account) -> None:
        """Write the registration, for *account* to read as well."""
        reader = None if account == own_account() else account.group
        self._registrations.write(registration, reader=reader)

    def _host_folders(self, name: str) -> tuple[str, ...]:
        host = host_paths(self._paths, name)
        return (host.state, host.run, os.path.join(host.logs, name))

    async def uninstall(self, name: str) -> None:
        """Remove job, property list, folders and registration; raises Conflict while it runs."""
        self.query(name)
        job = self._launchctl.job(label(name))
        if job and job.pid:
            raise Conflict(f"service {name!r} still runs", hint=f"svcctl stop {name}")
        self._launchctl.bootout(label(name))
        if self._was_disabled(name):
            self._launchctl.set_allowed(label(name), allowed=True)
        self._take_away(name)

    def _take_away(self, name: str) -> None:
        """Remove every file of a service but its logs; what is not there is no error."""
        with suppress(OSError):  # the folder of logs stays where there are any
            os.rmdir(os.path.join(self._paths.logs, name))
        whole_file.delete(self._plist_path(name))
        host = host_paths(self._paths, name)
        for folder in (host.state, host.run):
            shutil.rmtree(folder, ignore_errors=True)
        self._registrations.delete(name)

    async def settle(self) -> None:
        """Come back at once: every file was forced to the disk as it was written."""

    async def enable(self, name: str, *, enabled: bool) -> None:
        """Have the service start by itself, or no longer; from the next load on."""
        registration = replace(self._registrations.read(name), enabled=enabled)
        spec = canonical.parse(registration.applied.spec)
        self._write_for(registration, self._account(spec))
        whole_file.write(self._plist_path(name), self._plist(registration))

    # verbs

    def start(self, name: str) -> None:
        """Have launchd load it, unless it has, and start it now."""
        spec = canonical.parse(self.query(name).spec)
        if spec.start is Start.DISABLED:
            raise Conflict(
                f"service {name!r} is disabled by its definition",
                hint='set start = "manual", then: svcctl apply',
            )
        if self._launchctl.job(label(name)) is None:
            self._launchctl.bootstrap(self._plist_path(name))
        self._launchctl.kickstart(label(name))

    def stop(self, name: str) -> None:
        """Have launchd stop it, and forget it until the next boot or start."""
        self.query(name)
        self._launchctl.bootout(label(name))

    def restart(self, name: str) -> None:
        """Stop it, wait until it is gone, and start it as its property list now says.

        launchd reads a property list only when it loads it.  Raises TimedOut where the stop takes
        longer than it may.
        """
        spec = canonical.parse(self.query(name).spec)
        self._launchctl.bootout(label(name))
        self._wait_until_gone(name, within=stop_seconds(spec) + 5.0)
        self.start(name)

    def _wait_until_gone(self, name: str, *, within: float) -> None:
        for _ in range(int(within / _LOOK_AGAIN)):
            if self._launchctl.job(label(name)) is None:
                return
            self._sleep(_LOOK_AGAIN)
        raise TimedOut(f"{name!r} did not stop within {within:g}s", hint=f"svcctl status {name}")

    def pause(self, name: str) -> None:
        """Have the host freeze its programs; itself it goes on, and says that it lives."""
        self.query(name)
        self._hosts.pause(name)

    def resume(self, name: str) -> None:
        """Have the host let its programs go on."""
        self.query(name)
        self._hosts.resume(name)

    def reload(self, name: str) -> None:
        """Have the host make its programs read their configuration again."""
        self.query(name)
        self._hosts.reload(name)

    def reset(self, name: str) -> None:
        """Forget its failures, where its host runs; launchd itself remembers none."""
        self.query(name)
        self._hosts.reset(name)

    def signal(self, name: str, signal: str) -> None:
        """Have the host send a signal to the main process; Conflict where it does not run."""
        self.query(name)
        self._hosts.signal(name, signal)


def _write_acts(path: str, text: str) -> list[Act]:
    before = whole_file.read(path)
    if before == text.encode():
        return []
    said = None if before is None else before.decode(errors="replace")
    return [Act(kind="write", target=path, text=text, before=said)]
