"""Files become specs: layers, variables, paths and short forms."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec.layers import Layer
from svcctl.spec.load import Loaded, load_files
from svcctl.spec.policy import RestartWhen
from svcctl.spec.probe import Purpose
from svcctl.spec.service import Need

Load = Callable[..., Loaded]


def test_a_file_of_six_lines_is_a_definition(load: Load, tmp_path: Path) -> None:
    loaded = load("""
[services.web]
exec = "python -m http.server 8000"
restart.policy = "always"
[[services.web.health]]
http = "http://127.0.0.1:8000/"
""")

    web = loaded.services["web"]
    assert web.exec == ("python", "-m", "http.server", "8000")
    assert web.cwd == str(tmp_path)
    assert web.restart.policy is RestartWhen.ALWAYS
    assert web.health[0].purpose is Purpose.LIVE


def test_values_with_units_become_seconds_bytes_and_shares(load: Load) -> None:
    loaded = load("""
[services.web]
exec = "app"
umask = "027"
stop.timeout = "1m30s"
limits = { memory = "2GiB", cpu = "150%", rlimit.core = -1 }
log.max_size = "10MB"
stop.signal = "sigint"
""")

    web = loaded.services["web"]
    assert (web.umask, web.stop.timeout, web.stop.signal) == (0o27, 90.0, "INT")
    assert (web.limits.memory, web.limits.cpu, web.limits.rlimit) == (
        2 * 1024**3,
        1.5,
        {"core": -1},
    )
    assert web.log.max_size == 10_000_000


def test_short_forms_become_the_one_form(load: Load) -> None:
    loaded = load("""
[services.db]
exec = "db"
[services.web]
exec = "echo $HOME | cat"
shell = true
needs = ["db"]
instances = "cpu"
[[services.web.health]]
tcp = "127.0.0.1:80"
for = "ready"
""")

    web = loaded.services["web"]
    assert web.exec == ("echo $HOME | cat",)
    assert web.needs == {"db": Need.READY}
    assert web.instances == os.cpu_count()
    assert web.health[0].purpose is Purpose.READY


@pytest.mark.posix
def test_paths_start_from_the_folder_of_the_file_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.toml").write_text(
        'include = ["sub/*.toml"]\n[defaults]\nenv_file = ["-common.env", "/etc/x.env"]\n'
    )
    (tmp_path / "sub" / "app.toml").write_text("""
[services.app]
exec = "./app"
cwd = "../data"
pid_file = "run/app.pid"
type = "forking"
stdin = "file:input"
secrets = { TOKEN = "file:token", KEY = "env:KEY" }
reload = { watch = ["conf/**/*.ini"], signal = "HUP" }
""")

    app = load_files([tmp_path / "main.toml"], environ={}).services["app"]

    assert app.cwd == str(tmp_path / "data")
    assert app.pid_file == str(tmp_path / "sub/run/app.pid")
    assert app.stdin == f"file:{tmp_path / 'sub/input'}"
    assert app.secrets == {"TOKEN": f"file:{tmp_path / 'sub/token'}", "KEY": "env:KEY"}
    assert app.reload.watch == (str(tmp_path / "sub/conf/**/*.ini"),)
    assert app.env_file == (f"-{tmp_path / 'common.env'}", "/etc/x.env")
    assert app.exec == ("./app",)


def test_each_layer_wins_over_those_before_it(load: Load, tmp_path: Path) -> None:
    text = """\
[defaults]
restart = { delay = "2s", factor = 3, jitter = 0.2, max = 7 }
env = { A = "defaults", B = "defaults" }
[services.my-web]
exec = "app"
restart.factor = 4
restart.jitter = 0.3
restart.max = 8
env.B = "file"
"""
    environ = {
        "SVCCTL_SERVICES__MY_WEB__RESTART__JITTER": "0.4",
        "SVCCTL_SERVICES__MY_WEB__RESTART__MAX": "9",
        "SVCCTL_SERVICES__MY_WEB__ENV__Mixed": "environment",
    }

    loaded = load(text, environ=environ, flags=("my-web.restart.max=10",))

    web, origins = loaded.services["my-web"], loaded.origins["my-web"]
    restart = web.restart
    assert (restart.delay, restart.factor, restart.jitter, restart.max) == (2.0, 4.0, 0.4, 10)
    assert web.env == {"A": "defaults", "B": "file", "Mixed": "environment"}
    assert origins["restart.window"].layer is Layer.BUILT_IN
    assert str(origins["restart.delay"]) == f"defaults {tmp_path / 'svcctl.toml'}:2:13"
    assert str(origins["restart.factor"]) == f"{tmp_path / 'svcctl.toml'}:6:9"
    assert str(origins["restart.jitter"]) == (
        "environment SVCCTL_SERVICES__MY_WEB__RESTART__JITTER"
    )
    assert str(origins["restart.max"]) == "flag --set my-web.restart.max=10"
    assert str(origins["env.B"]) == f"{tmp_path / 'svcctl.toml'}:9:5"
    assert origins["env.A"].document()["layer"] == "defaults"


def test_overrides_reach_lists_tables_and_items_of_lists(load: Load) -> None:
    text = """
[services."a.b"]
exec = "app"
[[services."a.b".health]]
tcp = "127.0.0.1:1"
"""
    flags = (
        "a.b.exec=other --flag",
        "a.b.health[0].interval=5s",
        'a.b.labels."x.y"=z',
        'a.b.groups=["one", "two"]',
        "a.b.env_clean=true",
        "a.b.schedule.every=1h",
    )

    spec = load(text, flags=flags).services["a.b"]

    assert spec.exec == ("other", "--flag")
    assert spec.health[0].interval == 5.0
    assert spec.labels == {"x.y": "z"}
    assert spec.groups == ("one", "two")
    assert spec.env_clean
    assert spec.schedule is not None
    assert spec.schedule.every == 3600.0


def test_a_list_of_a_service_replaces_that_of_the_defaults_with_its_origins(load: Load) -> None:
    loaded = load("""
[[defaults.health]]
tcp = "127.0.0.1:1"
interval = "1s"
[[defaults.health]]
tcp = "127.0.0.1:2"
[services.web]
exec = "app"
health = [{ http = "http://127.0.0.1/" }]
""")

    assert [probe.http for probe in loaded.services["web"].health] == ["http://127.0.0.1/"]
    assert loaded.origins["web"]["health[0].interval"].layer is Layer.BUILT_IN
    assert loaded.origins["web"]["health[0].http"].layer is Layer.FILE
    assert "health[1].tcp" not in loaded.origins["web"]
    assert "health" not in loaded.origins["web"]


def test_variables_are_put_in_and_those_of_the_shell_stay(load: Load) -> None:
    loaded = load(
        """
[services.web]
exec = "echo $HOME ${PORT:-80} ${A} $${B} ${INSTANCE} ${X:-${A}}"
shell = true
instances = 2
""",
        environ={"A": "a", "X": ""},
    )

    assert loaded.services["web"].exec == ("echo $HOME 80 a ${B} ${INSTANCE} a",)


def test_a_folder_and_what_files_include_are_read_once_each(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('include = ["*.toml"]\n[services.a]\nexec = "a"\n')
    (tmp_path / "b.toml").write_text('include = ["a.toml"]\n[services.b]\nexec = "b"\n')
    (tmp_path / "readme.md").write_text("no definition")

    loaded = load_files([tmp_path, tmp_path / "a.toml"], environ={})

    assert sorted(loaded.services) == ["a", "b"]
    content = (tmp_path / "a.toml").read_bytes()
    assert loaded.sources[str(tmp_path / "a.toml")] == hashlib.sha256(content).hexdigest()


def test_defaults_hold_in_included_files_which_may_have_their_own(tmp_path: Path) -> None:
    (tmp_path / "main.toml").write_text(
        'include = ["sub.toml"]\n[defaults]\nrestart.max = 1\nrestart.delay = "1s"\n'
    )
    (tmp_path / "sub.toml").write_text('[defaults]\nrestart.max = 2\n[services.a]\nexec = "a"\n')

    restart = load_files([tmp_path / "main.toml"], environ={}).services["a"].restart

    assert (restart.max, restart.delay) == (2, 1.0)


@pytest.mark.slow
def test_a_thousand_services_load_in_one_go(load: Load) -> None:
    text = "".join(
        f'[services.web-{n}]\nexec = "app"\nneeds = ["web-{n - 1}"]\n' for n in range(1, 1000)
    )

    loaded = load(text + '[services.web-0]\nexec = "app"\n')

    assert len(loaded.services) == 1000


@pytest.mark.posix
def test_what_cannot_be_read_is_a_mistake_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.toml").write_bytes('# ok\n# "caf\u00e9"'.encode("latin-1"))

    with pytest.raises(SpecError) as caught:
        load_files(
            [tmp_path / "none.toml", tmp_path / "empty", tmp_path / "latin.toml", "a\0b"],
            environ={},
        )

    said = [str(each).replace(f"{tmp_path}/", "") for each in caught.value.mistakes]
    assert said[:3] == [
        "empty: there is no *.toml file in this folder",
        "latin.toml:2:7: is not UTF-8 here",
        "none.toml: cannot be read: no such file or directory",
    ]
    assert said[3].startswith("a\0b: cannot be read: ")  # the rest differs with Python's version
