"""Writes the methods of the Python client from the verb table; a test keeps them in step.

python tools/client_methods.py
"""

from __future__ import annotations

import keyword
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from svcctl.app.verb import Arg, Effect, Kind, Selects, Verb
from svcctl.app.verbs import VERBS

FOLDER = Path(__file__).parents[1] / "src" / "svcctl" / "client"
WIDTH = 100

_KINDS = {
    Kind.TEXT: "str",
    Kind.INTEGER: "int",
    Kind.FLAG: "bool",
    Kind.DURATION: "float",
    Kind.DOCUMENT: "object",
}
_ONE_ROW = frozenset(
    (
        *(
            "access-show",
            "ack",
            "agent-status",
            "agent-stop",
            "agent-upgrade",
            "alert-show",
            "alert-test",
        ),
        *("alerts", "apply-signed", "audit-verify", "auth-explain", "finding-quiet"),
        *("finding-wake", "findings", "healing", "may", "metrics", "remove", "shipping-show"),
        *("shipping-test", "silence-add", "silence-end", "token-revoke", "tree"),
    )
)
"""Verbs whose result is one document; that of others is a list of them."""
_ITEMS = {"logs": "LogItem", "events": "EventItem"}
_REPLIES = frozenset(
    (
        *("config", "config-history", "config-rollback", "health", "log-level", "run"),
        *("set-config", "set-log-level"),
    )
)
_ROWS = {"status": "Standing", "wait": "Outcome", **dict.fromkeys(_REPLIES, "Reply")}
_BLOCKING = {
    "client": "Client",
    "manner": "and waits for the answers",
    "asking": "Asking",
    "iterator": "Generator",
    "prefix": "",
    "rules": "A002",
    "cancelled": "",
    "enter": "def __enter__(self)",
    "exit": "def __exit__(self, *_: object)",
    "here": "home: str | None = None, *, timeout: float | None = None",
    "where": "home, timeout",
}
_ASYNC = {
    "client": "AsyncClient",
    "manner": "without blocking",
    "asking": "AsyncAsking",
    "iterator": "AsyncGenerator",
    "prefix": "async_",
    "rules": "A002, ASYNC109",
    "cancelled": (
        "\n\n    Who is cancelled waits no longer: a change that was asked for is carried through."
    ),
    "enter": "async def __aenter__(self)",
    "exit": "async def __aexit__(self, *_: object)",
    "here": "home: str | None = None",
    "where": "home",
}
_HEAD = '''# ruff: noqa: {rules} - arguments are named as those of verbs are
"""A method for each verb: asks an agent {manner}.

Written by tools/client_methods.py from the verb table; not to be edited.
"""

from __future__ import annotations

from collections.abc import {iterator}, Sequence
from typing import Self

from svcctl.client import reaching
from svcctl.client.asking import {asking}, request_of
from svcctl.client.shapes import {shapes}


class {client}:
    """Asks the agent at *url*, such as ``https://web-1:7411``; a context manager.

    *token* shows who asks, or gives what does each time; *cert* and *key* are files that do.  *ca*
    is a file of those who vouch for the agent's certificate, empty: those the system trusts.
    *timeout* is how many seconds any answer may take.

    Services are named by names, globs and @groups, by labels (``tier=front``) or all at once;
    lengths of time are in seconds.  Every method raises :class:`svcctl.errors.SvcctlError`: what
    the agent refuses with, or AgentUnreachable, TimedOut, Unauthenticated, Denied.{cancelled}
    """

    def __init__(
        self,
        url: str,
        *,
        token: reaching.Token = "",
        ca: str = "",
        cert: str = "",
        key: str = "",
        timeout: float | None = None,
    ) -> None:
        """Raises UsageError for an address that is none, or is not safe."""
        there = reaching.Elsewhere(
            url=url, token=token, ca=ca, cert=cert, key=key, timeout=timeout
        )
        self._asking = reaching.{prefix}asking_at(there)

    @classmethod
    def local(cls, {here}) -> Self:
        """Give one that asks the agent of this machine: this user's, or that under *home*."""
        return cls._of(reaching.{prefix}asking_here({where}))

    @classmethod
    def context(cls, name: str, *, timeout: float | None = None) -> Self:
        """Give one that asks whom ``svcctl ctx`` knows as *name*, with the token kept for it.

        Raises UnknownService.
        """
        return cls._of(reaching.{prefix}asking_named(name, timeout))

    @classmethod
    def _of(cls, asking: {asking}) -> Self:
        made = cls.__new__(cls)
        made._asking = asking
        return made

    {enter} -> Self:
        return self

    {exit} -> None:
        """There is nothing to close: each request has a connection of its own."""
'''
_SHAPES = ("EventItem", "LogItem", "Outcome", "Reply", "Row", "Standing")


def modules() -> dict[str, str]:
    """Give the text of each module by its file name."""
    return {
        "control.py": _module(is_async=False),
        "control_async.py": _module(is_async=True),
    }


def methods() -> dict[str, Verb]:
    """Give the verb of each method by its name."""
    return {verb.name.replace("-", "_"): verb for verb in VERBS if not verb.local_only}


def _module(*, is_async: bool) -> str:
    words = _ASYNC if is_async else _BLOCKING
    head = _HEAD.format(**words, shapes=", ".join(_SHAPES))
    return head + "".join(
        f"\n{_method(name, verb, is_async=is_async)}" for name, verb in sorted(methods().items())
    )


def _method(name: str, verb: Verb, *, is_async: bool) -> str:
    taken = ", ".join(_parameters(verb))
    shape = _shape(verb, is_async=is_async)
    begins = "async def" if is_async and not verb.streams else "def"
    waits = "await " if is_async and not verb.streams else ""
    call = "items" if verb.streams else "row" if verb.name in _ONE_ROW else "rows"
    lines = [
        f"    {begins} {name}(self, {taken}) -> {shape}:" if taken else "",
        *_docstring(verb),
        f"        args: dict[str, object] = {{{_given(verb)}}}",
        f"        return {waits}self._asking.{call}(request_of({_which(verb)}, args=args))",
    ]
    if not taken:
        lines[0] = f"    {begins} {name}(self) -> {shape}:"
    return "\n".join(lines) + "\n"


def _shape(verb: Verb, *, is_async: bool) -> str:
    if verb.streams:
        return f"{'Async' if is_async else ''}Generator[{_ITEMS[verb.name]}]"
    if verb.name in _ONE_ROW:
        return "Row"
    changes = verb.effect is not Effect.READ and verb.selects in {Selects.ONE, Selects.SOME}
    return f"list[{_ROWS.get(verb.name) or ('Outcome' if changes else 'Row')}]"


def _parameters(verb: Verb) -> Iterator[str]:
    positional = [arg for arg in verb.args if arg.positional]
    match verb.selects:
        case Selects.ONE:
            yield "name: str"
        case Selects.SOME | Selects.ANY:
            yield "*names: str"
    for arg in positional:
        yield f"{_named(arg)}: {_type(arg)}"
    rest = [arg for arg in verb.args if not arg.positional]
    chooses = verb.selects in {Selects.SOME, Selects.ANY}
    if rest and not chooses:
        yield "*"
    if chooses:
        yield "labels: Sequence[str] = ()"
        yield "all: bool = False"
    for arg in rest:
        yield f"{_named(arg)}: {_type(arg)}"


def _type(arg: Arg) -> str:
    kind = _KINDS[arg.kind]
    if arg.positional and arg.default is None:
        return kind
    return f"{kind} | None = None"


def _named(arg: Arg) -> str:
    return f"{arg.name}_" if keyword.iskeyword(arg.name) else arg.name


def _given(verb: Verb) -> str:
    return ", ".join(f'"{arg.name}": {_named(arg)}' for arg in verb.args)


def _which(verb: Verb) -> str:
    match verb.selects:
        case Selects.NONE:
            return f'"{verb.name}"'
        case Selects.ONE:
            return f'"{verb.name}", (name,)'
        case _:
            return f'"{verb.name}", names, labels, all'


def _docstring(verb: Verb) -> Iterator[str]:
    said = [f"*{_named(arg)}*: {arg.help}" for arg in verb.args if arg.name != "reason"]
    if not said:
        yield f'        """{verb.summary}"""'
        return
    yield f'        """{verb.summary}'
    yield ""
    text = "; ".join(said) + "."
    for line in textwrap.wrap(text, WIDTH - 8, break_long_words=False):
        yield f"        {line}"
    yield '        """'


def formatted(text: str) -> str:
    """Give *text* as it stands in the repository."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "src/it.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> None:
    """Write the modules."""
    for name, text in modules().items():
        (FOLDER / name).write_text(formatted(text), encoding="utf-8")


if __name__ == "__main__":
    main()
