"""Every mistake is found, in its place, with a way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import NotAvailable, SpecError
from svcctl.spec.load import Loaded, load_files

Load = Callable[..., Loaded]


def mistakes_of(load: Load, text: str, **more: object) -> list[str]:
    """Load what is wrong; give each mistake as ``line:column problem | hint``."""
    with pytest.raises(SpecError) as caught:
        load(text, **more)
    return [
        f"{each.line}:{each.column} {each.problem} | {each.hint}".removesuffix(" | ")
        for each in caught.value.mistakes
    ]


def test_ten_different_mistakes_show_ten_places(load: Load) -> None:
    text = """\
verzion = 1
[defaults]
restart.delay = 2
[services.web]
comnand = "app"
stop = { timeout = "20x", signal = "TREM" }
needs = ["dbb", "cache"]
env."TOKEN" = "${NOPE}"
[[services.web.health]]
"http" = "http://127.0.0.1/"
tcp = "127.0.0.1:80"
[services.db]
exec = [
  "db",
  5,
]
[services.cache]
exec = "cache"
needs.web = "ready"
limits.nice = 20
"""

    found = mistakes_of(load, text)

    assert [each.partition(" | ")[0] for each in found] == [
        "1:1 unknown option 'verzion'",
        "3:17 restart.delay: 2 has no unit",
        "5:1 unknown option 'comnand'",
        "6:20 stop.timeout: '20x' is not a duration",
        "6:36 stop.signal: 'TREM' is not a signal",
        "7:10 there is no service 'dbb'",
        "8:15 variable 'NOPE' is not set",
        "9:16 a probe needs exactly one of http, tcp, exec, heartbeat, log and checks",
        "13:8 exec: a list is not a command",
        "19:7 cycle in needs: cache -> web -> cache",
        "20:15 limits.nice: 20 is not from -20 to 19",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('exec = ""', "2:8 exec: the command is empty"),
        ('exec = "a \'b"', '2:8 exec: "a \'b" cannot be split: No closing quotation'),
        ('exec = ["a"]\nshell = true', ""),
        ('exec = ["a", "b"]\nshell = true', "2:8 shell takes one string, not a list"),
        ('exec = "a"\nshell = 1', "3:9 shell: 1 is not true or false"),
        ('exec = "a"\ninstances = 0', "3:13 instances: 0 is not from 1 to 1000"),
        ('exec = "a"\ninstances = "cpus"', "3:13 instances: 'cpus' is not a whole number"),
        ('exec = "a"\nenv = { A = 1 }', "3:13 env.A: the value is not text"),
        ('exec = "a"\nenv = { "A=B" = "1" }', "3:9 'A=B' cannot name a variable"),
        ('exec = "a"\nuser = 1000', "3:8 user: 1000 is not text"),
        ('exec = "a"\numask = 27', "3:9 umask: 27 is not an octal mode"),
        ('exec = "a"\nname = "b"', "3:1 unknown option 'name'"),
        ('exec = "a"\nready = "port:99999"', "3:9 ready: '99999' is not a port"),
        ('exec = "a"\nready = "delay"', "3:9 ready: 'delay' is not a way to be ready"),
        ('exec = "a"\nready = "log:("', "3:9 ready: '(' is not a pattern: "),
        ('exec = "a"\nready = "health"', "3:9 ready = 'health' needs a probe"),
        ('exec = "a"\nstdin = "pipe"', "3:9 stdin: 'pipe' is not a source of input"),
        ('exec = "a"\ntype = "forking"', "3:8 a forking program needs a pid_file"),
        ('exec = "a"\npid_file = "x"', "3:12 pid_file is only for forking"),
        ('exec = "a"\ncwd = "~/x"', "3:7 '~/x': only a shell knows what ~ is"),
        ('exec = "a"\nschedule = {}', "3:12 a schedule needs one of cron and every"),
        (
            'exec = "a"\nschedule = { cron = "* * * * *", every = "1h" }',
            "3:12 a schedule needs one of cron and every",
        ),
        (
            'exec = "a"\nschedule.cron = "* * * * 9"',
            "3:17 schedule.cron: '* * * * 9': bad day-of-w",
        ),
        ('exec = "a"\nschedule.cron = "@daily"', "3:17 schedule.cron: '@daily' is not five fields"),
        ('exec = "a"\nrestart.jitter = 1.5', "3:18 restart.jitter: 1.5 is not from 0 to 1"),
        ('exec = "a"\nrestart.factor = 0.5', "3:18 restart.factor: 0.5 is less than 1"),
        ('exec = "a"\nrestart.max_delay = "1ms"', "3:21 restart.max_delay is shorter than"),
        ('exec = "a"\nrestart.ok_exit = [0, -1]', "3:23 restart.ok_exit[1]: -1 is less than 0"),
        ('exec = "a"\nrestart.max = inf', "3:15 the number is out of range"),
        ('exec = "a"\nrestart.max = 1979-05-27', "3:15 date 1979-05-27 is not a value options"),
        ('exec = "a"\ndescription = "\\u0000"', "3:15 a text has a NUL character"),
        ('exec = "a"\nhook.pre_start = "b"', "3:18 hook.pre_start: 'b' is not a list"),
        ('exec = "a"\nhook.pre_start = ["b", ""]', "3:24 hook.pre_start[1]: the command is empty"),
        ('exec = "a"\ncap_bound = ["CAP_CHOWN"]', "3:14 'CAP_CHOWN' is not a capability"),
        ('exec = "a"\nlimits.rlimit = { nofile = 1 }', "3:19 'nofile' is not a resource limit"),
        ('exec = "a"\nlimits.cpu = 50', "3:14 limits.cpu: 50 has no unit"),
        (
            'exec = "a"\nlimits = { memory = "1M", memory_restart = "1M" }',
            "3:44 limits.memory_rest",
        ),
        ('exec = "a"\nlog.max_size = "1B"', "3:16 log.max_size: 1 is less than 1024"),
        ('exec = "a"\ngroups = ["A B"]', "3:11 'A B' cannot name a group"),
        ('exec = "a"\nlabels = { a = "x,y" }', "3:16 label 'a' = 'x,y' cannot be selected"),
        ('exec = "a"\nsecrets = { A = "hunter2" }', "3:17 secrets.A: this is not a reference"),
        ('exec = "a"\nreload.watch = ["x"]', "3:16 a change of a watched file has nothing"),
        ('exec = "a"\nreload = { signal = "HUP", exec = "b" }', "3:10 reload takes one of"),
        ('exec = "a"\nstop.sequence = [{ signal = "INT" }, {}]', "3:38 a step needs exactly one"),
        (
            'exec = "a"\nstop = { signal = "INT", sequence = [{ signal = "INT" }] }',
            "3:37 stop.sequence stands instead of",
        ),
        ('exec = "a"\nhealth = [{ http = "ftp://x" }]', "3:20 health[0].http: 'ftp://x' is not an"),
        (
            'exec = "a"\nhealth = [{ http = "http://[x" }]',
            "3:20 health[0].http: 'http://[x' is not",
        ),
        ('exec = "a"\nhealth = [{ tcp = "80" }]', "3:19 health[0].tcp: '80' is not host:port"),
        ('exec = "a"\nhealth = [{ log = "a**" }]', "3:19 health[0].log: 'a**' is not a pattern"),
        ('exec = "a"\nhealth = [{ tcp = "a:1", expect = "200" }]', "3:35 expect is only for http"),
        (
            'exec = "a"\nhealth = [{ http = "http://a/", expect = "2xx" }]',
            "3:42 health[0].expect: '2xx' is not a list of statuses",
        ),
        (
            'exec = "a"\nhealth = [{ tcp = "a:1", interval = "0s" }]',
            "3:37 health[0].interval: must be more than 0",
        ),
        (
            'exec = "a"\nhealth = [{ http = "http://a/", expect = "body:(" }]',
            "3:42 health[0].expect: '(' is not a pattern",
        ),
        ('exec = "a"\nenv_file = ["-"]', "3:13 env_file[0] is empty"),
        ('exec = "a"\nlimits.rlimit = { cpuu = 1 }', "3:19 'cpuu' is not a resource limit"),
        ('exec = "a"\ntimeout = "5s"', "3:1 unknown option 'timeout'"),
        (
            'exec = "a"\nwindow = "5s"',
            "3:1 unknown option 'window' | did you mean 'restart.window'",
        ),
        ('exec = "a"\nmemory = "1G"', "3:1 unknown option 'memory' | did you mean 'limits.memory'"),
        ('exec = "a"\ncommandd = "b"', "3:1 unknown option 'commandd' | did you mean 'exec'?"),
        ('exec = "a"\nhealth = [5]', "3:11 health[0]: 5 is not a table"),
        ('exec = "a"\nhealth = [{ htp = "x" }]', "3:13 unknown option 'health[0].htp'"),
        ('exec = "a"\ninstances = 2\ntype = "forking"\npid_file = "p"', "5:12 2 instances cannot"),
        ('exec = "a"\nafter = ["b"]', "3:10 there is no service 'b'"),
        ('exec = "a"\nneeds = ["a"]', "3:10 cycle in needs: a -> a"),
        (
            'exec = "a"\nneeds = { a = "readyy" }',
            "3:15 needs.a: 'readyy' is not one of started, ready",
        ),
    ],
)
def test_a_mistake_is_found_in_its_place(load: Load, options: str, expected: str) -> None:
    text = f"[services.a]\n{options}\n"
    if not expected:
        load(text)
        return

    found = mistakes_of(load, text)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('windows.controls = { "127" = "a" }', "3:22 '127' is not a user control code"),
        ('windows.controls = { "0128" = "a" }', "3:22 '0128' is not a user control code"),
        ('windows.controls = { "255" = "a", "128" = "b" }', ""),
        (
            'windows.security = "O:SYD:(A;;GA;;;SY)"',
            "3:20 windows.security: 'O:SYD:(A;;GA;;;SY)' is not a DACL",
        ),
        ('windows.security = "D:(A;;GA)"', "3:20 windows.security: 'D:(A;;GA)' is not a DACL"),
        ('windows.security = "D:PAI(A;OICI;FA;;;SY)(A;;0x1200a9;;;S-1-5-80-1-2)"', ""),
        ('windows.password = "hunter2"', "3:20 windows.password: this is not a reference"),
        ('windows.password = "env:SVC_PASSWORD"', ""),
        ('windows.privileges = ["SeDebug"]', "3:23 'SeDebug' is not a privilege"),
        ("windows.privileges = []", ""),
        (
            'windows.triggers = [{ on = "ip-avail" }]',
            "3:28 windows.triggers[0].on: there is no trigger 'ip-avail' | did you mean 'ip-avai",
        ),
        (
            'windows.triggers = [{ on = "port-open:99999/tcp" }]',
            "3:28 windows.triggers[0].on: '99999' is not a port",
        ),
        (
            'windows.triggers = [{ on = "port-open:80" }]',
            "3:28 windows.triggers[0].on: 'port-open:80' names no port | for example port-open:80/",
        ),
        (
            'windows.triggers = [{ on = "device:1" }]',
            "3:28 windows.triggers[0].on: 'device:1' names no GUID",
        ),
        (
            'windows.triggers = [{ on = "ip-lost", do = "pause" }]',
            "3:44 windows.triggers[0].do: a trigger cannot 'pause' | write start or stop",
        ),
        ('windows.triggers = [{ do = "stop" }]', "3:21 windows.triggers[0] has no 'on'"),
        (
            'windows.recovery.steps = [{ do = "run" }]',
            "3:34 there is no command to run | add windows.recovery.command",
        ),
        (
            'systemd.service = ["OOMScoreAdjust -500"]',
            "3:20 systemd.service[0]: 'OOMScoreAdjust -500' is not a line of a unit file",
        ),
        (
            'systemd.unit = ["[Install]"]',
            "3:17 systemd.unit[0]: '[Install]' is not a line of a unit file",
        ),
        (
            'systemd.unit = ["A=b\\nB=c"]',
            "3:17 systemd.unit[0]: 'A=b\\nB=c' is not a line of a unit file",
        ),
        ('systemd.service = ["X-Note = any text", "ExecStartPre="]', ""),
        ('manager = "agent"\nlog.to = "journal"', "4:10 manager 'agent' has no journal"),
        ('log.to = "journal"', ""),
        ('manager = "scm"\nsandbox = "basic"', "4:11 manager 'scm' has no sandbox"),
        ('manager = "systemd"\nsandbox = "strict"', ""),
        ('sandbox = "tight"', "3:11 sandbox: 'tight' is not one of off, basic, strict"),
        ('manager = "scm"\nscope = "user"', "4:9 the SCM keeps no services of users"),
        ('scope = "user"\nuser = "app"', "4:8 a user's own service can run as nobody else"),
        (
            'manager = "systemd"\nstop.signal = "WM_CLOSE"',
            "4:15 manager 'systemd' runs where there is no 'WM_CLOSE'",
        ),
        (
            'manager = "launchd"\nstop.sequence = [{ exec = "b" }, { signal = "CTRL_C" }]',
            "4:45 manager 'launchd' runs where there is no 'CTRL_C'",
        ),
        (
            'manager = "scm"\nstop.signal = "QUIT"',
            "4:15 Windows has no signal 'QUIT' to stop a program with | did you mean 'WM_QUIT'?",
        ),
        ('manager = "scm"\nreload.signal = "HUP"', "4:17 Windows has no signals to reload by"),
        ('manager = "scm"\nstop.signal = "INT"', ""),
        ('stop.signal = "CTRL_BREAK"', ""),
    ],
)
def test_a_mistake_about_one_kind_of_manager_is_found_in_its_place(
    load: Load, options: str, expected: str
) -> None:
    test_a_mistake_is_found_in_its_place(load, f'exec = "a"\n{options}', expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version = 2", "1:11 version 2 is not known"),
        ("version = true", "1:11 version true is not known"),
        ("services = 1", "1:12 'services' is not a table"),
        ("services.web = 1", "1:16 service 'web' is 1, not a table"),
        ("[web]\nexec = 'a'", "1:2 unknown option 'web' | a service is written as [services.web]"),
        ("[service.web]", "1:2 unknown option 'service' | did you mean 'services'?"),
        ("[services.Web]\nexec = 'a'", "1:11 'Web' cannot name a service"),
        ('[services."a/b"]\nexec = "a"', "1:11 'a/b' cannot name a service"),
        ("[services.web]", "1:11 service 'web' has no command"),
        ("include = 'x'", "1:11 'include' is not a list"),
        ("include = ['none.toml']", "1:12 there is no file 'none.toml'"),
        ("include = [1]", "1:12 1 is not a file pattern"),
        ("a = 1\na = 2", "2:6 is not TOML: cannot overwrite a value"),
        ("a = ", "1:5 is not TOML: invalid value"),
        ("a = '''", "1:8 is not TOML: "),
        ("[defaults]\nexce = 'a'", "2:1 unknown option 'exce' | did you mean 'exec'?"),
        ("x = " + "[" * 200 + "]" * 200, "1:53 is nested too deeply here"),
        ("x = " + "[" * 9999, "0:0 is nested too deeply"),
        ("x = " + "9" * 9999, "0:0 has a number that is out of range"),
    ],
)
def test_a_mistake_outside_services_is_found_too(load: Load, text: str, expected: str) -> None:
    found = mistakes_of(load, text)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    "options",
    [
        'exec = "a"\nrestart.give_up = "reboot"',
        'exec = "a"\nregistry.consul = "x"',
        'exec = "a"\nhealth = [{ grpc = "a:1" }]',
        'exec = "a"\nsecrets.A = "vault:kv/app#dsn"',
    ],
)
def test_what_a_later_version_will_do_is_refused_and_says_so(load: Load, options: str) -> None:
    with pytest.raises(NotAvailable, match="not available in this version") as caught:
        load(f"[services.a]\n{options}\n")

    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].line > 1


def test_a_file_too_large_to_be_a_definition_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"
    path.touch()
    os.truncate(path, 17 * 1024**2)

    with pytest.raises(SpecError, match="is larger than 16 MiB"):
        load_files([path], environ={})


def test_a_service_in_two_files_names_both(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[services.web]\nexec = "a"\n')
    (tmp_path / "b.toml").write_text('\n[services.web]\nexec = "b"\n')

    with pytest.raises(SpecError) as caught:
        load_files([tmp_path], environ={})

    (mistake,) = caught.value.mistakes
    assert str(mistake) == f"{tmp_path / 'b.toml'}:2:11: service 'web' is defined twice"
    assert mistake.hint == f"it is also in {tmp_path / 'a.toml'}:1:11"


def test_every_cycle_is_shown_once_as_its_path(load: Load) -> None:
    text = """\
[defaults]
exec = "x"
[services.a]
needs = ["b"]
[services.b]
needs = ["c"]
[services.c]
needs = ["a"]
[services.d]
after = ["e"]
[services.e]
needs = ["d"]
[services.f]
needs = ["a"]
"""

    assert mistakes_of(load, text) == [
        "4:10 cycle in needs: a -> b -> c -> a | take one of them out",
        "10:10 cycle in needs and after: d -> e -> d | take one of them out",
    ]


@pytest.mark.parametrize(
    ("environ", "flags", "expected"),
    [
        ({"SVCCTL_SERVICES__WBE__EXEC": "x"}, (), "there is no service 'WBE'"),
        ({"SVCCTL_SERVICES__WEB": "x"}, (), "names no option"),
        ({"SVCCTL_SERVICES__WEB__STOP__TIMEOUT": "x"}, (), "stop.timeout: 'x' is not a duration"),
        ({"SVCCTL_SERVICES__WEB__STOP": "x"}, (), "stop: 'x' is not a table"),
        ({"SVCCTL_SERVICES__WEB__STPO": "x"}, (), "unknown option 'stpo'"),
        ({"SVCCTL_SERVICES__WEB__EXEC__A": "x"}, (), "'exec' is no table, so 'a' cannot be set"),
        ({"SVCCTL_SERVICES__WEB__DESCRIPTION": "\udcff"}, (), "a variable is not UTF-8"),
        ({}, ("wbe.exec=x",), "there is no service 'wbe'"),
        ({}, ("web=x",), "there is no service 'web'"),
        ({}, ("web.exec",), "names no option and value"),
        ({}, ("web..exec=x",), "names no option and value"),
        ({}, ("web.restart.max=x",), "restart.max: 'x' is not a whole number"),
        ({}, ("web.restart.max=1979-05-27",), "restart.max: '1979-05-27' is not a whole"),
        ({}, ("web.health[3].tcp=a:1",), "'health' has no item 3"),
        ({}, ("web.groups=[1]",), "groups[0]: 1 is not text"),
    ],
)
def test_a_bad_override_is_named_itself(
    load: Load, environ: dict[str, str], flags: tuple[str, ...], expected: str
) -> None:
    with pytest.raises(SpecError) as caught:
        load('[services.web]\nexec = "app"\n', environ=environ, flags=flags)

    (mistake,) = caught.value.mistakes
    assert mistake.file == next(iter(environ), f"--set {''.join(flags)}")
    assert mistake.problem.startswith(expected)


def test_a_secret_value_is_never_repeated(load: Load) -> None:
    text = '[services.web]\nexec = "app"\nsecrets = { A = "hunter2" }\nenv = { B = 31337 }\n'

    found = "".join(mistakes_of(load, text))

    assert "hunter2" not in found
    assert "31337" not in found
