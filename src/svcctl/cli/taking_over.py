"""``svcctl import-native --take-over``: the old service makes room, and ours takes its place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from svcctl.app.take_over import OldService, take_over
from svcctl.cli import acts
from svcctl.cli.ask import confirm
from svcctl.cli.definitions import documents, on_windows
from svcctl.cli.install_options import folder_for
from svcctl.cli.installing import (
    DECLINED,
    Result,
    Service,
    about,
    as_result,
    put,
    request,
    show_done,
    show_dry_run,
    taken_back,
)
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.errors import Conflict, SpecError, SystemFault
from svcctl.spec.draft import Draft, render
from svcctl.spec.load import load_files

_LONGEST_NAME = 63
_SUFFIX = "-svcctl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """What is asked for: *old* makes room for *draft*; *output* is ``text`` or ``json``."""

    name: str
    old: OldService
    draft: Draft
    dry_run: bool
    yes: bool
    output: str


def successor(found: Draft, name: str) -> Draft:
    """Give *found* under a name of its own: the old service is still there, and keeps its own.

    It works in the root folder unless something else was said, as under the native manager.
    Raises SpecError where there is no command to run.
    """
    if not found.exec:
        raise SpecError(
            f"{found.name!r} has no command that svcctl could run",
            hint=f"see why: svcctl import-native {found.name}",
        )
    options = dict(found.options)
    if "display_name" in options:
        options["display_name"] = f"{options['display_name']} (svcctl)"
    chosen = name or found.name[: _LONGEST_NAME - len(_SUFFIX)] + _SUFFIX
    return replace(found, name=chosen, cwd=found.cwd or folder_for(found.exec), options=options)


def run(session: Session, asked: Takeover) -> int:
    """Plan, ask, and carry out; give the exit status.

    Ours is planned before anything is touched, so what it is refused for costs nobody anything.
    """
    services = _services(asked.draft)
    names = [asked.draft.name]
    planned = about(names, as_result(session.ask(request(services, dry_run=True))))
    if any(each["change"] != "created" for each in planned["plan"]):
        raise Conflict(
            f"there is a service {asked.draft.name!r} already", hint="name another: --as NAME"
        )
    if asked.dry_run:
        _show_plan(session, asked, planned, services)
        return 0
    question = f"Stop and disable {asked.name!r}, and run it as {asked.draft.name!r} from now on?"
    if not confirm(session, question, yes=asked.yes):
        return DECLINED
    results: list[Result] = []
    take_over(asked.old, lambda ran: results.append(_put(session, services, now=ran)))
    (result,) = results
    if asked.output == "json":
        session.out.line(as_json(result))
    else:
        show_done(session, result)
        session.tell(f"{asked.name!r} is stopped and disabled, and still there")
        session.tell(f"next: svcctl status {asked.draft.name}; to go back: svcctl uninstall it")
    return 0


def _services(draft: Draft) -> list[Service]:
    """Give the definition as the verb ``apply`` takes it; no file is behind it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_text(render([draft]), encoding="utf-8")
        loaded = load_files([path], environ=os.environ, windows=on_windows())
    return [{**each, "origins": {}, "sources": {}} for each in documents(loaded)]


def _show_plan(
    session: Session, asked: Takeover, planned: Result, services: Iterable[Service]
) -> None:
    steps = [asdict(each) for each in asked.old.acts()]
    if asked.output == "json":
        session.out.line(as_json(planned | {"old": steps}))
        return
    session.out.line(f"{asked.name}: would make room")
    acts.show(session.out, steps)
    show_dry_run(session, planned, services, output="text")


def _put(session: Session, services: list[Service], *, now: bool) -> Result:
    """Install ours; where it fails, or does not come up, nothing of it stays."""
    name = str(services[0]["name"])
    try:
        result = put(session, services, now=now)
    except BaseException:
        taken_back(session, name)
        raise
    failed = [each for each in result["outcomes"] if not each["ok"]]
    if failed:
        left = taken_back(session, name)
        more = f"; and it could not be removed: {left[0]['problem']}" if left else ""
        lines = "".join(f"\n  | {line}" for line in failed[0]["lines"])
        raise SystemFault(
            f"nothing is taken over, {name!r} failed: {failed[0]['problem']}{more}{lines}",
            hint=failed[0]["hint"],
        )
    return result
