"""The Python client has a method for each verb that is answered from afar, and no other."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from svcctl import client
from svcctl.app.verb import Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.client import AsyncClient, Client
from svcctl.client.asking import Asking, AsyncAsking
from svcctl.errors import AgentUnreachable, UsageError
from svcctl.wire import Request
from tools.client_methods import FOLDER, formatted, methods, modules

LISTS = {
    verb.name
    for name, verb in methods().items()
    if "list[" in str(Client.__dict__[name].__annotations__)
}
NAMES = sorted(methods())


class Echo:
    """Answers with the request that came, as one document or a list of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def ask(self, request: Request) -> object:
        return [request] if request.verb in LISTS else {"request": request}

    def answers(self, request: Request) -> Iterator[tuple[bool, object]]:
        yield False, {"request": request}
        yield True, self.ask(request)


class AsyncEcho:
    """The same without blocking."""

    async def answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]:
        for each in Echo().answers(request):
            yield each


def heard(found: Any) -> Request:
    """Give the request that *found* is an answer to."""
    if isinstance(found, Iterator):
        (found,) = found
    request = found[0] if isinstance(found, list) else found["request"]
    assert isinstance(request, Request)
    return request


async def heard_later(found: Any) -> Request:
    if inspect.isasyncgen(found):
        (found,) = [each async for each in found]
    return heard(await found if inspect.isawaitable(found) else found)


def given(verb: Verb) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Give names, and a value for each argument of *verb*."""
    names = {Selects.NONE: (), Selects.ONE: ("web",)}.get(verb.selects, ("web", "db"))
    return names, {f"{arg.name}_" if arg.name == "for" else arg.name: arg.name for arg in verb.args}


@pytest.mark.parametrize("name", NAMES)
def test_a_method_asks_for_its_verb_with_all_its_arguments(name: str) -> None:
    verb = methods()[name]
    names, args = given(verb)
    blocking = Client._of(Asking(Echo))
    waiting = AsyncClient._of(AsyncAsking(AsyncEcho()))

    request = heard(getattr(blocking, name)(*names, **args))
    other = asyncio.run(heard_later(getattr(waiting, name)(*names, **args)))

    assert request.verb == verb.name
    assert request.args == {arg.name: arg.name for arg in verb.args}
    assert request.select.names == names
    assert other == request


def test_every_verb_that_is_answered_from_afar_has_a_method() -> None:
    public = {name for name in vars(Client) if not name.startswith("_")}

    assert public - {"local", "context"} == set(methods())
    assert {verb.name for verb in methods().values()} == {
        verb.name for verb in VERBS if not verb.local_only
    }


@pytest.mark.slow
@pytest.mark.posix  # ruff, which puts them into the house format, is not in the other lab
@pytest.mark.parametrize("module", sorted(modules()))
def test_the_methods_are_as_the_table_says(module: str) -> None:
    assert (FOLDER / module).read_text(encoding="utf-8") == formatted(modules()[module]), (
        "python tools/client_methods.py"
    )


def test_nothing_that_was_not_said_is_asked_for() -> None:
    asking = Client._of(Asking(Echo))

    request = heard(asking.stop("web", labels=["tier=front"], timeout=2.5))

    assert request.args == {"timeout": 2.5}
    assert request.select.labels == ("tier=front",)


class Odd(Echo):
    """Answers with a number, whatever is asked."""

    def ask(self, request: Request) -> object:
        del request
        return 7


@pytest.mark.parametrize("name", ["status", "agent_status"])
def test_an_answer_of_another_shape_is_none(name: str) -> None:
    with pytest.raises(AgentUnreachable, match="the agent answers with what is no"):
        getattr(Client._of(Asking(Odd)), name)()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_address_that_is_not_safe_is_told_at_once(kind: type[Client | AsyncClient]) -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        kind("http://web-1:7411", token="secret")


def test_a_token_is_in_no_text_of_a_client() -> None:
    made = Client("https://web-1:7411", token="secret")

    assert "secret" not in f"{made!r} {vars(made)}"


@pytest.mark.slow
@pytest.mark.posix  # elsewhere the package is not installed, but on the path
def test_who_imports_the_package_alone_loads_no_client() -> None:
    program = "import sys, svcctl.client; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )

    assert not {"asyncio", "http", "ssl", "svcctl.client.control"} & set(done.stdout.split())


def test_what_the_package_offers_is_typed() -> None:
    stub = Path(client.__file__).with_suffix(".pyi").read_text(encoding="utf-8")

    for line in stub.splitlines():
        assert getattr(client, line.split()[-1]) is not None
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        client.__getattr__("Clinet")
