"""A script is read whole, and every mistake in it is told with its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from svcctl.errors import SpecError
from svcctl.sdk.mock.reading import Script
from svcctl.sdk.mock.routes import Answer, Fault, Filling

Read = Callable[[str], Script]

WHOLE = """\
seed = 7

[[routes]]
method = "post"
path = "/users/{id}"
query = { page = "2" }
status = 201
headers = { X-Kind = "a" }
json = { id = "{id}", born = 2001-02-03, tags = ["a"] }
_delay = ["10ms", "1s"]
_error = 503
_probability = 0.25

[[routes]]
path = "/flaky"
cycle = true
answers = [
  { _error = "reset" },
  { body = "fine" },
  { body_base64 = "AP8=", headers = { content-type = "image/x" } },
]
"""


def test_everything_a_script_can_say_is_read(script: Read) -> None:
    found = script(WHOLE)

    users, flaky = found.routes
    assert found.seed == 7
    assert users.shown == "POST /users/{id}?page=2"
    assert users.answers == (
        Answer(
            status=201,
            headers={"X-Kind": "a", "Content-Type": "application/json"},
            body=b'{"id": "{id}", "born": "2001-02-03", "tags": ["a"]}',
            filling=Filling.JSON,
            delay_least=0.01,
            delay_most=1.0,
            fault=Fault(kind="status", status=503, probability=0.25),
        ),
    )
    assert flaky.cycle
    assert flaky.answers == (
        Answer(fault=Fault(kind="reset")),
        Answer(
            body=b"fine",
            filling=Filling.TEXT,
            headers={"Content-Type": "text/plain; charset=utf-8"},
        ),
        Answer(body=b"\x00\xff", headers={"content-type": "image/x"}),
    )


def test_an_empty_script_answers_nothing(script: Read) -> None:
    assert script("") == Script()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("sed = 1", "1:1: unknown option 'sed'"),
        ("seed = true", "1:8: seed: true is not a whole number"),
        ("routes = 5", "1:10: routes: 5 is not a list"),
        ("routes = [1]", "1:11: 1 is not a table"),
        ('path = "/x"', "1:1: unknown option 'path'"),
        ('[[routes]]\npath = "x"', "2:8: the path 'x' does not begin with /"),
        ("[[routes]]", "1:3: the path '' does not begin with /"),
        ('[[routes]]\npath = "/{a}/{a}"', "2:8: a parameter stands twice in '/{a}/{a}'"),
        ('[[routes]]\npath = "/"\nmethod = "FETCH"', "3:10: method 'FETCH' is not known"),
        ('[[routes]]\npath = "/"\nstatus = 99', "3:10: status 99 is not from 200 to 599"),
        ('[[routes]]\npath = "/"\nstatus = "200"', "3:10: status: '200' is not a whole number"),
        ('[[routes]]\npath = "/"\nbody = "a"\njson = 1', "4:1: 'json' stands beside 'body'"),
        ('[[routes]]\npath = "/"\nbody_base64 = "?"', "3:15: that is not base64"),
        ('[[routes]]\npath = "/"\nheaders = { A = 1 }', "3:17: 1 is not text"),
        (
            '[[routes]]\npath = "/"\nheaders = { Connection = "x" }',
            "3:13: header 'Connection' is set by the server itself",
        ),
        ('[[routes]]\npath = "/"\nheaders = { "a b" = "x" }', "3:21: 'a b' is no header"),
        ('[[routes]]\npath = "/"\nheaders = { A = "x\\r\\nB: y" }', "3:17: 'A' is no header"),
        ('[[routes]]\npath = "/"\n_delay = 5', "3:10: _delay: 5 has no unit"),
        ('[[routes]]\npath = "/"\n_delay = ["2s", "1s"]', "3:10: the shorter delay comes first"),
        ('[[routes]]\npath = "/"\n_delay = []', "3:10: a list is not a delay"),
        ('[[routes]]\npath = "/"\n_error = "slow"', "3:10: 'slow' is no error"),
        ('[[routes]]\npath = "/"\n_error = 404', "3:10: 404 is no error"),
        ('[[routes]]\npath = "/"\n_error = true', "3:10: true is no error"),
        (
            '[[routes]]\npath = "/"\n_error = 500\n_probability = 2',
            "4:16: 2 is not from 0 (never) to 1 (always)",
        ),
        (
            '[[routes]]\npath = "/"\n_probability = 0.5',
            "3:16: '_probability' without '_error'",
        ),
        (
            '[[routes]]\npath = "/"\n_error = 500\n_probability = "x"',
            "4:16: 'x' is not a number",
        ),
        ('[[routes]]\npath = "/"\nanswers = []', "3:11: there is no answer"),
        (
            '[[routes]]\npath = "/"\nstatus = 200\nanswers = [{}]',
            "3:1: 'status' stands beside 'answers'",
        ),
        ('[[routes]]\npath = "/"\nanswers = [{ path = "/" }]', "3:14: unknown option 'path'"),
        ('[[routes]]\npath = "/"\n[[routes]]\npath = "/"', "3:3: GET / is answered already, above"),
        ("[[routes", "1:9: is not TOML: "),
    ],
)
def test_a_mistake_is_told_with_its_place(script: Read, text: str, mistake: str) -> None:
    with pytest.raises(SpecError) as error:
        script(text)

    assert f"mock.toml:{mistake}" in [
        str(each)[: len(mistake) + 10] for each in error.value.mistakes
    ]
    assert error.value.exit_status == 78


def test_all_mistakes_are_told_at_once(script: Read) -> None:
    with pytest.raises(SpecError, match="3 mistakes") as error:
        script('[[routes]]\npath = "x"\nstatuss = 3\n_delay = 5')

    assert error.value.mistakes[1].hint == "did you mean 'status'?"
