"""Which machine a command is for: this one, one elsewhere, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from svcctl.bootstrap.hosts import chosen
from svcctl.cli.session import Session
from svcctl.errors import UsageError

if TYPE_CHECKING:
    from svcctl.client.remote import Remote

_ALWAYS_HERE = frozenset(
    (
        *("add", "check", "completion", "ctx", "demo", "host", "init", "login", "logout", "mock"),
        *("new", "rules", "schema", "serve"),
    )
)
"""Commands that are about no machine, or that others start."""
_THIS_MACHINE = frozenset(
    ("cert", "doctor", "export", "import-native", "install", "uninstall", "up")
)
"""Commands about the machine that they are typed on."""


def several(home: str | None, host: str | None) -> tuple[Remote, ...]:
    """Give the machines that *host* means where they are more than one, else nothing."""
    found = chosen(home, host) if host and any(sign in host for sign in ",*?[") else ()
    return found if len(found) > 1 else ()


def for_whom(
    session: Session, command: str, host: str | None, *, is_typed: bool, is_for_people: bool
) -> Session:
    """Give *session* for whom *host*, or the current context, means; it is said who that is.

    *is_typed*: *host* stood on the command line, where it is not said again.  Raises UsageError
    where *command* is never for another machine.
    """
    if command in _ALWAYS_HERE:
        return session
    remotes = chosen(session.home, host)
    if not remotes:
        return session
    (remote,) = remotes
    if command not in _THIS_MACHINE:
        if is_for_people and not is_typed:
            session.tell(session.err.paint(f"on {remote.name} ({remote.url})", "dim"))
        return replace(session, remote=remote)
    if is_typed:
        raise about_this_machine(command, remote)
    session.tell(f"on this machine, though the context is {remote.name}")
    return session


def insist_on_others(command: str, remotes: tuple[Remote, ...]) -> None:
    """Raise UsageError for a *command* that is never for other machines."""
    if command in _ALWAYS_HERE | _THIS_MACHINE:
        raise about_this_machine(command, remotes[0])


def about_this_machine(command: str, remote: Remote) -> UsageError:
    """Give what is said of a command that was to be for another machine."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - for mistakes only

    machine = urlsplit(remote.url).hostname
    return UsageError(
        f"{command!r} is about the machine it is typed on",
        hint=f"log in there: ssh {machine} svcctl {command} ...",
    )


def output_of(words: Sequence[str]) -> str:
    """Say in which format a typed command answers: ``json``, ``jsonl``, or ``text`` for people."""
    for before, word in zip(("", *words), words, strict=False):
        said = word.removeprefix("--output=").removeprefix("-o") or word
        if said in {"json", "jsonl"} and (said != word or before in {"-o", "--output"}):
            return said
        if word == "--json":
            return "json"
    return "text"
