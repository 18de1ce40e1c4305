"""Where svcctl keeps its things; imported by the hot command line, so it stays light."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import Denied
from svcctl.system.detect import Platform, platform, privileged

# sun_path holds 108 bytes on Linux and 104 on macOS; "/h/0123456789ab" of a host, and then
# "/control/agent.sock" or "/n/0123456789abcdef.sock" come after the folder.
_LONGEST_RUN_FOLDER = 64
_LONGEST_TEMPORARY = _LONGEST_RUN_FOLDER - len("/svcctl-4294967295/0123456789ab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The folders of one agent, absolute; *run* is emptied by a reboot."""

    config: str
    state: str
    run: str
    logs: str

    @property
    def agent(self) -> str:
        """Give a short name of the agent that owns them, the same every time."""
        return _short_name(self.state)

    @property
    def control(self) -> str:
        """Give the folder of the socket, closed to everyone the socket is closed to."""
        return os.path.join(self.run, "control")

    @property
    def socket(self) -> str:
        """Give the address of the agent's local API: a socket, on Windows a named pipe."""
        if platform() is Platform.WINDOWS:
            return rf"\\.\pipe\svcctl-{_short_name(self.run)}"
        return os.path.join(self.control, "agent.sock")

    @property
    def lock(self) -> str:
        """Give the file that only one agent at a time can hold."""
        return os.path.join(self.run, "agent.lock")

    @property
    def services(self) -> str:
        """Give the folder in which each service has one of its own."""
        return os.path.join(self.state, "services")

    @property
    def native(self) -> str:
        """Give the folder of the registrations of native services."""
        return os.path.join(self.state, "native")

    @property
    def notify(self) -> str:
        """Give the folder of the sockets programs send notices to."""
        return os.path.join(self.run, "n")


def find_paths(environ: Mapping[str, str], *, system: bool = False) -> Paths:
    """Say where the agent of this user, or (*system*) that of the machine, keeps its things.

    Nothing is created.

    ``SVCCTL_HOME`` moves everything under one folder; else root has the system's folders and
    others have those of the XDG base directory specification.  The run folder lies under the
    system's folder for temporary files where there is no better place, or where the path would
    be too long for a socket; raises Denied if somebody else made that folder.
    """
    home = environ.get("SVCCTL_HOME", "")
    if home:
        home = os.path.abspath(os.path.expanduser(home))
        return _paths(
            environ,
            config=os.path.join(home, "config"),
            state=os.path.join(home, "state"),
            run=os.path.join(home, "run"),
            logs=os.path.join(home, "logs"),
        )
    if platform() is Platform.WINDOWS:
        return _windows_paths(environ, system=system or privileged())
    if system or os.geteuid() == 0:
        return _paths(
            environ,
            config="/etc/svcctl",
            state="/var/lib/svcctl",
            run=_system_run(),
            logs="/var/log/svcctl",
        )
    state = _xdg(environ, "XDG_STATE_HOME", ".local/state")
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return _paths(
        environ,
        config=_xdg(environ, "XDG_CONFIG_HOME", ".config"),
        state=state,
        run=os.path.join(runtime, "svcctl") if os.path.isabs(runtime) else "",
        logs=os.path.join(state, "logs"),
    )


def _system_run() -> str:
    """Give the run folder of the machine's agent and hosts.

    macOS has no /run, and empties /var/run, where a host that is not root could make no folder.
    """
    return "/var/lib/svcctl/run" if platform() is Platform.MACOS else "/run/svcctl"


def _windows_paths(environ: Mapping[str, str], *, system: bool) -> Paths:
    """Give the folders on Windows: those of the machine, or of this user."""
    if system:
        from svcctl.system.program_data import program_data  # noqa: PLC0415

        base = os.path.join(program_data(), "svcctl")
    else:
        own = environ.get("LOCALAPPDATA") or os.path.expanduser(r"~\AppData\Local")
        base = os.path.join(own, "svcctl")
    return Paths(
        config=os.path.join(base, "config"),
        state=os.path.join(base, "state"),
        run=os.path.join(base, "run"),
        logs=os.path.join(base, "logs"),
    )


def host_paths(paths: Paths, name: str) -> Paths:
    """Give the folders of the host of the service *name*; it shares those of settings and logs."""
    return Paths(
        config=paths.config,
        state=host_state(paths, name),
        run=os.path.join(paths.run, "h", _short_name(name)),
        logs=paths.logs,
    )


def host_state(paths: Paths, name: str) -> str:
    """Give the folder where the host of the service *name* keeps what it has to remember."""
    return os.path.join(paths.state, "hosts", name)


def service_state(paths: Paths, name: str) -> str:
    """Give the folder where the service *name* itself keeps what has to outlast it.

    It stays when the service is uninstalled, as a database does.
    """
    return os.path.join(paths.services, name)


def _xdg(environ: Mapping[str, str], name: str, default: str) -> str:
    """Give svcctl's folder in an XDG folder; a relative one is ignored, as the standard says."""
    base = environ.get(name, "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME") or os.path.expanduser("~"), default)
    return os.path.join(base, "svcctl")


def _paths(environ: Mapping[str, str], *, config: str, state: str, run: str, logs: str) -> Paths:
    if platform() is Platform.WINDOWS:  # pipes have no path that could be too long
        return Paths(config=config, state=state, run=run, logs=logs)
    if not run or len(os.fsencode(run)) > _LONGEST_RUN_FOLDER:
        run = os.path.join(_own_temporary_folder(environ), _short_name(state))
    return Paths(config=config, state=state, run=run, logs=logs)


def _short_name(state: str) -> str:
    # what hashlib gives, without the 3.5 MB of OpenSSL that come with it
    from _blake2 import blake2b  # noqa: PLC0415 - seldom needed

    return blake2b(os.fsencode(state), digest_size=6).hexdigest()


def _own_temporary_folder(environ: Mapping[str, str]) -> str:
    base = environ.get("TMPDIR", "")
    if not os.path.isabs(base) or len(os.fsencode(base)) > _LONGEST_TEMPORARY:
        base = "/tmp"  # noqa: S108  # see _insist_it_is_ours
    folder = os.path.join(base, f"svcctl-{os.geteuid()}")
    if os.path.lexists(folder):
        _insist_it_is_ours(folder)
    return folder


def private_folder(path: str, *, mode: int = 0o700) -> None:
    """Make sure that *path* is a folder of this user with *mode*; raise Denied if it is not ours.

    Folders above it are made as needed; others may pass through them but not look inside.
    """
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        private_folder(parent, mode=0o711)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        _insist_it_is_ours(path)
    if stat.S_IMODE(os.lstat(path).st_mode) != mode:
        os.chmod(path, mode)


def _insist_it_is_ours(folder: str) -> None:
    """Refuse a folder that somebody else could have laid out for us."""
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Denied(
            f"'{folder}' is not a folder of this user",
            hint=f"see who made it: ls -ld {folder}",
        )
