"""Looks through the services of a Windows machine for what is unsafe, or will not start."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from svcctl.errors import Denied, StateFault, SvcctlError, UnknownService
from svcctl.system.paths import Paths, host_state
from svcctl.system.registrations import Registrations
from svcctl.system.windows.finding import Finding, Report
from svcctl.system.windows.host_output import host_log
from svcctl.system.windows.launched import HostLine, Launched, launched
from svcctl.system.windows.missing_dlls import Places, missing, without_dlls
from svcctl.system.windows.pe_imports import Imports
from svcctl.system.windows.scm_plan import MANAGER
from svcctl.system.windows.scm_status import NativeService, ScmStatus
from svcctl.system.windows.service_status import State
from svcctl.system.windows.silent_start import Start, facts, reasons, redirector
from svcctl.system.windows.unsafe_paths import unquoted, writable

PathsOf = Callable[[HostLine], Paths]
"""Gives the folders a host of ours uses."""


class Database(Protocol):
    """What is asked of the SCM; see :class:`svcctl.system.windows.scm_database.ScmDatabase`."""

    def services(self) -> list[NativeService]: ...
    def status(self, name: str) -> ScmStatus: ...


class Look(Protocol):
    """What is looked at besides; see :class:`svcctl.system.windows.look.WindowsLook`."""

    def is_file(self, path: str) -> bool: ...
    def expanded(self, command: str) -> str: ...
    def access_list(self, path: str) -> str: ...
    def imports(self, program: str) -> Imports | None: ...
    def places(self, service: str, *, x86: bool) -> Places: ...
    def is_assembly(self, dll: str) -> bool: ...
    def account(self, service: str) -> str: ...
    def patience(self) -> int: ...
    def profiles(self) -> str: ...
    def is_redirector(self, program: str) -> bool: ...
    def last_lines(self, log: str) -> Sequence[str]: ...


def examine(
    database: Database,
    look: Look,
    *,
    paths: Paths,
    paths_of: PathsOf,
    names: Collection[str] = (),
) -> Report:
    """Look at every service, or at *names* only; raises UnknownService for one there is not."""
    found = database.services()
    asked = {each.casefold() for each in names}
    lost = list(_lost(paths, found, asked))
    _insist_on(names, found, lost)
    chosen = [each for each in found if not asked or each.name.casefold() in asked]
    all_launched = list(_launched(chosen, look))
    starts = [
        _start(each, database, look, paths_of(each.host))
        for each in all_launched
        if each.host is not None
    ]
    findings = [
        *lost,
        *(reason for start in starts for reason in reasons(start)),
        *_unsafe(all_launched, starts, look),
        *_unlinked(all_launched, starts, look, asked=bool(asked)),
        *(
            redirector(each)
            for each in all_launched
            if each.host is None and look.is_redirector(each.program)
        ),
    ]
    told = [fact for start in starts for fact in facts(start)] if asked else []
    return Report(services=len(chosen), findings=tuple(findings), facts=tuple(told))


def _launched(services: Sequence[NativeService], look: Look) -> Iterator[Launched]:
    """Tell what is started for each service, but for those whose command we may not see."""
    for each in services:
        found = launched(each.name, look.expanded(each.command), is_file=look.is_file)
        if found is not None:
            yield found


def _insist_on(
    names: Collection[str], found: Sequence[NativeService], lost: Sequence[Finding]
) -> None:
    known = {each.name.casefold() for each in found} | {each.service.casefold() for each in lost}
    for name in names:
        if name.casefold() not in known:
            raise UnknownService(f"Windows has no service {name!r}", hint="sc.exe query state= all")


def _lost(
    paths: Paths, found: Sequence[NativeService], asked: Collection[str]
) -> Iterator[Finding]:
    """Find what is registered with us, and unknown to Windows."""
    there = {each.name.casefold() for each in found}
    registrations = Registrations(paths.native)
    for name in registrations.names():
        if name.casefold() in there or (asked and name.casefold() not in asked):
            continue
        try:
            if registrations.read(name).manager != MANAGER:
                continue
        except SvcctlError:
            pass
        yield Finding(
            service=name,
            problem="svcctl has a registration of it, and Windows does not know it",
            why="somebody deleted it without svcctl, and nothing starts it",
            hint=f"svcctl install {name}, or: svcctl uninstall {name}",
            grave=True,
        )


def _start(each: Launched, database: Database, look: Look, paths: Paths) -> Start:
    """Look up all that decides whether the service *each* starts."""
    assert each.host is not None
    spec, trouble = _registered(each.service, paths)
    log = host_log(host_state(paths, each.service))
    return Start(
        launched=each,
        account=look.account(each.service),
        status=_status(each.service, database),
        has_program=look.is_file(each.program),
        has_script=look.is_file(each.host.script),
        redirected=look.is_redirector(each.program),
        trouble=trouble,
        spec=spec,
        patience=look.patience(),
        profiles=look.profiles(),
        log=look.last_lines(log),
    )


def _status(name: str, database: Database) -> ScmStatus:
    """Say how a service is; one that we may not ask, or that went meanwhile, has ended well."""
    try:
        return database.status(name)
    except (Denied, UnknownService):
        return ScmStatus(state=State.STOPPED)


def _registered(name: str, paths: Paths) -> tuple[Mapping[str, object], str]:
    """Give the definition of a service, and what is wrong with its registration."""
    try:
        return Registrations(paths.native).read(name).applied.spec, ""
    except StateFault as error:
        closed = isinstance(error.__cause__, PermissionError)  # to us, and not to the service
        return {}, "" if closed else error.problem
    except UnknownService:
        return {}, f"its registration is missing in '{paths.native}'"


def _wrapped(start: Start) -> str:
    """Give the program the host starts; empty where it is not a whole path."""
    command = start.spec.get("exec")
    if not isinstance(command, Sequence) or isinstance(command, str) or not command:
        return ""
    program = str(command[0])
    return program if ntpath.isabs(program) else ""


def _unsafe(
    all_launched: Sequence[Launched], starts: Sequence[Start], look: Look
) -> Iterator[Finding]:
    for each in all_launched:
        guess = unquoted(each, is_file=look.is_file)
        if guess:
            yield guess
    run = [(each.service, each.program) for each in all_launched]
    run += [(each.service, each.host.script) for each in all_launched if each.host is not None]
    run += [(each.launched.service, _wrapped(each)) for each in starts if _wrapped(each)]
    yield from writable(run, is_file=look.is_file, access_list=look.access_list)


def _unlinked(
    all_launched: Sequence[Launched], starts: Sequence[Start], look: Look, *, asked: bool
) -> Iterator[Finding]:
    """Find programs without their DLLs: ours, and others only where they were asked for."""
    run = [(each.service, each.program) for each in all_launched if asked or each.host is not None]
    run += [(each.launched.service, _wrapped(each)) for each in starts if _wrapped(each)]
    for service, program in run:
        imports = look.imports(program)
        if imports is None:
            continue
        places = look.places(service, x86=imports.x86)
        dlls = missing(program, imports, places, is_file=look.is_file)
        yield from without_dlls(
            service, program, [each for each in dlls if not look.is_assembly(each)]
        )
