"""What may stand in ``[[watch]]``, and what is said of mistakes in it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.observe.records.forms import FORMS
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.load import Loaded, load_files
from svcctl.spec.log_rule import LogRule
from svcctl.spec.names import SERVICE_NAME
from svcctl.spec.schema import json_schema
from svcctl.spec.watch import JournalPriority, LogFormat, WatchKind, WatchSpec
from svcctl.spec.watch_rules import watch_findings, watch_name

Load = Callable[..., Loaded]

GOOD = """
[services.web]
exec = "web"
hook.run.page = ["page"]
[[watch]]
path = "/var/log/app/*.log"
[[watch]]
name = "nginx"
path = ["access.log", "/var/log/nginx/error.log"]
service = "web"
encoding = "gb18030"
multiline = "^\\\\d{4}-"
pattern = "(?P<level>[A-Z]+) (?P<message>.*)"
from_start = true
detect = false
[[watch.rules]]
match = "ERROR"
action = "run:page"
[[watch]]
journal = ["sshd", "_COMM=cron"]
priority = "warning"
"""

_OF_WEB = "[services.web]\nexec = 'a'\n[[watch]]\npath = '/a'\nservice = 'web'\n"


def test_a_watch_is_read_as_it_is_written(load: Load, tmp_path: Path) -> None:
    watches = load(GOOD).watches

    assert list(watches) == ["var-log-app-log", "nginx", "sshd"]
    assert watches["nginx"] == WatchSpec(
        name="nginx",
        path=(str(tmp_path / "access.log"), str(tmp_path / "/var/log/nginx/error.log")),
        service="web",
        encoding="gb18030",
        multiline=r"^\d{4}-",
        pattern="(?P<level>[A-Z]+) (?P<message>.*)",
        from_start=True,
        detect=False,
        rules=(LogRule(match="ERROR", action="run:page"),),
    )
    assert watches["sshd"].journal == ("sshd.service", "_COMM=cron")
    assert watches["sshd"].priority is JournalPriority.WARNING


def test_what_keeps_a_log_is_told_by_what_is_given() -> None:
    assert WatchSpec(name="a", path=("/a",)).kind is WatchKind.FILES
    assert WatchSpec(name="a", journal=("a.service",)).kind is WatchKind.JOURNAL
    assert WatchSpec(name="a", eventlog="System").kind is WatchKind.EVENT_LOG


def test_what_is_found_is_about_the_service_whose_log_it_is() -> None:
    assert WatchSpec(name="a", service="web").owner == "web"
    assert WatchSpec(name="a").owner == "a"


def test_where_each_option_came_from_is_known(load: Load) -> None:
    origins = load(GOOD).watch_origins["nginx"]

    assert (origins["service"].line, origins["service"].column) == (10, 1)
    assert origins["rules[0].match"].line == 17


def test_watches_of_several_files_are_all_taken(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[watch]]\npath = "/a"\n')
    (tmp_path / "b.toml").write_text('[[watch]]\npath = "/b"\n')

    assert list(load_files([tmp_path], environ={}).watches) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[[watch]]", "1:3 a watch needs one of path, journal and eventlog"),
        ("watch = 3", "1:9 'watch' is not a list"),
        ("[watch]\npath = '/a'", "1:2 'watch' is not a list"),
        ("watch = [3]", "1:10 watch[0] is 3, not a table"),
        ("[[watch]]\npaht = '/a'\npath = '/a'", "2:1 unknown option 'paht'"),
        ("[[watch]]\npath = 3", "2:8 path: 3 is not a list"),
        ("[[watch]]\npath = [3]", "2:9 path[0]: 3 is not text"),
        ("[[watch]]\npath = ['/a', ' ']", "2:15 this is no path"),
        ("[[watch]]\npath = '~/a.log'", "2:8 '~/a.log': only a shell knows what ~ is"),
        ("[[watch]]\npath = '/a'\nname = 3", "3:8 watch[0].name: 3 is no name"),
        ("[[watch]]\npath = '/a'\nname = 'A b'", "3:8 'A b' cannot name a watch"),
        ("[[watch]]\npath='/a'\njournal='a'", "3:1 a watch takes one of path and journal"),
        ("[[watch]]\npath = '/a'\npriority = 'err'", "3:1 priority says nothing of path"),
        ("[[watch]]\njournal = 'a'\nencoding='utf-8'", "3:1 encoding says nothing of journal"),
        ("[[watch]]\njournal = 'a'\nmultiline='x'", "3:1 multiline says nothing of journal"),
        ("[[watch]]\neventlog = 'System'", "2:1 eventlog is there on Windows only"),
        ("[[watch]]\njournal = '-f'", "2:11 '-f' is neither a unit nor a term of the journal"),
        ("[[watch]]\njournal = 'comm=x'", "2:11 'comm=x' is neither a unit nor a term"),
        ("[[watch]]\njournal = ['*', 'a']", "2:12 * is everything already"),
        ("[[watch]]\njournal = 'a'\npriority = 'bad'", "3:12 priority: 'bad' is not one of emerg"),
        ("[[watch]]\npath = '/a'\nencoding = 'klingon'", "3:12 there is no encoding 'klingon'"),
        ("[[watch]]\npath = '/a'\nencoding = 'base64'", "3:12 there is no encoding 'base64'"),
        ("[[watch]]\npath = '/a'\nformat = 'xml'", "3:10 format: 'xml' is not one of auto"),
        ("[[watch]]\npath = '/a'\npattern = '.*'", "3:11 '.*' names no group"),
        ("[[watch]]\npath = '/a'\npattern = '('", "3:11 pattern: '(' is not a pattern"),
        ("[[watch]]\npath = '/a'\nmultiline = ''", "3:13 this is no pattern"),
        (
            "[[watch]]\npath = '/a'\nformat = 'json'\npattern = '(?P<a>.)'",
            "4:1 a watch takes one of format and pattern",
        ),
        ("[[watch]]\npath = '/a'\nservice = 'A'", "3:11 'A' cannot name a service"),
        (
            "[services.web]\nexec = 'a'\n[[watch]]\npath = '/a'\nservice = 'wbe'",
            "5:11 there is no service 'wbe'",
        ),
        (
            "[services.web]\nexec = 'a'\n[[watch]]\npath = '/a'\nname = 'web'",
            "3:3 'web' is the name of a service",
        ),
        (
            "[[watch]]\npath = '/a'\n[[watch]]\npath = '/a'",
            "3:3 watch 'a' is defined twice",
        ),
        (
            "[[watch]]\npath = '/a'\nrules = [{ match = 'a', action = 'restart' }]",
            "3:34 'restart' needs a service to be done to",
        ),
        (
            "[[watch]]\npath = '/a'\nrules = [{ match = 'a', action = 'restrat' }]",
            "3:34 'restrat' is no action of a rule",
        ),
        (f"{_OF_WEB}rules = [{{ match = 'a', action = 'run:x' }}]", "6:34 hook.run has no 'x'"),
        ("[[watch]]\npath = '/a'\nrules = [{ match = '(a)\\1' }]", "3:20 rules[0].match: "),
    ],
)
def test_a_mistake_has_its_place(load: Load, text: str, mistake: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(text)

    (found,) = caught.value.mistakes
    assert f"{found.line}:{found.column} {found.problem}".startswith(mistake)


def test_there_is_no_journal_on_windows() -> None:
    (found,) = watch_findings(WatchSpec(name="a", journal=("a.service",)), windows=True)
    fine = watch_findings(WatchSpec(name="a", eventlog="System", query="*"), windows=True)

    assert found.problem == "journal is there on Linux only"
    assert list(fine) == []


def test_a_service_that_is_not_at_hand_may_be_kept_already(load: Load) -> None:
    loaded = load("[[watch]]\npath = '/a'\nservice = 'web'\nrules = [{match='a',action='run:x'}]")

    assert loaded.watches["a"].service == "web"


def test_the_formats_are_those_that_can_be_read() -> None:
    assert {str(each) for each in LogFormat} == {*FORMS, "auto", "plain"}


@given(st.text())
def test_a_name_that_is_made_is_a_name_or_nothing(kept: str) -> None:
    assert not watch_name(kept) or SERVICE_NAME.fullmatch(watch_name(kept))


@given(
    st.builds(
        WatchSpec,
        name=st.text(),
        path=st.lists(st.text(), max_size=2).map(tuple),
        journal=st.lists(st.text(), max_size=2).map(tuple),
        priority=st.none() | st.sampled_from(JournalPriority),
        format=st.sampled_from(LogFormat),
        pattern=st.none() | st.text(),
        from_start=st.booleans(),
        rules=st.lists(st.builds(LogRule, match=st.text()), max_size=2).map(tuple),
    )
)
def test_whatever_is_handed_over_is_read_back_equal(spec: WatchSpec) -> None:
    document = json.loads(json.dumps(canonical.dump(spec)))

    assert canonical.parse_table(document, WatchSpec) == spec


def test_what_changed_is_told_by_option() -> None:
    old = WatchSpec(name="a", path=("/a",))

    changes = diff(old, WatchSpec(name="a", path=("/b",), from_start=True)).options

    assert [(each.path, each.old, each.new) for each in changes] == [
        ("path", ["/a"], ["/b"]),
        ("from_start", False, True),
    ]


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ("path = '/a'", True),
        ("path = ['/a', '/b']\nmultiline = 'none'", True),
        ("journal = 'nginx'\npriority = 'err'", True),
        ("path = 3", False),
        ("paht = '/a'", False),
        ("journal = 'a'\npriority = 'bad'", False),
        ("path = '/a'\nformat = 'xml'", False),
        ("path = '/a'\nrules = [{ match = 'a', count = 0 }]", False),
    ],
)
def test_the_schema_knows_it(options: str, *, fits: bool) -> None:
    validator = jsonschema.Draft7Validator(json_schema())

    assert validator.is_valid(tomllib.loads(f"[[watch]]\n{options}\n")) is fits
