"""Whatever can be asked of this machine's agent gives the same from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from svcctl.app.verb import Arg, Kind, Selects, Verb
from svcctl.app.verbs import VERBS
from svcctl.client.everywhere import Client
from svcctl.client.http import HttpClient
from svcctl.client.local import LocalClient
from svcctl.errors import Denied, SvcctlError
from svcctl.wire import Request, Selection
from tests.flows.http.stand import Stand
from tests.flows.remote.conftest import Elsewhere

pytestmark = [pytest.mark.slow, pytest.mark.posix]

FROM_AFAR = [verb for verb in VERBS if not verb.local_only]
HERE_ONLY = [verb for verb in VERBS if verb.local_only]
SELECTIONS = {
    Selects.NONE: [Selection()],
    Selects.ONE: [Selection(names=("web",))],
    Selects.SOME: [Selection(names=("web", "db")), Selection(all=True)],
    Selects.ANY: [Selection(names=("w*",)), Selection(), Selection(all=True)],
}


def some(arg: Arg) -> object:
    """Give a value of *arg* that the table allows."""
    values: dict[Kind, object] = {
        Kind.TEXT: arg.choices[0] if arg.choices else "a & b=c/é?#'\"%2F",
        Kind.INTEGER: 7,
        Kind.FLAG: True,
        Kind.DURATION: 2.5,
        Kind.DOCUMENT: ["web", "db"],
    }
    return values[arg.kind]


def asked_of(verb: Verb) -> list[Request]:
    """Give requests for *verb*: without arguments where it may be, and with all of them."""
    every = {arg.name: some(arg) for arg in verb.args if arg.name != "follow"}
    needed = {arg.name: some(arg) for arg in verb.args if arg.positional or arg.name == "places"}
    return [
        Request(verb=verb.name, select=select, args=args)
        for select in SELECTIONS[verb.selects]
        for args in (needed, every)
    ]


def said(client: Client, request: Request) -> object:
    """Give what comes of *request*: its answers, or how it failed."""
    try:
        return list(client.answers(request))
    except SvcctlError as error:
        return type(error), error.problem, error.hint


@pytest.fixture(scope="module")
def stood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Give one server for all of these tests."""
    there = Elsewhere(Stand(tmp_path_factory.mktemp("stand")))
    there.begin()
    yield there
    there.end()


def both(stood: Elsewhere, request: Request) -> tuple[object, object]:
    """Give what is answered here, and from elsewhere."""
    there = HttpClient(stood.remote, token=stood.stand.token)
    with LocalClient(stood.stand.agent) as here, there:
        return said(here, request), said(there, request)


@pytest.mark.parametrize("verb", FROM_AFAR, ids=lambda verb: verb.name)
def test_a_verb_gets_the_same_arguments_and_gives_the_same(verb: Verb, stood: Elsewhere) -> None:
    for request in asked_of(verb):
        here, there = both(stood, request)

        assert there == here


@pytest.mark.parametrize("verb", HERE_ONLY, ids=lambda verb: verb.name)
def test_what_is_answered_on_the_machine_only_says_how_to_ask_there(
    verb: Verb, stood: Elsewhere
) -> None:
    with pytest.raises(Denied, match="on the machine itself only") as caught:
        HttpClient(stood.remote, token=stood.stand.token).ask(Request(verb=verb.name))

    assert caught.value.hint.startswith("ssh 127.0.0.1 svcctl ")
    assert verb.name not in stood.stand.came


@pytest.mark.parametrize(
    "request_",
    [
        Request(verb="sing"),
        Request(verb="stop"),
        Request(verb="stop", select=Selection(names=("web",)), args={"tiemout": 1}),
        Request(verb="logs", args={"lines": -1}),
        Request(verb="logs", args={"level": "loud"}),
        Request(verb="wait", select=Selection(names=("web",)), args={"condition": "never"}),
    ],
    ids=lambda request: f"{request.verb} {request.args}",
)
def test_a_mistake_is_the_same_error(request_: Request, stood: Elsewhere) -> None:
    here, there = both(stood, request_)

    assert there == here
    assert isinstance(there, tuple)
