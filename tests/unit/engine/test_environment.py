"""What a program finds around itself, and who else can see its secrets."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.engine import credentials, environment
from svcctl.engine.environment import Place
from svcctl.errors import CannotSpawn
from svcctl.spec.policy import Limits
from svcctl.spec.service import SecretsAs, ServiceSpec

SECRET = "hunter2"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(
        instance="web.2",
        number=2,
        base={"PATH": "/bin", "HOME": "/root", "TOKEN": SECRET},
        credentials=str(tmp_path / "run" / "credentials"),
        services=str(tmp_path / "services"),
        extra={},
    )


def spec(**options: object) -> ServiceSpec:
    made: ServiceSpec = ServiceSpec(name="web", exec=("web",), **options)  # type: ignore[arg-type]
    return made


def problem_of(spec: ServiceSpec, place: Place) -> CannotSpawn:
    with pytest.raises(CannotSpawn) as raised:
        environment.build(spec, place)
    assert SECRET not in f"{raised.value.problem} {raised.value.hint}"
    return raised.value


def test_each_source_goes_over_the_one_before(tmp_path: Path, place: Place) -> None:
    names = ("PATH", "A", "B", "C", "D")
    files = [tmp_path / "one.env", tmp_path / "two.env"]
    files[0].write_text("\n".join(f"{name}=one" for name in names[1:]))
    files[1].write_text("\n".join(f"{name}=two" for name in names[2:]))
    extra = Place(
        instance=place.instance,
        number=place.number,
        base=place.base,
        credentials=place.credentials,
        services=place.services,
        extra={"D": "agent"},
    )
    wanted = spec(env_file=tuple(map(str, files)), env={"C": "spec", "D": "spec"})

    found = environment.build(wanted, extra)

    assert [found[name] for name in names] == ["/bin", "one", "two", "spec", "agent"]


def test_an_instance_knows_which_it_is(place: Place) -> None:
    found = environment.build(spec(env_clean=True), place)

    assert found == {"INSTANCE": "2", "SVCCTL_SERVICE": "web", "SVCCTL_INSTANCE": "web.2"}


def test_a_shell_gets_the_command_as_one_text() -> None:
    sh = ("/bin/sh", "-c")
    plain = ServiceSpec(name="web", exec=("web", "-v"))
    shell = ServiceSpec(name="web", exec=("a | b",), shell=True)

    assert environment.argv(plain, sh) == ("web", "-v")
    assert environment.argv(shell, sh) == ("/bin/sh", "-c", "a | b")


def test_a_launch_is_as_the_definition_says(place: Place) -> None:
    wanted = spec(
        cwd="/srv",
        user="www",
        group="web",
        supplementary_groups=("log",),
        umask=0o27,
        stdin="open",
        no_new_privs=True,
        cap_bound=("net_bind_service",),
        limits=Limits(nice=5),
    )

    found = environment.launch(wanted, place, argv=("migrate",), tag="web.2:pre_start", token="t")

    assert (found.tag, found.token, found.argv) == ("web.2:pre_start", "t", ("migrate",))
    assert (found.cwd, found.user, found.group, found.umask) == ("/srv", "www", "web", 0o27)
    assert (found.supplementary_groups, found.stdin) == (("log",), "open")
    assert (found.no_new_privs, found.cap_bound) == (True, ("net_bind_service",))
    assert found.limits == Limits(nice=5)
    assert found.env["INSTANCE"] == "2"


def test_secrets_can_be_variables(tmp_path: Path, place: Place) -> None:
    (tmp_path / "dsn").write_bytes(b"caf\xe9\n\n")
    wanted = spec(
        secrets={"DSN": f"file:{tmp_path}/dsn", "KEY": "env:TOKEN"},
        secrets_as=SecretsAs.ENV,
        env_clean=True,
    )

    found = environment.build(wanted, place)

    assert (os.fsencode(found["DSN"]), found["KEY"]) == (b"caf\xe9\n", SECRET)
    assert "TOKEN" not in found
    assert not Path(place.credentials).exists()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_line_end_of_a_file_is_no_part_of_the_secret(
    tmp_path: Path, place: Place, end: bytes
) -> None:
    (tmp_path / "key").write_bytes(b"s3cret" + end)
    wanted = spec(secrets={"KEY": f"file:{tmp_path}/key"}, secrets_as=SecretsAs.ENV)

    found = environment.build(wanted, place)

    assert found["KEY"] == "s3cret"


def test_secrets_are_files_that_nobody_else_can_read(tmp_path: Path, place: Place) -> None:
    (tmp_path / "key").write_bytes(b"\0\xff" * 100_000)
    wanted = spec(secrets={"DSN": "env:TOKEN", "KEY": f"file:{tmp_path}/key"}, env_clean=True)

    found = environment.build(wanted, place)

    folder = Path(found["CREDENTIALS_DIRECTORY"])
    assert folder == Path(place.credentials) / "web.2"
    assert sorted(os.listdir(folder)) == ["DSN", "KEY"]
    assert (folder / "DSN").read_text() == SECRET
    assert (folder / "KEY").read_bytes() == b"\0\xff" * 100_000
    assert stat.S_IMODE((folder / "DSN").stat().st_mode) == 0o400
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert SECRET not in str(found)


def test_a_secret_is_written_again_only_when_it_changed(tmp_path: Path, place: Place) -> None:
    source = tmp_path / "dsn"
    source.write_text("old")
    wanted = spec(secrets={"DSN": f"file:{source}"})
    written = Path(environment.build(wanted, place)["CREDENTIALS_DIRECTORY"]) / "DSN"
    inode = written.stat().st_ino

    environment.build(wanted, place)
    assert written.stat().st_ino == inode
    source.write_text("new")
    environment.build(wanted, place)

    assert written.read_text() == "new"


def test_a_draft_that_a_crash_left_is_no_obstacle(place: Place) -> None:
    folder = Path(place.credentials) / "web.2"
    folder.mkdir(parents=True)
    (folder / ".DSN").write_text("half")

    environment.build(spec(secrets={"DSN": "env:TOKEN"}), place)

    assert os.listdir(folder) == ["DSN"]


def test_secrets_are_forgotten_with_their_folder(place: Place) -> None:
    environment.build(spec(secrets={"DSN": "env:TOKEN"}), place)

    credentials.forget(f"{place.credentials}/web.2")
    credentials.forget(f"{place.credentials}/web.2")

    assert os.listdir(place.credentials) == []


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_user_can_read_its_secrets_and_cannot_touch_their_folder(place: Place) -> None:
    wanted = spec(secrets={"DSN": "env:TOKEN"}, user="nobody")
    before = os.umask(0o077)
    try:
        folder = Path(environment.build(wanted, place)["CREDENTIALS_DIRECTORY"])
    finally:
        os.umask(before)

    secret, around = (folder / "DSN").stat(), folder.stat()
    assert secret.st_uid != 0
    assert stat.S_IMODE(secret.st_mode) == 0o400
    assert (around.st_uid, stat.S_IMODE(around.st_mode)) == (0, 0o755)
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o711


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_user_nobody_knows_gets_no_secrets(place: Place) -> None:
    error = problem_of(spec(secrets={"DSN": "env:TOKEN"}, user="no-such-user"), place)

    assert "no such user: 'no-such-user'" in error.problem


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("env:NOPE", "secret 'DSN': the agent has no variable 'NOPE'"),
        ("file:/nope/dsn", "secret 'DSN': '/nope/dsn' cannot be read: No such file or directory"),
    ],
)
def test_a_missing_secret_is_named_and_retrying_is_pointless(
    place: Place, reference: str, problem: str
) -> None:
    error = problem_of(spec(secrets={"DSN": reference}), place)

    assert error.problem == problem
    assert error.permanent


@pytest.mark.posix
def test_a_secret_that_never_ends_or_never_comes_is_refused(tmp_path: Path, place: Place) -> None:
    os.mkfifo(tmp_path / "pipe")

    endless = problem_of(spec(secrets={"KEY": "file:/dev/zero"}), place)
    silent = problem_of(spec(secrets={"KEY": f"file:{tmp_path}/pipe"}), place)

    assert endless.problem == "secret 'KEY': '/dev/zero' cannot be read: more than 1 MiB"
    assert silent.problem.endswith("cannot be read: it is a pipe, not a file")


def test_a_secret_with_a_nul_can_only_be_a_file(tmp_path: Path, place: Place) -> None:
    (tmp_path / "key").write_bytes(SECRET.encode() + b"\0")
    wanted = spec(secrets={"KEY": f"file:{tmp_path}/key"}, secrets_as=SecretsAs.ENV)

    assert problem_of(wanted, place).problem == "secret 'KEY' holds a NUL, which no variable can"


def test_a_folder_that_cannot_be_made_may_be_possible_later(tmp_path: Path, place: Place) -> None:
    (tmp_path / "run").write_text("a file in the way")

    error = problem_of(spec(secrets={"DSN": "env:TOKEN"}), place)

    assert error.problem.startswith("secrets cannot be handed over in ")
    assert not error.permanent


def test_no_repr_shows_a_secret(place: Place) -> None:
    assert repr(credentials.Secret(SECRET.encode())) == "***"
    assert SECRET not in repr(place)
    assert SECRET not in repr(
        environment.launch(spec(), place, argv=("web",), tag="web", token="t")
    )


# folders of services in Python


def test_a_service_in_python_is_told_its_folder(place: Place) -> None:
    found = environment.build(spec(python="a:B"), place)

    assert found["STATE_DIRECTORY"] == f"{place.services}/web.2"
    assert not Path(place.services).exists()


@pytest.mark.parametrize("name", ["STATE_DIRECTORY", "SVCCTL_HOME"])
def test_a_definition_may_say_where_it_is(place: Place, name: str) -> None:
    found = environment.build(spec(python="a:B", env={name: "/there"}), place)

    assert found[name] == "/there"
    assert found.get("STATE_DIRECTORY") in {"/there", None}


def test_others_find_their_folders_themselves(place: Place) -> None:
    assert "STATE_DIRECTORY" not in environment.build(spec(), place)
    assert "STATE_DIRECTORY" not in environment.build(
        spec(python="a:B"), replace(place, services="")
    )


@pytest.mark.needs_root
def test_who_runs_as_somebody_else_is_given_his_folder(place: Place) -> None:
    import pwd

    environment.build(spec(python="a:B", user="nobody"), place)
    environment.build(spec(python="a:B", user="nobody"), place)

    found = Path(place.services, "web.2").stat()
    assert (found.st_uid, found.st_mode & 0o777) == (pwd.getpwnam("nobody").pw_uid, 0o700)


@pytest.mark.needs_root
def test_who_runs_as_somebody_else_can_get_to_his_folder(place: Place) -> None:
    above = Path(place.services).parent
    above.chmod(0o700)

    environment.build(spec(python="a:B", user="nobody"), place)

    assert [each.stat().st_mode & 0o777 for each in (above, Path(place.services))] == [0o711, 0o711]


def test_a_folder_that_cannot_be_given_keeps_it_from_starting(place: Place) -> None:
    problem = problem_of(spec(python="a:B", user="no-such-user"), place).problem

    assert "web.2' cannot be made for user 'no-such-user'" in problem
