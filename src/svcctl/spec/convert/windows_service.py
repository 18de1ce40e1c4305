"""Takes over a service of Windows: one that the SCM starts itself, or one that NSSM wraps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from svcctl.spec.convert.nssm import NssmSettings, is_nssm, variables, wrapped
from svcctl.spec.draft import Draft, service_name
from svcctl.spec.windows_words import command_words

_STARTS = {"auto": "auto", "delayed": "delayed", "manual": "manual", "disabled": "disabled"}
_OWN_WORD = (
    "it speaks to the SCM itself: run by svcctl it may say that it was not started as a service; "
    "then keep it as it is"
)
_WITHOUT_PASSWORD = ("nt authority\\", "nt service\\")
_OF_THE_SYSTEM = frozenset(("", "localsystem", "localservice", "networkservice"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service as the SCM has it; *nssm* is what NSSM keeps of it, where it does.

    *start* is one of ``auto``, ``delayed``, ``manual`` and ``disabled``.
    """

    name: str
    command: str
    display_name: str = ""
    description: str = ""
    start: str = "manual"
    account: str = ""
    dependencies: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    nssm: NssmSettings = field(default_factory=NssmSettings)


def draft(found: Found, *, is_file: Callable[[str], bool]) -> Draft:
    """Give a first version of *found*; what it has no place for is named in its note.

    *is_file* tells where the program ends in a command line without quotes.  Raises SpecError for
    a command line that is none.
    """
    if is_nssm(found.command, found.nssm):
        return _wrapped(found, is_file)
    env, notes = variables(found.environment)
    return Draft(
        name=service_name(found.name),
        exec=tuple(command_words(found.command, is_file=is_file)),
        env=env,
        options=_common(found),
        note="\n".join(
            (
                f"from the Windows service {found.name}",
                _OWN_WORD,
                *_about_password(found),
                *notes,
            )
        ),
    )


def _wrapped(found: Found, is_file: Callable[[str], bool]) -> Draft:
    inner = wrapped(found.nssm, is_file=is_file)
    own, notes = variables(found.environment)
    head = f"from the NSSM service {found.name}"
    return Draft(
        name=service_name(found.name),
        exec=inner.exec,
        cwd=inner.cwd,
        env={**own, **inner.env},
        options={**_common(found), **inner.options},
        note="\n".join((head, *_about_password(found), *notes, *inner.notes)),
    )


def _common(found: Found) -> dict[str, object]:
    options: dict[str, object] = {}
    if found.description:
        options["description"] = found.description
    if found.display_name and found.display_name != found.name:
        options["display_name"] = found.display_name
    options["start"] = _STARTS.get(found.start, "manual")
    if found.account:
        options["user"] = found.account
    services = [each for each in found.dependencies if not each.startswith("+")]
    groups = [each[1:] for each in found.dependencies if each.startswith("+")]
    if services:
        options["windows.depends_on"] = services
    if groups:
        options["windows.depends_on_groups"] = groups
    return options


def _about_password(found: Found) -> list[str]:
    """Ask for what Windows tells nobody; accounts it looks after itself need none."""
    account = found.account.casefold()
    if account in _OF_THE_SYSTEM or account.endswith("$"):
        return []
    if account.startswith(_WITHOUT_PASSWORD):
        return []
    return [f"say where the password of {found.account} is, in windows.password"]
