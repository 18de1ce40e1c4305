"""``svcctl doctor``: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from svcctl import __version__
from svcctl.bootstrap.doctor import native_names, native_report, on_windows, tells_people
from svcctl.bootstrap.local import Paths, paths
from svcctl.cli.command import Command
from svcctl.cli.machine_checks import (
    Check,
    Verdict,
    cgroup_check,
    clock_check,
    files_check,
    folder_check,
    python_check,
)
from svcctl.cli.output import Cell, Screen, as_json
from svcctl.cli.session import Session
from svcctl.errors import AgentUnreachable, Denied, SvcctlError
from svcctl.wire import Request

_PATIENCE = 5.0
_WATCHED_BY = "they are watched where an agent runs: svcctl agent install"
_SEEN_BY = "a host that was started before svcctl was updated: svcctl restart NAME; else its log"
_SIGNS = {Verdict.OK: "good", Verdict.WARN: "warn", Verdict.FAIL: "bad"}


@click.command(
    cls=Command,
    params=[
        click.Argument(["names"], nargs=-1, metavar="[NAME]..."),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
    ],
    help="Find out what is wrong with this machine; exit status 1 if something is. "
    "On Windows all its services are looked at, and with NAMEs only these, in detail.",
)
@click.pass_obj
def doctor(session: Session, /, *, names: tuple[str, ...], output: str) -> int:
    checks = list(services_checks(paths(session.home), names) if names else examine(session))
    if output == "json":
        session.out.line(as_json([asdict(each) for each in checks]))
    else:
        _print(session.out, checks)
    return 1 if any(each.verdict is Verdict.FAIL for each in checks) else 0


def _print(out: Screen, checks: Sequence[Check]) -> None:
    """Write a table of *checks*, and below it whatever does not fit into it."""
    rows = [
        [
            Cell(each.verdict, _SIGNS[each.verdict]),
            Cell(each.name),
            Cell(each.found.rpartition("\n")[2]),
        ]
        for each in checks
    ]
    out.table(("", "CHECK", "FOUND"), rows)
    for each in checks:
        if each.why:
            out.line()
            out.line(f"{each.name}: {each.found}")
            out.line(f"why: {each.why}")
            out.line(f"hint: {each.hint}")
        elif each.hint:
            out.line(f"hint: {each.name}: {each.hint}")
        elif "\n" in each.found:
            out.line()
            out.line(f"{each.name}:")
            out.line(each.found)


def examine(session: Session) -> Iterator[Check]:
    """Look at everything there is to look at."""
    yield python_check(sys.version_info[:3])
    yield clock_check(time.time())
    try:
        where = paths(session.home)
    except SvcctlError as error:
        yield Check(name="folders", verdict=Verdict.FAIL, found=error.problem, hint=error.hint)
        return
    for name in ("config", "state", "run", "logs"):
        yield folder_check(name, Path(getattr(where, name)))
    about, check = _agent_check(session, where)
    yield check
    if names := native_names(where):
        yield _natives_check(where, names, about)
    if on_windows():
        yield from services_checks(where)
    else:
        yield files_check()
        yield cgroup_check()


def services_checks(where: Paths, names: Sequence[str] = ()) -> Iterator[Check]:
    """Look at the services of Windows, or at *names* only, and then tell what is so as well."""
    try:
        report = native_report(where, names)
    except Denied as error:
        yield Check(name="services", verdict=Verdict.WARN, found=error.problem, hint=error.hint)
        return
    for each in report.findings:
        yield Check(
            name=each.service,
            verdict=Verdict.FAIL if each.grave else Verdict.WARN,
            found=each.problem,
            hint=each.hint,
            why=each.why,
        )
    if not report.findings:
        found = f"{report.services} looked at, nothing wrong"
        yield Check(name=", ".join(names) or "services", verdict=Verdict.OK, found=found)
    for fact in report.facts:
        yield Check(name=f"{fact.service}: {fact.name}", verdict=Verdict.OK, found=fact.text)


def _natives_check(where: Paths, names: Sequence[str], about: Mapping[str, Any] | None) -> Check:
    """Look at whether the agent sees what native managers keep; *about*: what it says of itself."""
    name, found = "native services", f"{len(names)}: {', '.join(names)}"
    if about is None:
        found += "; no agent watches them"
        verdict = Verdict.OK
        if tells_people(where):
            found, verdict = f"{found}, so that nobody is told of them", Verdict.WARN
        return Check(name=name, verdict=verdict, found=found, hint=_WATCHED_BY)
    unseen = about.get("natives_unseen") or {}
    if not unseen:
        return Check(name=name, verdict=Verdict.OK, found=f"{found}; the agent sees them all")
    said = "; ".join(f"{each or 'their manager'}: {why}" for each, why in sorted(unseen.items()))
    return Check(
        name=name, verdict=Verdict.WARN, found=f"the agent does not see {said}", hint=_SEEN_BY
    )


def _agent_check(session: Session, where: Paths) -> tuple[Mapping[str, Any] | None, Check]:
    """Give what the agent says of itself (None: it does not answer), and what to think of it."""
    try:
        with session.client(timeout=_PATIENCE) as client:
            about = client.ask(Request(verb="agent-status"))
    except AgentUnreachable:
        found, hint = "does not run", "start it: svcctl agent run --detach"
        if not on_windows() and Path(where.socket).exists():
            found = f"does not answer; {where.socket} was left behind"
            hint = "start it again, it takes the socket over: svcctl agent run --detach"
        return None, Check(name="agent", verdict=Verdict.WARN, found=found, hint=hint)
    except SvcctlError as error:
        check = Check(name="agent", verdict=Verdict.FAIL, found=error.problem, hint=error.hint)
        return None, check
    assert isinstance(about, dict)
    found = f"version {about['version']}, pid {about['pid']}"
    if about["version"] == __version__:
        return about, Check(name="agent", verdict=Verdict.OK, found=found)
    hint = f"svcctl agent upgrade  (this is version {__version__})"
    return about, Check(name="agent", verdict=Verdict.WARN, found=found, hint=hint)


doctor.examples = (
    "svcctl doctor",
    "svcctl doctor web      # on Windows: why it does not start",
    "svcctl doctor -o json",
)
