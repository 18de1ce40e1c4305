"""A secret is looked up where the configuration says, and shown nowhere."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, make_dataclass
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import SpecError, UsageError
from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.load import load
from svcctl.sdk.config.secret import Secret, secret
from svcctl.sdk.config.sources import Sources

HUNTER = "hunter2"


@dataclass(frozen=True, kw_only=True)
class Account:
    user: str = ""
    password: Secret = secret("env:ACCOUNT", default="")


@dataclass(frozen=True, kw_only=True)
class Key:
    key: Secret


@dataclass(frozen=True, kw_only=True)
class Mailer:
    password: Secret = secret("env:PASSWORD", default="none")
    account: Account = field(default_factory=lambda: Account(user="built-in"))
    accounts: list[Account] = field(default_factory=list)
    token: Secret | None = None
    by_name: dict[str, Secret] = field(default_factory=dict)
    either: Account | Key | str | None = None


@dataclass(frozen=True, kw_only=True)
class Needy:
    password: Secret = secret("env:PASSWORD")


def test_no_way_of_printing_shows_it() -> None:
    held = Secret(HUNTER)

    shown = [
        repr(held),
        str(held),
        f"{held}",
        f"{held!s:>5}",
        repr([held]),
        repr(Needy(password=held)),
    ]

    assert HUNTER not in "".join(shown)
    assert shown[0] == shown[1] == shown[2] == "***"
    assert held.reveal() == HUNTER


def test_it_is_neither_json_nor_pickled_and_copies_are_itself() -> None:
    held = Secret(HUNTER)

    with pytest.raises(TypeError):
        json.dumps({"password": held})
    with pytest.raises(TypeError, match="a secret is not pickled"):
        pickle.dumps(held)
    assert copy.deepcopy(held) is copy.copy(held) is held
    assert asdict(Needy(password=held))["password"] is held


def test_two_are_equal_by_their_texts() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("\udce9") != Secret("é")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), secret("env:A"), secret("env:A")}) == 2
    assert secret("env:A") != Secret("")
    assert secret("env:A") != secret("env:B")


def test_one_that_was_not_looked_up_says_so() -> None:
    with pytest.raises(UsageError, match="the secret 'env:PASSWORD' was not looked up"):
        Needy().password.reveal()


def test_references_are_looked_up_wherever_they_stand(load_written: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of the file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "db").write_bytes(b"of systemd\r\n")
    environ = {
        "PASSWORD": "p",
        "ACCOUNT": "a",
        "CREDENTIALS_DIRECTORY": str(credentials),
        "WHERE": tmp_path.as_posix(),
    }
    text = (
        'token = "file:${WHERE}/key"\n[[accounts]]\npassword = "cred:db"\n[[accounts]]\n'
        'password = "as it is"\n[by_name]\na = "env:ACCOUNT"\nb = "text:env:ACCOUNT"\n'
    )

    mailer = load_written(Mailer, text, environ=environ).value

    assert mailer.password == Secret("p")
    assert mailer.account == Account(user="built-in", password=Secret("a"))
    assert mailer.token == Secret("of the file")
    assert [each.password for each in mailer.accounts] == [Secret("of systemd"), Secret("as it is")]
    assert mailer.by_name == {"a": Secret("a"), "b": Secret("env:ACCOUNT")}


def test_one_of_several_tables_has_its_secrets_looked_up(load_written: Any) -> None:
    environ = {"X": "x", "MAILER_EITHER__KEY": "env:X"}

    assert load_written(Mailer, environ=environ).value.either == Key(key=Secret("x"))
    assert load_written(Mailer, 'either = "plain"\n').value.either == "plain"


def test_a_default_holds_where_there_is_nothing(load_written: Any) -> None:
    assert load_written(Mailer).value.password.reveal() == "none"


def test_any_layer_may_give_it(load_written: Any) -> None:
    environ = {"MAILER_PASSWORD": HUNTER, "X": "x"}

    loaded = load_written(Mailer, environ=environ, options=("account.password=env:X",))

    assert loaded.value.password == Secret(HUNTER)
    assert loaded.value.account.password == Secret("x")


@pytest.mark.parametrize(
    ("reference", "problem", "hint"),
    [
        ("env:PASSWORD", "there is no secret at 'env:PASSWORD'", ""),
        ("file:/does/not/exist", "there is no secret at 'file:/does/not/exist'", ""),
        ("cred:db", "there is no secret at 'cred:db'", ""),
        ("cred:../db", "'../db' is not the name of a credential", ""),
        ("files:/x", "the reference 'files:/x' is not understood", "did you mean 'file'?"),
        ("nothing", "the reference 'nothing' is not understood", "write file:PATH, env:NAME, "),
        ("env:", "the reference 'env:' names nothing", "write file:PATH, env:NAME, "),
        ("keyring:x", "'x' is no entry of a keyring", "keyring:SERVICE/USER"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_mistake(
    reference: str, problem: str, hint: str
) -> None:
    referring = make_dataclass("Referring", [("password", Secret, secret(reference))])

    with pytest.raises(SpecError) as raised:
        load(referring, Sources())

    assert raised.value.mistakes[0].problem == f"password: {problem}"
    assert raised.value.mistakes[0].hint.startswith(hint)


def test_a_file_that_is_no_secret_is_told_without_its_content(
    load_written: Any, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(b"x" * (1024**2 + 1))
    (tmp_path / "bytes").write_bytes(b"hunter2\xff")
    text = (
        f'password = "file:{tmp_path.as_posix()}"\n[by_name]\n'
        f'a = "file:{tmp_path.as_posix()}/large"\nb = "file:{tmp_path.as_posix()}/bytes"\n'
    )

    with pytest.raises(OSError, match=r".") as said:
        tmp_path.read_bytes()

    with pytest.raises(SpecError) as raised:
        load_written(Mailer, text)

    problems = [each.problem.replace(tmp_path.as_posix(), "") for each in raised.value.mistakes]
    assert problems == [
        f"password: 'file:' cannot be read: {str(said.value.strerror).lower()}",
        "by_name.a: '/large' is too large for a secret: more than 1 MiB",
        "by_name.b: '/bytes' is not UTF-8",
    ]


def test_neither_mistakes_nor_explanations_nor_tracebacks_show_it(load_written: Any) -> None:
    text = f'password = "{HUNTER}"\n[[accounts]]\npassword = "{HUNTER}"\nusr = 1\n'
    environ = {"MAILER_TOKEN": HUNTER, "MAILER_ACCOUNT": f'{{ password = "{HUNTER}", user = 1 }}'}

    with pytest.raises(SpecError) as raised:
        load_written(Mailer, text, environ=environ, options=(f"by_name={HUNTER}",))
    told = "".join(traceback.format_exception(raised.value))
    loaded = load_written(Mailer, text.replace("usr = 1\n", ""))

    assert HUNTER not in told
    assert HUNTER not in repr(raised.value.mistakes)
    assert HUNTER not in repr(explain(loaded))
    assert HUNTER not in repr(loaded)
    assert {row.key: row.value for row in explain(loaded)}["password"] == "***"


def test_a_text_of_a_secret_with_a_wrong_variable_is_not_shown(
    load_written: Any, mistakes_of: Callable[[Callable[[], object]], list[str]]
) -> None:
    found = mistakes_of(lambda: load_written(Mailer, 'password = "${hunter2 "\n'))

    problem = "password: a variable in it is not set, or not written as ${NAME}"
    assert found == [f"app.toml:1:12: {problem} (write $${{ for the text ${{)"]


def test_a_program_may_bring_its_own_ways_to_look_up(load_written: Any) -> None:
    asked: list[str] = []

    def vault(place: str) -> str | None:
        asked.append(place)
        return "from the vault"

    loaded = load_written(Mailer, 'password = "vault:kv/mail#x"\n', look_ups={"vault": vault})

    assert loaded.value.password == Secret("from the vault")
    assert asked == ["kv/mail#x"]


def test_a_look_up_that_fails_is_a_mistake(
    load_written: Any, mistakes_of: Callable[[Callable[[], object]], list[str]]
) -> None:
    def vault(_: str) -> str | None:
        raise RuntimeError("sealed")

    found = mistakes_of(
        lambda: load_written(Mailer, 'password = "vault:x"\n', look_ups={"vault": vault})
    )

    assert found == ["app.toml:1:12: password: 'vault:x' cannot be looked up: RuntimeError: sealed"]


@dataclass(frozen=True, kw_only=True)
class Failing(Needy):
    def __post_init__(self) -> None:
        raise LookupError("of the class")


@pytest.mark.parametrize(("kind", "error"), [(Mailer, SpecError), (Failing, LookupError)])
def test_no_local_variable_of_a_traceback_shows_one(
    load_written: Any, kind: type, error: type[Exception]
) -> None:
    text = f'password = "{HUNTER}"\n' + ("nothing = 1\n" if kind is Mailer else "")
    environ = {"X": HUNTER}

    with pytest.raises(error) as raised:
        load_written(kind, text, environ=environ)
    report = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    ours = [each for each in report.stack if "sdk/config/" in each.filename.replace(os.sep, "/")]

    shown = repr([each.locals for each in ours if "tests" not in each.filename])
    assert "reading" in shown
    assert HUNTER not in shown


def test_files_of_secrets_are_watched_too(load_written: Any, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")

    loaded = load_written(Mailer, f'password = "file:{tmp_path.as_posix()}/key"\n')

    assert set(loaded.files) == {str(tmp_path / "app.toml"), (tmp_path / "key").as_posix()}
