"""What a definition names in Python is found, and what is not there is told."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from svcctl.errors import SpecError
from svcctl.sdk.app import App
from svcctl.sdk.context import Context
from svcctl.sdk.entry import blueprint_of, imported, named
from svcctl.sdk.service import Service


class Mailer(Service):
    """Sends mail."""

    async def run(self, ctx: Context) -> None:
        await ctx.stopped()


async def plain_function(ctx: Context) -> None:
    """Does little."""
    await ctx.stopped()


app = App("hello")
app.run(plain_function)


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """A module that can be imported."""
    module = types.ModuleType("the_shop")
    vars(module).update(Mailer=Mailer, app=app, number=3, idle=App("idle"), folder=module)
    sys.modules["the_shop"] = module
    yield
    del sys.modules["the_shop"]


@pytest.mark.parametrize(
    ("found", "name", "summary"),
    [
        (Mailer, "mailer", "Sends mail."),
        (Mailer(), "mailer", "Sends mail."),
        (app, "hello", "Does little."),
        (plain_function, "plain-function", "Does little."),
    ],
)
def test_a_class_an_object_an_app_or_a_function_is_a_service(
    found: object, name: str, summary: str
) -> None:
    blueprint = blueprint_of(found, "the_shop:plain_function")

    assert (blueprint.name, blueprint.summary) == (name, summary)


def test_a_function_is_called_as_its_manager_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVCCTL_SERVICE", "web")

    assert blueprint_of(plain_function, "the_shop:plain_function").name == "web"


def test_names_within_names_are_found() -> None:
    assert imported("the_shop:folder.Mailer") is Mailer


@pytest.mark.parametrize(
    ("target", "problem", "hint"),
    [
        ("", "'' is not module:Name", "for example"),
        ("the_shop", "'the_shop' is not module:Name", "for example"),
        ("the_shop:Nope", "module 'the_shop' has no 'Nope'", "it has: Mailer, app, idle"),
        ("types:Nope", "module 'types' has no 'Nope'", "it has no service at all"),
        ("no_such_thing.mail:A", "there is no module 'no_such_thing'", "set cwd"),
        ("email.nope:A", "there is no module 'email.nope'", "interpreter"),
        ("the_shop:number", "int 3 is no service", "a subclass of svcctl.Service"),
        ("types:ModuleType", "is no service", "a function that takes ctx"),
        ("the_shop:idle", "'idle' does nothing", "@app.run"),
    ],
)
def test_what_is_no_service_is_a_mistake_in_the_definition(
    target: str, problem: str, hint: str
) -> None:
    with pytest.raises(SpecError) as caught:
        named(target)

    assert problem in caught.value.problem
    assert hint in caught.value.hint
