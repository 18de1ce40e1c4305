"""What must hold within one ``[[watch]]``, beyond the types of its options: pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping

from svcctl.spec.finding import Finding
from svcctl.spec.locate import KeyPath
from svcctl.spec.log_rule import ALERT
from svcctl.spec.log_rules import is_action, rules_findings
from svcctl.spec.names import SERVICE_NAME, did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.service import ServiceSpec
from svcctl.spec.watch import AUTO, EVERYTHING, NONE, LogFormat, WatchKind, WatchSpec

_KINDS: Mapping[str, WatchKind] = {
    "path": WatchKind.FILES,
    "journal": WatchKind.JOURNAL,
    "eventlog": WatchKind.EVENT_LOG,
}
_OPTIONS: Mapping[WatchKind, tuple[str, ...]] = {
    WatchKind.FILES: ("encoding",),
    WatchKind.JOURNAL: ("priority",),
    WatchKind.EVENT_LOG: ("provider", "query"),
}
_TERM = re.compile(r"[A-Z0-9_]{1,64}=.+", re.DOTALL)
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@*?-]{1,255}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")
_LONGEST_NAME = 63


def watch_name(kept: str) -> str:
    """Give a name made of where a log is kept.

    >>> watch_name("/var/log/app/*.log"), watch_name("nginx.service"), watch_name("System")
    ('var-log-app-log', 'nginx-service', 'system')
    """
    return _NOT_IN_NAMES.sub("-", kept.lower())[-_LONGEST_NAME:].strip("-_")


def watch_findings(spec: WatchSpec, *, windows: bool) -> Iterator[Finding]:
    """Give what is wrong with one watch; *windows*: it is to run on Windows."""
    yield from _name(spec)
    yield from _kind(spec, windows=windows)
    yield from _terms(spec)
    yield from _form(spec)
    yield from _encoding(spec)
    yield from rules_findings(spec.rules, hooks=None)
    yield from _actions(spec)


def owner_findings(
    watches: Mapping[str, WatchSpec], specs: Mapping[str, ServiceSpec]
) -> Iterator[tuple[str, Finding]]:
    """Give, by watch, what is wrong between *watches* and the services at hand.

    A service that is not among *specs* may be kept already.
    """
    for name, watch in watches.items():
        if name in specs:
            problem = f"{show(name)} is the name of a service"
            yield name, Finding(path=(), problem=problem, hint='add: name = "another"')
        if watch.service in specs:
            hooks = specs[watch.service].hook.run
            for finding in rules_findings(watch.rules, hooks=hooks):
                if finding not in set(rules_findings(watch.rules, hooks=None)):
                    yield name, finding
        elif watch.service and (near := did_you_mean(watch.service, specs)):
            problem = f"there is no service {show(watch.service)}"
            yield name, Finding(path=("service",), problem=problem, hint=near)


def _name(spec: WatchSpec) -> Iterator[Finding]:
    if not SERVICE_NAME.fullmatch(spec.name):
        hint = "use a-z, 0-9, '.', '_' and '-', at most 63 characters, the first a letter or digit"
        yield Finding(path=("name",), problem=f"{show(spec.name)} cannot name a watch", hint=hint)
    if spec.service and not SERVICE_NAME.fullmatch(spec.service):
        problem = f"{show(spec.service)} cannot name a service"
        yield Finding(path=("service",), problem=problem, hint="use a-z, 0-9, '.', '_' and '-'")


def _kind(spec: WatchSpec, *, windows: bool) -> Iterator[Finding]:
    given = [key for key in _KINDS if getattr(spec, key)]
    if not given:
        hint = 'add for example: path = "/var/log/app/*.log"'
        problem = "a watch needs one of path, journal and eventlog"
        yield Finding(path=("path",), problem=problem, hint=hint)
        return
    for key in given[1:]:
        hint = "make two watches of it"
        problem = f"a watch takes one of {' and '.join(given)}"
        yield Finding(path=(key,), problem=problem, hint=hint, about_key=True)
    if len(given) == 1:
        yield from _of_kind(spec, given[0], windows=windows)


def _of_kind(spec: WatchSpec, kept_in: str, *, windows: bool) -> Iterator[Finding]:
    for kind, keys in _OPTIONS.items():
        for key in keys if kind is not spec.kind else ():
            if getattr(spec, key):
                problem = f"{key} says nothing of {kept_in}"
                yield Finding(path=(key,), problem=problem, hint="leave it out", about_key=True)
    if spec.kind is not WatchKind.FILES and spec.multiline != AUTO:
        problem = f"multiline says nothing of {kept_in}"
        hint = "leave it out: there each entry is one record"
        yield Finding(path=("multiline",), problem=problem, hint=hint, about_key=True)
    here = {WatchKind.JOURNAL: not windows, WatchKind.EVENT_LOG: windows}.get(spec.kind, True)
    if not here:
        system = "Linux" if windows else "Windows"
        problem = f"{kept_in} is there on {system} only"
        yield Finding(path=(kept_in,), problem=problem, hint="use path here", about_key=True)


def _terms(spec: WatchSpec) -> Iterator[Finding]:
    for number, each in enumerate(spec.journal):
        place: KeyPath = ("journal", number)
        fits = _TERM.fullmatch(each) if "=" in each else _UNIT.fullmatch(each)
        if not fits or each.startswith("-"):
            problem = f"{show(each)} is neither a unit nor a term of the journal"
            yield Finding(path=place, problem=problem, hint="write nginx.service or _COMM=sshd")
        elif each == EVERYTHING and len(spec.journal) > 1:
            problem = f"{EVERYTHING} is everything already"
            yield Finding(path=place, problem=problem, hint="leave out the others")
    for number, each in enumerate(spec.path):
        if not each.strip():
            hint = "write for example /var/log/app/*.log"
            yield Finding(path=("path", number), problem="this is no path", hint=hint)


def _form(spec: WatchSpec) -> Iterator[Finding]:
    if spec.pattern is not None and spec.format is not LogFormat.AUTO:
        problem = "a watch takes one of format and pattern"
        yield Finding(path=("pattern",), problem=problem, hint="leave out one", about_key=True)
    if spec.pattern is not None and not re.compile(spec.pattern).groupindex:
        hint = "name what is found, for example: (?P<level>[A-Z]+) (?P<message>.*)"
        problem = f"{show(spec.pattern)} names no group"
        yield Finding(path=("pattern",), problem=problem, hint=hint)
    if spec.multiline == "":
        hint = f"write {AUTO}, {NONE}, or a pattern such as ^\\d{{4}}-"
        yield Finding(path=("multiline",), problem="this is no pattern", hint=hint)


def _encoding(spec: WatchSpec) -> Iterator[Finding]:
    if not spec.encoding:
        return
    try:
        "\n".encode(codecs.lookup(spec.encoding).name)
    except (LookupError, UnicodeError):
        hint = "use a name such as utf-8, utf-16-le, gb18030 or latin-1"
        problem = f"there is no encoding {show(spec.encoding)}"
        yield Finding(path=("encoding",), problem=problem, hint=hint)


def _actions(spec: WatchSpec) -> Iterator[Finding]:
    for number, rule in enumerate(spec.rules):
        if not spec.service and rule.action != ALERT and is_action(rule.action):
            problem = f"{show(rule.action)} needs a service to be done to"
            hint = 'say whose log it is: service = "web"'
            yield Finding(path=("rules", number, "action"), problem=problem, hint=hint)
