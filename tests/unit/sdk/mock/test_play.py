"""The right route answers, in its turn, and chance can be repeated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.mock.play import NoRoute, Play, Reply
from svcctl.sdk.mock.reading import Script
from svcctl.sdk.mock.routes import (
    Answer,
    Asked,
    Filling,
    Route,
    asked,
    fill,
    match_path,
    parameters,
)

Read = Callable[[str], Script]


def reply(play: Play, target: str, method: str = "GET") -> Reply:
    found = play.reply(asked(method, target))
    assert isinstance(found, Reply)
    return found


def route(path: str, method: str = "GET", **query: str) -> Route:
    return Route(method=method, path=path, query=query, answers=(Answer(body=path.encode()),))


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("/users/{id}", "/users/7", {"id": "7"}),
        ("/users/{id}", "/users/", None),
        ("/users/{id}", "/users/7/mails", None),
        ("/{a}/x/{b}", "/1/x/2", {"a": "1", "b": "2"}),
        ("/v1.0/{f}.json", "/v1.0/a.json", {"f": "a"}),
        ("/v1.0", "/v1x0", None),
    ],
)
def test_a_path_is_taken_apart(pattern: str, path: str, values: dict[str, str] | None) -> None:
    assert match_path(pattern, path) == values


@given(value=st.text(st.characters(exclude_characters="/\n"), min_size=1))
def test_a_parameter_can_be_anything_without_a_slash(value: str) -> None:
    assert match_path("/a/{b}/c", f"/a/{value}/c") == {"b": value}
    assert parameters("/a/{b}/c") == ["b"]


def test_a_request_is_read_decoded() -> None:
    assert asked("GET", "/a%20b?x=1&x=2&y=") == Asked(
        method="GET", path="/a b", query={"x": "2", "y": ""}
    )


def test_the_most_exact_route_answers() -> None:
    play = Play(
        Script(
            routes=(
                route("/users/{id}"),
                route("/users/me"),
                route("/users/{id}", page="2"),
                route("/users/{id}/x", method="*"),
            )
        )
    )

    assert reply(play, "/users/7").route == "GET /users/{id}"
    assert reply(play, "/users/me").route == "GET /users/me"
    assert reply(play, "/users/7?page=2&more=1").route == "GET /users/{id}?page=2"
    assert reply(play, "/users/7/x", "PATCH").route == "* /users/{id}/x"
    assert reply(play, "/users/me", "HEAD").route == "GET /users/me"


def test_where_nothing_answers_the_methods_that_would_are_told() -> None:
    play = Play(Script(routes=(route("/a"), route("/a", method="PUT"))))

    assert play.reply(asked("POST", "/a")) == NoRoute(methods=("GET", "PUT"))
    assert play.reply(asked("GET", "/b")) == NoRoute()


@pytest.mark.parametrize(
    ("cycle", "statuses"),
    [("false", [500, 200, 200, 200, 200]), ("true", [500, 200, 500, 200, 500])],
)
def test_answers_come_one_after_the_other(script: Read, cycle: str, statuses: list[int]) -> None:
    play = Play(
        script(f'[[routes]]\npath = "/"\ncycle = {cycle}\nanswers = [{{ status = 500 }}, {{}}]')
    )

    assert [reply(play, "/").answer.status for _ in range(5)] == statuses


def test_parameters_are_put_into_a_text_and_all_other_braces_stay() -> None:
    answer = Answer(body=b'{id} {"a": {b}}', filling=Filling.TEXT)

    assert fill(answer, {"id": "{b}"}) == b'{b} {"a": {b}}'


def test_parameters_cannot_break_json() -> None:
    answer = Answer(body=b'{"id": "{id}"}', filling=Filling.JSON)

    assert fill(answer, {"id": '"\\'}) == b'{"id": "\\"\\\\"}'


def test_bytes_are_left_as_they_are() -> None:
    assert fill(Answer(body=b"{id}"), {"id": "7"}) == b"{id}"


def test_the_same_seed_rolls_the_same_dice(script: Read) -> None:
    text = (
        'seed = {}\n[[routes]]\npath = "/"\n_delay = ["1s", "3s"]\n_error = 503\n_probability = 0.5'
    )

    def rolled(seed: int) -> list[tuple[int, float]]:
        play = Play(script(text.format(seed)))
        return [
            (found.answer.status, found.delay) for found in (reply(play, "/") for _ in range(40))
        ]

    assert rolled(7) == rolled(7)
    assert rolled(7) != rolled(8)
    assert {status for status, _ in rolled(7)} == {200, 503}
    assert all(1 <= delay <= 3 for _, delay in rolled(7))


@pytest.mark.parametrize(("probability", "strikes"), [(0, False), (1, True)])
def test_never_is_never_and_always_is_always(script: Read, probability: int, strikes: bool) -> None:
    play = Play(script(f'[[routes]]\npath = "/"\n_error = "reset"\n_probability = {probability}'))

    assert {reply(play, "/").fault is not None for _ in range(50)} == {strikes}


def test_what_was_learnt_is_answered() -> None:
    play = Play(Script())

    play.learn(route("/new"))

    assert reply(play, "/new").body == b"/new"
