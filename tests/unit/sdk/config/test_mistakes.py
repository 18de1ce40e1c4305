"""Every mistake is told at once, each with its place and what may have been meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import TypedDict

from svcctl.errors import UsageError
from svcctl.sdk.config.load import load
from svcctl.sdk.config.secret import Secret
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.config.text import Format, Text, understand
from svcctl.spec.source import UnreadableError
from svcctl.spec.units import Duration, Positive

_FORMS = "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $${ for the text ${"

_SET_NONE = "set NONE in the environment, or write ${NONE:-default}"

MistakesOf = Callable[[Callable[[], object]], list[str]]


@dataclass(frozen=True, kw_only=True)
class Smtp:
    host: str
    port: int = 25


class Typed(TypedDict):
    url: str


@dataclass(frozen=True, kw_only=True)
class Web:
    url: str


@dataclass(frozen=True, kw_only=True)
class Mailer:
    smtp: Smtp
    name: str = "mailer"
    period: Duration = 10.0
    workers: Positive = 1
    to: tuple[str, ...] = ()
    relays: list[Smtp] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    password: Secret = field(default_factory=lambda: Secret(""))
    limit: int | None = None
    either: Smtp | Web | None = None
    typed: Typed | None = None

    def __post_init__(self) -> None:
        if self.name == "root":
            raise ValueError("nobody may be called root")


def test_every_mistake_of_every_layer_is_told_with_its_place(
    load_written: Any, mistakes_of: MistakesOf
) -> None:
    texts = {
        "app.toml": 'nmae = "x"\nperiod = 5\nworkers = 0\nto = [1, "${NONE}"]\n'
        "[smtp]\nprot = 1\n[smtpp]\nx = 1\n[[relays]]\nhots = 1\n",
        ".env": "MAILER_WORKRES=3\nMAILER_NAME=root\n",
    }
    environ = {"MAILER_LIMIT": "many", "MAILER_PERIDO": "1s"}
    options = ("smtp.port=high", "smtp.hsot=x", "nonsense", "to[0]=x")

    found = mistakes_of(lambda: load_written(Mailer, texts, environ=environ, options=options))

    assert found == [
        ".env:1:1: there is no field 'workres' (did you mean 'workers'?)",
        "app.toml:1:1: unknown key 'nmae' (did you mean 'name'?)",
        'app.toml:2:10: period: 5 has no unit (write "5s" for seconds, "5ms", "5m")',
        "app.toml:3:11: workers: 0 is less than 1",
        "app.toml:4:7: to[0]: 1 is not text (write it in quotes)",
        f"app.toml:4:10: to[1]: variable 'NONE' is not set ({_SET_NONE})",
        "app.toml:5:2: smtp.host is missing (add: host = ...)",
        "app.toml:6:1: unknown key 'smtp.prot' (did you mean 'port'?)",
        "app.toml:7:2: unknown key 'smtpp' (did you mean 'smtp'?)",
        "app.toml:9:3: relays[0].host is missing (add: host = ...)",
        "app.toml:10:1: unknown key 'relays[0].hots' (did you mean 'host'?)",
        "environment MAILER_LIMIT: limit: 'many' is not a whole number",
        "environment MAILER_PERIDO: there is no field 'perido' (did you mean 'period'?)",
        "option --set: names no key and value (write for example --set smtp.host=localhost)",
        "option --set smtp.hsot: there is no field 'smtp.hsot' (did you mean 'smtp.host'?)",
        "option --set smtp.port: smtp.port: 'high' is not a whole number",
        'option --set to[0]: a list is set as a whole (write for example --set to=["a", "b"])',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("smtp = 5", "app.toml:1:8: smtp: 5 is not a table"),
        ("", "app.toml:1:1: smtp is missing (add: smtp = ...)"),
        ("[smtp]", "app.toml:1:2: smtp.host is missing (add: host = ...)"),
        ('smtp.host = "x"\nlimit = "x"', "app.toml:2:9: limit: 'x' is not a whole number"),
        ('smtp.host = "x"\nlimit = true', "app.toml:2:9: limit: true is not a number"),
        ('smtp.host = "x"\nlimit = 1.5', "app.toml:2:9: limit: 1.5 is not a whole number"),
        (
            'smtp.host = "x"\nname = 5',
            "app.toml:2:8: name: 5 is not text (write it in quotes)",
        ),
        ('smtp.host = "x"\nname = "root"', "app.toml:1:1: nobody may be called root"),
        ('smtp.host = "x"\nto = "a"', "app.toml:2:6: to: 'a' is not a list"),
        ('smtp.host = "x"\nlabels = 1', "app.toml:2:10: labels: 1 is not a table"),
        (
            'smtp.host = "x"\npassword = 5',
            "app.toml:2:12: password: a secret is text; write it in quotes",
        ),
        (
            'smtp.host = "x"\nname = "${X"',
            f"app.toml:2:8: name: '${{' is not closed ({_FORMS})",
        ),
        ("= 1", "app.toml:1:1: is not TOML: invalid statement"),
    ],
)
def test_a_mistake_says_what_is_wrong_and_where(
    load_written: Any, mistakes_of: MistakesOf, text: str, problem: str
) -> None:
    assert mistakes_of(lambda: load_written(Mailer, text)) == [problem]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("app.json", '{"a": }', "app.json:1:7: is not JSON: expecting value"),
        ("app.json", "[]", "app.json: holds no table of names and values"),
        ("app.json", "[" * 100_000, "app.json: is not JSON: "),
        ("app.json", '{"a":' * 60 + "1" + "}" * 60, "app.json: is nested too deeply"),
        ("app.yaml", "a: [", "app.yaml:1:5: is not YAML: "),
        ("app.yaml", "a: !!python/object:os.system {}", "app.yaml:1:4: is not YAML: "),
        ("app.yaml", "- a", "app.yaml: holds no table of names and values"),
        ("app.yaml", "1: a", "app.yaml: has a key that is no text: 1"),
        ("app.yaml", "a: &a [*a]", "app.yaml: is nested too deeply"),
        ("app.yaml", "a: \0", "app.yaml: is not YAML: "),
        ("app.ini", "a=1", "app.ini: is no configuration: its name ends in none of .toml, .json, "),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    load_written: Any, mistakes_of: MistakesOf, name: str, content: str, problem: str
) -> None:
    (found,) = mistakes_of(lambda: load_written(Mailer, {name: content}))

    assert found.startswith(problem)


def test_a_table_that_fits_one_of_several_is_that_one(load_written: Any) -> None:
    text = 'smtp.host = "x"\neither.url = "u"\nrelays = [{ host = "y" }]\n'

    mailer = load_written(Mailer, text).value

    assert mailer.either == Web(url="u")
    assert (mailer.relays, mailer.workers, mailer.typed) == ([Smtp(host="y")], 1, None)


def test_a_table_that_fits_none_of_several_is_told_for_each(
    load_written: Any, mistakes_of: MistakesOf
) -> None:
    text = 'smtp.host = "x"\n[either]\nhots = "x"\n'

    assert mistakes_of(lambda: load_written(Mailer, text)) == [
        "app.toml:2:2: either.host is missing (add: host = ...)",
        "app.toml:2:2: either.url is missing (add: url = ...)",
        "app.toml:3:1: unknown key 'either.hots' (did you mean 'host'?)",
    ]


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"MAILER_SMTP": "5", "MAILER_SMTP__HOST": "x"},
            "smtp.host cannot be set in what is no table",
        ),
        ({"MAILER_TO": "[a"}, "to: '[a' is not a list"),
        ({"MAILER_TO": "a\nb = 1"}, "to: 'a\\nb = 1' is not a list"),
        ({"MAILER_WORKERS": "1\nb = 1"}, "workers: '1\\nb = 1' is not a whole number"),
    ],
)
def test_a_variable_that_says_nothing_sensible_is_a_mistake(
    load_written: Any, mistakes_of: MistakesOf, environ: dict[str, str], problem: str
) -> None:
    text = 'smtp.host = "x"\n[[relays]]\nhost = "x"\n'

    found = mistakes_of(lambda: load_written(Mailer, text, environ=environ))

    assert [each for each in found if each.endswith(problem)]


def test_a_variable_below_a_text_names_no_field(load_written: Any, mistakes_of: MistakesOf) -> None:
    texts = {"app.toml": 'smtp.host = "x"\n', ".env": "MAILER_NAME__X__Y=1\nMAILER_=2\n"}

    assert mistakes_of(lambda: load_written(Mailer, texts)) == [
        ".env:1:1: there is no field 'name.x.y' (did you mean 'name'?)",
        ".env:2:1: names no field",
    ]


def test_a_file_that_is_no_configuration_for_its_size_is_not_read_whole(
    tmp_path: Path, mistakes_of: MistakesOf
) -> None:
    path = tmp_path / "app.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse

    found = mistakes_of(lambda: load(Mailer, Sources(files=(str(path),))))

    assert found == ["app.toml: is larger than 16 MiB"]


def test_an_unknown_key_of_a_typed_dict_is_told(load_written: Any, mistakes_of: MistakesOf) -> None:
    text = 'smtp.host = "x"\n[typed]\nurl = "u"\nulr = "v"\n'

    assert mistakes_of(lambda: load_written(Mailer, text)) == [
        "app.toml:4:1: unknown key 'typed.ulr'"
    ]


def test_a_text_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(UnreadableError, match="is not UTF-8"):
        understand(Text(name="proposed", content="a = '\ud800'"))


def test_yaml_that_stands_for_too_much_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 12)]

    with pytest.raises(UnreadableError, match="holds more than 100000 values"):
        understand(Text(name="bomb", content="\n".join(lines), format=Format.YAML))


def test_bytes_that_are_no_text_are_told_with_their_place(
    tmp_path: Path, mistakes_of: MistakesOf
) -> None:
    path = tmp_path / "app.toml"
    path.write_bytes(b'name = "caf\xe9"\n')

    found = mistakes_of(lambda: load(Mailer, Sources(files=(str(path),))))

    assert found == ["app.toml:1:12: is not UTF-8 here"]


def test_a_missing_file_is_told_and_nothing_that_follows_from_it(
    tmp_path: Path, mistakes_of: MistakesOf
) -> None:
    sources = Sources(files=(str(tmp_path / "none.toml"),), dotenv=str(tmp_path / ".env"))

    found = mistakes_of(lambda: load(Mailer, sources))

    assert found == [".env: is not there", "none.toml: is not there"]


def test_a_line_that_sets_nothing_is_told_without_its_text(
    load_written: Any, mistakes_of: MistakesOf
) -> None:
    texts = {"app.toml": '[smtp]\nhost = "x"\n', ".env": "A=1\nhunter2\n"}

    found = mistakes_of(lambda: load_written(Mailer, texts))

    assert found == [".env:2:1: this is not a NAME=value line"]


def test_an_unknown_namespace_is_told(load_written: Any, mistakes_of: MistakesOf) -> None:
    text = '[smtp]\nhost = "x"\n'

    found = mistakes_of(lambda: load_written(Mailer, text, namespace="prd"))

    assert found == ["there is no namespace 'prd' (did you mean 'prod'?)"]


def test_one_mistake_is_the_problem_itself(load_written: Any) -> None:
    with pytest.raises(Exception, match=re.escape("app.toml:1:1: smtp is missing")):
        load_written(Mailer, "")


def test_a_class_without_fields_of_its_own_is_refused() -> None:
    with pytest.raises(UsageError, match="Plain is neither a dataclass nor") as raised:
        load(Plain, Sources())

    assert raised.value.hint == "put @dataclass over class Plain"


class Plain:
    name: str = "x"
