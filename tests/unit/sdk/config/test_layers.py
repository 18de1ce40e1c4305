"""Every layer is laid over the one below it, and each value knows who set it."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import pytest
from typing_extensions import TypedDict

from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.load import load
from svcctl.sdk.config.sources import Sources
from svcctl.spec.units import Duration

Port = NewType("Port", int)


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Smtp:
    host: str = "localhost"
    port: int = 25


@dataclass(frozen=True, kw_only=True)
class Mailer:
    name: str = "mailer"
    smtp: Smtp = field(default_factory=lambda: Smtp(host="built-in", port=26))
    period: Duration = 10.0
    labels: dict[str, str] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    debug: bool = False


class Typed(TypedDict):
    host: str


@dataclass(frozen=True, kw_only=True)
class Everything:
    whole: int | None = None
    number: float = 0.0
    either: int | str = 0
    port: Annotated[Port, "a mark"] = Port(0)
    level: Level = Level.LOW
    mode: Literal["a", "b"] = "a"
    step: Literal[1, 2] = 1
    day: dt.date = dt.date(2000, 1, 1)
    folder: Path = Path("/")
    anything: Any = None
    mixed: int | list[int] = 0
    numbers: set[int] = field(default_factory=set)
    tables: list[Smtp] = field(default_factory=list)
    typed: Typed = field(default_factory=lambda: Typed(host=""))
    maker: Callable[[], int] | None = None
    made: int = field(init=False, default=7)


def test_nothing_written_gives_the_defaults() -> None:
    loaded = load(Mailer, Sources())

    assert loaded.value == Mailer()
    assert loaded.value.smtp.host == "built-in"


def test_each_layer_wins_over_the_one_before(load_written: Any) -> None:
    texts = {
        "a.toml": 'name = "a"\nperiod = "1s"\ndebug = true\n[smtp]\nhost = "a"\nport = 1\n',
        "b.toml": 'period = "2s"\n[smtp]\nport = 2\n',
        ".env": "MAILER_SMTP__HOST=dotenv\nMAILER_DEBUG=false\n",
    }

    loaded = load_written(
        Mailer, texts, environ={"MAILER_SMTP__HOST": "environment"}, options=("smtp.port=3",)
    )

    assert loaded.value == Mailer(
        name="a", period=2.0, debug=False, smtp=Smtp(host="environment", port=3)
    )


def test_each_value_tells_where_it_came_from(load_written: Any, tmp_path: Path) -> None:
    texts = {"a.toml": 'name = "a"\n\n[smtp]\nport = 1\n', ".env": "\nMAILER_DEBUG=true\n"}

    loaded = load_written(
        Mailer, texts, environ={"MAILER_PERIOD": "3s"}, options=('to=["x", "y"]',)
    )

    rows = [(row.key, row.value, row.origin) for row in explain(loaded)]
    assert rows == [
        ("name", '"a"', f"{tmp_path / 'a.toml'}:1:1"),
        ("smtp.host", '"built-in"', "default"),
        ("smtp.port", "1", f"{tmp_path / 'a.toml'}:4:1"),
        ("period", '"3s"', "environment MAILER_PERIOD"),
        ("labels", "{}", "default"),
        ("to", '["x", "y"]', "option --set to"),
        ("debug", "true", f"{tmp_path / '.env'}:2:1"),
    ]


def test_a_default_made_for_a_table_is_kept_where_the_table_is_half_written(
    load_written: Any,
) -> None:
    loaded = load_written(Mailer, "[smtp]\nport = 1\n")

    assert loaded.value.smtp == Smtp(host="built-in", port=1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.toml", 'to = ["a"]\n[smtp]\nhost = "x"\n[labels]\nTeam = "core"\n'),
        ("app.json", '{"to": ["a"], "smtp": {"host": "x"}, "labels": {"Team": "core"}}'),
        ("app.yaml", "to: [a]\nsmtp:\n  <<: {host: x}\nlabels:\n  Team: core\n"),
        ("app.yml", "to:\n- a\nsmtp:\n  host: x\nlabels: {Team: core}\n"),
        ("app.json", '\ufeff{"to": ["a"], "smtp": {"host": "x"}, "labels": {"Team": "core"}}'),
    ],
)
def test_a_file_is_toml_json_or_yaml(load_written: Any, name: str, text: str) -> None:
    loaded = load_written(Mailer, {name: text})

    smtp = Smtp(host="x", port=26)
    assert loaded.value == Mailer(to=("a",), smtp=smtp, labels={"Team": "core"})


def test_yaml_tells_where_a_value_stands(load_written: Any, tmp_path: Path) -> None:
    loaded = load_written(Mailer, {"app.yaml": "name: a\nsmtp:\n  port: 1\nto:\n  - x\n"})

    assert loaded.origins["smtp.port"] == f"{tmp_path / 'app.yaml'}:3:3"


def test_an_empty_yaml_file_says_nothing(load_written: Any) -> None:
    assert load_written(Mailer, {"app.yaml": "# nothing\n"}).value == Mailer()


@pytest.mark.parametrize(("namespace", "name"), [("", "all"), ("dev", "d"), ("prod", "p")])
def test_a_namespace_is_laid_over_the_rest_of_its_file(
    load_written: Any, namespace: str, name: str
) -> None:
    text = (
        'name = "all"\n[smtp]\nhost = "x"\n[dev]\nname = "d"\n'
        '[prod]\nname = "p"\n[prod.smtp]\nport = 1\n'
    )

    loaded = load_written(Mailer, text, namespace=namespace)

    assert loaded.value.name == name
    assert loaded.value.smtp == Smtp(host="x", port=1 if namespace == "prod" else 26)


def test_a_later_file_wins_over_the_namespace_of_an_earlier_one(load_written: Any) -> None:
    texts = {"a.toml": '[prod]\nname = "a"\n', "b.toml": 'name = "b"\n'}

    assert load_written(Mailer, texts, namespace="prod").value.name == "b"


@dataclass(frozen=True, kw_only=True)
class WithTest:
    test: dict[str, str] = field(default_factory=dict)


def test_a_field_that_is_called_as_a_namespace_is_a_field(load_written: Any) -> None:
    assert load_written(WithTest, '[test]\na = "b"\n').value.test == {"a": "b"}


def test_strings_of_files_get_variables_and_no_others_do(load_written: Any) -> None:
    texts = {
        "app.toml": 'name = "${WHO:-nobody}-${HOME_PAGE}"\nto = ["${INSTANCE}", "$${X} $5"]\n'
        '[labels]\nx = "${NONE:-d}"\n',
        ".env": "HOME_PAGE=/home\nWHO=dotenv\nMAILER_SMTP__HOST='${WHO}'\n",
    }

    loaded = load_written(Mailer, texts, environ={"WHO": "me", "INSTANCE": "2"})

    assert loaded.value.name == "me-/home"
    assert loaded.value.to == ("2", "${X} $5")
    assert loaded.value.labels == {"x": "d"}
    assert loaded.value.smtp.host == "${WHO}"


def test_a_missing_variable_matters_only_where_its_value_holds(load_written: Any) -> None:
    loaded = load_written(Mailer, 'name = "${NONE}"\n', environ={"MAILER_NAME": "x"})

    assert loaded.value.name == "x"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("WHOLE", "5", Everything(whole=5)),
        ("NUMBER", "1e3", Everything(number=1000.0)),
        ("EITHER", "5", Everything(either="5")),
        ("PORT", "80", Everything(port=Port(80))),
        ("LEVEL", "high", Everything(level=Level.HIGH)),
        ("MODE", "b", Everything(mode="b")),
        ("STEP", "2", Everything(step=2)),
        ("DAY", "2026-11-21", Everything(day=dt.date(2026, 11, 21))),
        ("FOLDER", "5", Everything(folder=Path("5"))),
        ("ANYTHING", "true", Everything(anything="true")),
        ("MIXED", "[1]", Everything(mixed=[1])),
        ("NUMBERS", "[1, 2]", Everything(numbers={1, 2})),
        ("TABLES", '[{host = "x"}]', Everything(tables=[Smtp(host="x")])),
        ("TABLES", '[{"host": "x", "port": 1}]', Everything(tables=[Smtp(host="x", port=1)])),
        ("TYPED", '{"host": "x"}', Everything(typed={"host": "x"})),
    ],
)
def test_a_variable_is_read_as_its_field_wants(
    load_written: Any, variable: str, text: str, expected: Everything
) -> None:
    loaded = load_written(Everything, environ={f"MAILER_{variable}": text})

    assert loaded.value == expected


def test_variables_name_tables_and_keys_of_maps(load_written: Any) -> None:
    environ = {
        "MAILER_SMTP": '{ host = "whole", port = 1 }',
        "MAILER_SMTP__PORT": "2",
        "MAILER_LABELS__Team": "core",
        "mailer_debug": "yes",
        "MAILERS_NAME": "of another",
        "PATH": "/bin",
    }

    loaded = load_written(Mailer, 'labels = { Old = "1" }', environ=environ)

    assert loaded.value == Mailer(
        smtp=Smtp(host="whole", port=2), labels={"Old": "1", "Team": "core"}, debug=True
    )


def test_without_a_prefix_no_variable_is_a_layer(load_written: Any) -> None:
    assert load_written(Mailer, environ={"NAME": "x", "_NAME": "y"}, prefix="").value == Mailer()


def test_what_others_set_with_that_prefix_is_left_alone(load_written: Any) -> None:
    environ = {
        "MAILER_SERVICE_HOST": "10.0.0.1",
        "MAILER_PORT_80_TCP": "tcp://10.0.0.1:80",
        "MAILER_SERVICE_PORT_SMTP": "25",
        "MAILER_NAMESPACE": "prod",
        "MAILER_DEBUGGER": "pdb",
        "MAILER_DEBIT": "5",
        "MAILER_UNRELATED_THING": "x",
    }

    assert load_written(Mailer, environ=environ).value == Mailer()


def test_options_name_keys_with_dots_and_the_last_one_wins(load_written: Any) -> None:
    options = ("smtp.host=a=b", "smtp.port=1", "smtp.port=2", 'labels."a.b"=c', "name=")

    loaded = load_written(Mailer, options=options)

    assert loaded.value == Mailer(name="", smtp=Smtp(host="a=b", port=2), labels={"a.b": "c"})


def test_files_that_may_be_missing_begin_with_a_dash(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"

    loaded = load(Mailer, Sources(files=(f"-{path}",), dotenv=f"-{tmp_path / '.env'}"))

    assert loaded.value == Mailer()
    assert loaded.files == {str(path): "", str(tmp_path / ".env"): ""}


def test_what_toml_knows_reaches_the_field_as_it_is(load_written: Any) -> None:
    loaded = load_written(Everything, "day = 2026-11-21\nwhole = 1\nnumbers = [1, 1]\n")

    assert loaded.value == Everything(day=dt.date(2026, 11, 21), whole=1, numbers={1})


def test_what_nobody_wrote_is_left_to_the_class(load_written: Any) -> None:
    everything = load_written(Everything, "").value

    assert (everything.either, everything.anything, everything.maker) == (0, None, None)
    assert (everything.mixed, everything.made) == (0, 7)


def test_items_of_lists_are_tables_of_their_own(load_written: Any) -> None:
    loaded = load_written(Everything, '[[tables]]\nhost = "${A:-x}"\n[[tables]]\nport = 1\n')

    assert loaded.value.tables == [Smtp(host="x"), Smtp(port=1)]
    shown = {row.key: row.value for row in explain(loaded)}
    assert shown["tables"] == '[{ host = "x", port = 25 }, { host = "localhost", port = 1 }]'
    assert shown["whole"] == "none"
    assert shown["numbers"] == "[]"
    assert shown["folder"] == str(Path("/"))
