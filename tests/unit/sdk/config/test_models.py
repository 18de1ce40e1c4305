"""A pydantic model is as good as a dataclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.outline import restarting
from svcctl.sdk.config.restart import restart
from svcctl.sdk.config.secret import HIDDEN, Secret, secret

MistakesOf = Callable[[Callable[[], object]], list[str]]


class Smtp(BaseModel):
    host: str = "localhost"
    port: int = Field(default=25, gt=0, json_schema_extra=dict(restart()))
    password: Secret = secret("env:SMTP_PASSWORD", default="")


class Mailer(BaseModel):
    smtp: Smtp = Field(default_factory=lambda: Smtp(host="built-in"))
    period: float = Field(default=10.0, alias="every")
    names: list[str] = Field(default_factory=list)
    derived: str = Field(default_factory=lambda said: f"{said['names']}")

    @field_validator("names")
    @classmethod
    def short(cls, names: list[str]) -> list[str]:
        if len(names) > 2:
            raise ValueError("more than two names")
        return names


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str


def test_its_layers_defaults_and_aliases_hold(load_written: Any) -> None:
    environ = {"MAILER_EVERY": "3", "MAILER_SMTP__PORT": "26", "SMTP_PASSWORD": "hunter2"}

    loaded = load_written(Mailer, 'names = ["a"]\n', environ=environ)

    assert loaded.value.smtp == Smtp(host="built-in", port=26, password=Secret("hunter2"))
    assert loaded.value.period == 3.0
    assert loaded.value.derived == "['a']"
    origins = {row.key: row.origin for row in explain(loaded)}
    assert origins["every"] == "environment MAILER_EVERY"
    assert origins["smtp.host"] == "default"


def test_its_mistakes_are_told_as_ours_with_unknown_keys(
    load_written: Any, mistakes_of: MistakesOf
) -> None:
    text = 'names = ["a", "b", "c"]\nevry = 5\n[smtp]\nport = 0\nhots = "x"\n'

    found = mistakes_of(lambda: load_written(Mailer, text))

    assert found == [
        "app.toml:1:9: names: more than two names",
        "app.toml:2:1: unknown key 'evry' (did you mean 'every'?)",
        "app.toml:4:8: smtp.port: 0: input should be greater than 0",
        "app.toml:5:1: unknown key 'smtp.hots' (did you mean 'host'?)",
    ]


def test_one_that_takes_any_key_is_given_all(load_written: Any) -> None:
    loaded = load_written(Open, 'name = "x"\nother = "${A:-b}"\n')

    assert loaded.value.model_extra == {"other": "b"}


def test_its_json_has_no_secret_and_its_schema_asks_for_text() -> None:
    smtp = Smtp(password="hunter2")  # type: ignore[arg-type] # pydantic makes one of it

    assert smtp.password == Secret("hunter2")
    assert f'"password":"{HIDDEN}"' in smtp.model_dump_json()
    assert "hunter2" not in repr(smtp.model_dump())
    assert Smtp.model_json_schema()["properties"]["password"]["type"] == "string"


def test_a_mark_in_its_schema_asks_for_a_restart() -> None:
    changed = frozenset({"smtp.port", "smtp.host"})

    assert restarting(Mailer(), Mailer(), changed) == {"smtp.port"}
