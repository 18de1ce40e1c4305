"""Whatever stands in a file, the loader gives specs or a SpecError."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.errors import Mistake, SpecError
from svcctl.spec.common import CommonSpec
from svcctl.spec.load import load_files
from svcctl.spec.options import options
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import members
from svcctl.spec.source import too_long_key
from svcctl.spec.watch import WatchesSpec

_GOOD = """\
version = 1
include = ["more/*.toml"]
[defaults]
restart = { delay = "1s", max = 3 }
[services.web]
exec = ["python", "-m", "http.server", "${PORT:-8000}"]
needs = { db = "ready" }
env = { A = "${HOME}", B = "$$" }
umask = "027"
stop.sequence = [{ signal = "INT", timeout = "5s" }, { exec = "stop" }]
limits = { memory = "1G", rlimit.core = -1, affinity = [0, 1] }
hook.pre_start = ["mkdir x", ["touch", "y"]]
secrets = { TOKEN = "file:token" }
[[services.web.health]]
http = "http://127.0.0.1:8000/"
for = "ready"
[services.db]
exec = "db"
schedule.cron = "0 3 * * *"
after = []
alert = { to = ["ops"], on = ["crash"], priority = "P0" }
[alerting.channels.ops]
kind = "webhook"
url = "http://127.0.0.1/"
headers = { A = "env:A" }
[alerting.priorities.P0]
channels = ["ops"]
escalate = [{ after = "5m", channels = ["ops"] }]
[[alerting.routes]]
match = ['service=~"web.*"']
[[alerting.maintenance]]
match = ["host!=x"]
begins = "2026-11-22T02:00"
lasts = "1h"
[[watch]]
path = "${HOME}/*.log"
rules = [{ match = "ERROR" }]
"""


def load(
    content: bytes, *, environ: Mapping[str, str] | None = None, flags: Iterable[str] = ()
) -> None:
    """Load *content*; only a SpecError may come of it, and only with mistakes that say where."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_bytes(content)
        mistakes: tuple[Mistake, ...] = ()
        try:
            load_files([path], environ={"HOME": "/root", **(environ or {})}, flags=flags)
        except SpecError as error:
            mistakes = error.mistakes
            assert mistakes
    assert all(each.file and each.problem for each in mistakes)


@given(st.binary(max_size=200))
def test_random_bytes(content: bytes) -> None:
    load(content)


_WORDS = [
    *(each.path.replace("[]", "") for each in options()),
    *(each.path.replace("[]", "") for each in options(CommonSpec)),
    *(each.path.replace("[]", "") for each in options(WatchesSpec)),
    *("alerting.channels.ops.kind", "alerting.channels.ops.url", "alerting.channels.ops.urls"),
    *("version", "include", "defaults", "services", "services.web", "services.web.health"),
]
_VALUES = [
    *("1", "-1", "0.5", "nan", "inf", "-inf", "true", '""', '"x"', "[]", "{}", "[1]", '["a"]'),
    *("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "9223372036854775808", "1e999"),
    *('"\\u0000"', '"${"', '"${X}"', '"${X:?}"', '"${INSTANCE}"', '"${X:-${Y:-${Z:-}}}"', '"$$"'),
    *('{ a = "b" }', "[[]]", "[{}]", '[["a"], "b c"]', '"5s"', '"1G"', '"50%"', '"*"', '"/"'),
    *("'''\n'''", '"web"', '["web"]', '{ web = "ready" }', '"\U0001f600"', '"-"', '"~"', '"."'),
]


@settings(max_examples=3 * settings().max_examples)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(_WORDS), st.sampled_from(_VALUES)).map(" = ".join),
            st.sampled_from(_WORDS).map("[{}]".format),
            st.sampled_from(_WORDS).map("[services.web.{}]".format),
            st.sampled_from(_WORDS).map("[[services.web.{}]]".format),
        ),
        max_size=8,
    ).map("\n".join)
)
def test_text_that_looks_like_a_definition(text: str) -> None:
    load(text.encode())
    load(b'[services.web]\nexec = "x"\n' + text.encode())


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_every_option_with_any_value(data: st.DataObject) -> None:
    option = data.draw(st.sampled_from(_WORDS))
    value = data.draw(st.sampled_from(_VALUES))

    load(f'[services.web]\nexec = "x"\n{option} = {value}\n'.encode())


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_a_good_file_with_a_piece_changed(data: st.DataObject) -> None:
    content = _GOOD.encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 20, len(content))))
    piece = data.draw(
        st.one_of(st.sampled_from(_VALUES).map(str.encode), st.binary(max_size=4), st.just(b""))
    )

    load(content[:start] + piece + content[end:])


def test_the_good_file_is_good() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_text(_GOOD)

        loaded = load_files([path], environ={"HOME": "/root"})

    assert sorted(loaded.services) == ["db", "web"]


_PARTS = st.one_of(
    st.sampled_from([*members(ServiceSpec), "A", "0", "http", "delay"]).map(str.upper),
    st.text(max_size=3),
)


@settings(max_examples=2 * settings().max_examples)
@given(
    st.lists(_PARTS, max_size=4).map("__".join),
    st.text(max_size=8),
    st.sampled_from(_VALUES) | st.text(st.characters(), max_size=5),
)
def test_any_override(variable: str, target: str, value: str) -> None:
    load(_GOOD.encode(), environ={f"SVCCTL_ALERTING__{variable}": value})
    load(_GOOD.encode(), flags=[f"alerting.{target}={value}", f"alerting.{variable}={value}"])
    load(_GOOD.encode(), environ={f"SVCCTL_SERVICES__WEB__{variable}": value})
    load(_GOOD.encode(), flags=[f"web.{target}={value}", f"web.{variable.lower()}={value}"])


@given(st.lists(st.text(max_size=6), max_size=3))
def test_any_path(paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(SpecError):
        load_files([f"{folder}/{path}" for path in paths], environ={})


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_every_option_for_all_services_with_any_value(data: st.DataObject) -> None:
    option = data.draw(st.sampled_from([each.path for each in options(CommonSpec)]))
    value = data.draw(st.sampled_from(_VALUES))

    path = option.replace("[]", "").replace("NAME", "ops")
    load(f'alerting.channels.ops.kind = "wecom"\n{path} = {value}\n'.encode())
    load(f'{path} = {value}\nservices.a.exec = "a"\n'.encode())


def test_depth_of_every_kind_has_an_end() -> None:
    for depth in (40, 60, 300, 900, 3000):
        load(b"[services.a]\nexec = " + b"[" * depth + b"]" * depth)
        load(b"[services.a]\nenv = " + b"{a=" * depth + b"1" + b"}" * depth)
        load(b"[alerting.channels.a" + b".".join([b"a"] * depth) + b"]")
        load(b"[alerting]\nroutes = " + b"[" * depth + b"]" * depth)
        load(b"[services.a]\n" + b".".join([b"a"] * depth) + b" = 1")
        load(b"[services." + b".".join([b"a"] * depth) + b"]")
        load(b"[[services.a." + b".".join([b"a"] * depth) + b"]]")
        load(b'[services.a]\nexec = "' + b"${X:-" * depth + b"}" * depth + b'"')
        load(_GOOD.encode(), environ={"SVCCTL_SERVICES__WEB__EXEC": "[" * depth + "]" * depth})
        load(_GOOD.encode(), flags=["web" + ".a" * depth + "=1"])


@pytest.mark.parametrize("part", ["a", '"a"', "'a'", "a "], ids=repr)
def test_a_key_of_very_many_parts_is_refused_at_once_with_its_place(part: str) -> None:
    content = f"version = 1\n {'.'.join([part] * 100_000)} = 1".encode()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_bytes(content)
        with pytest.raises(SpecError) as caught:
            load_files([path], environ={})

    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.column) == (2, 2)
    assert "nested too deeply" in mistake.problem


@pytest.mark.parametrize(
    "text",
    [
        'description = "DOTS"',
        "description = 'DOTS'",
        'description = """\nDOTS\n"""',
        'description = """a"b DOTS"""',
        "description = '''it's DOTS'''",
        "# DOTS it's \"open",
        "# ''' DOTS",
        'env.A = "say \\"DOTS\\""',
        'args = ["A.B", "DOTS"]',
    ],
)
def test_a_text_with_many_dots_is_no_key(text: str) -> None:
    for dots in ("." * 500, "a." * 100, "a.b c." * 500):
        content = f'[services.a]\nexec = "x"\n{text.replace("DOTS", dots)}\n'

        assert too_long_key(content) is None
