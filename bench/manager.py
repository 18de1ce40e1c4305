"""What the benchmark needs to know of a service manager: which files and commands make it work.

An adapter only writes configuration and names commands.  Everything else (starting it, timing,
counting, killing) is done once, in ``session.py``, in the same way for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

ROTATE_BYTES = 20_000_000
ROTATE_KEEP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a manager is to keep running; *command* begins with the path of the workload.

    *changed* stands for any change of its definition that makes a restart necessary.
    """

    name: str
    command: tuple[str, ...]
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An empty folder in which a manager is to keep *services*; nothing outside is touched."""

    folder: Path
    services: tuple[Service, ...]

    @property
    def logs(self) -> Path:
        """The folder for what services write."""
        return self.folder / "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a manager does, so that it is asked for nothing else."""

    captures: bool = True
    """Takes what services write to standard output."""
    rotates: bool = True
    """Rotates it at 20 MB by itself."""
    daemonizes: bool = False
    """The command that launches it ends when it is ready."""
    detached: bool = False
    """Keeps daemons: its services are not its children."""
    most: int = 1000
    """More services than these take it minutes."""
    delay: str = "none"
    """How long it waits before a restart, as configured here: always its least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """What runs below a session: the manager's processes by name, and the services'."""

    managing: Mapping[int, str] = field(default_factory=dict)
    kept: Sequence[int] = ()


class Manager(Protocol):
    """One service manager.  All commands run in the site's folder, with ``environ(site)``."""

    @property
    def name(self) -> str:
        """Its name, as in ``PEERS=``."""

    @property
    def traits(self) -> Traits:
        """What it does."""

    def version(self) -> str | None:
        """Give its version; None if it is not installed."""

    def setup(self, site: Site) -> None:
        """Write the configuration of all services; called again when they have changed."""

    def environ(self, site: Site) -> dict[str, str]:
        """Give what is to be set in the environment of all its commands."""

    def launch(self, site: Site) -> list[str]:
        """Give the command that runs it, in the foreground or as a daemon."""

    def status(self, site: Site) -> list[str]:
        """Give the command that names all services."""

    def start(self, site: Site, name: str) -> list[str]:
        """Give the command that starts one service and waits for that, where it can."""

    def stop(self, site: Site, name: str) -> list[str]:
        """Give the command that stops one service and waits for that."""

    def restart(self, site: Site, name: str) -> list[str]:
        """Give the command that restarts one service and waits for that, where it can."""

    def stop_all(self, site: Site) -> list[str]:
        """Give the command that stops all services and waits for that."""

    def logs(self, site: Site, name: str) -> list[Path]:
        """Give the files with the output of a service, oldest first."""

    def heart(self, site: Site, found: Processes) -> int:
        """Give the pid whose death is the death of the manager."""


@runtime_checkable
class Reconciling(Manager, Protocol):
    """A manager with one command that takes over what has changed, and leaves the others alone."""

    def apply(self, site: Site) -> list[str]:
        """Give the command that takes over what ``setup`` wrote."""


@runtime_checkable
class Remembering(Manager, Protocol):
    """A manager that can be asked how a service has ended before."""

    def deaths(self, site: Site, name: str) -> list[str]:
        """Give the command that tells; it prints ``code`` and the exit status."""
