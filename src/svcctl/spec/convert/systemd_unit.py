"""Takes over a unit of systemd, with its drop-ins, as ``systemctl cat`` shows it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from svcctl.spec.draft import Draft, service_name
from svcctl.spec.notation import parse_duration

_PREFIXES = "-@:+!"  # systemd.service(5): marks before a command
_RESTART = {
    "always": "always",
    "on-failure": "on-failure",
    "on-abnormal": "on-abnormal",
    "on-abort": "on-abnormal",
    "on-watchdog": "on-abnormal",
    "no": "never",
}
_KILL = {"control-group": "group", "mixed": "mixed", "process": "main"}
_SILENT = frozenset(
    ("Description", "Documentation", "WantedBy", "NotifyAccess", "SyslogIdentifier", "Delegate")
)
"""Keys that need no successor."""


@dataclass(slots=True)
class _Unit:
    """What a unit says: every value of each key, in order; what nobody asked for is lost."""

    values: Mapping[str, list[str]]
    asked: set[str] = field(default_factory=set)

    def all(self, key: str) -> list[str]:
        self.asked.add(key)
        return list(self.values.get(key, ()))

    def last(self, key: str) -> str:
        found = self.all(key)
        return found[-1] if found else ""

    def lost(self) -> list[str]:
        rest = self.values.keys() - self.asked - _SILENT
        return [f"{key}={value}" for key in sorted(rest) for value in self.values[key]]


def draft(name: str, text: str) -> Draft:
    """Give a first version of the service *name* whose unit is *text*.

    What it has no place for is named in its note, never dropped in silence.
    """
    unit = _Unit(read(text))
    commands = unit.all("ExecStart")
    options: dict[str, object] = {}
    notes: list[str] = []
    _take_program(unit, options, notes)
    _take_ends(unit, options, notes)
    _take_account(unit, options)
    environment = _environment(unit, notes)
    if len(commands) > 1:
        notes.append("only the first ExecStart; the others could be hook.pre_start")
    notes += [f"not carried over: {each}" for each in unit.lost()]
    words = _words(commands[0], notes) if commands else ()
    cwd = unit.last("WorkingDirectory")
    return Draft(
        name=service_name(name.removesuffix(".service")),
        exec=words,
        cwd="" if cwd.startswith(("~", "-")) else cwd,
        env=environment,
        options=options,
        note="\n".join([f"from the unit {name}", *notes]),
    )


def read(text: str) -> dict[str, list[str]]:
    """Give every value of every key, whatever its section; an empty one forgets those before it."""
    found: dict[str, list[str]] = {}
    joined = re.sub(r"\\\n", " ", text)
    for line in joined.splitlines():
        stripped = line.strip()
        if not stripped or stripped[0] in "#;[" or "=" not in stripped:
            continue
        key, _, value = (part.strip() for part in stripped.partition("="))
        if value:
            found.setdefault(key, []).append(value)
        else:
            found.pop(key, None)
    return found


def _words(command: str, notes: list[str]) -> tuple[str, ...]:
    bare = command.lstrip(_PREFIXES)
    if bare != command:
        notes.append(f"the marks before {bare!r} were left out: {command[: -len(bare)]}")
    try:
        words = shlex.split(bare)
    except ValueError:
        notes.append(f"split by blanks only: {bare}")
        words = bare.split()
    if any(re.search(r"(?<!%)%(?!%)[a-zA-Z]", each) for each in words):
        notes.append("replace systemd's specifiers (%i, %h, ...) by hand")
    return tuple(each.replace("%%", "%").replace("$$", "$") for each in words)


def _take_program(unit: _Unit, options: dict[str, object], notes: list[str]) -> None:
    description = unit.last("Description")
    if description:
        options["description"] = description
    _take_type(unit, options, notes)
    if files := unit.all("EnvironmentFile"):
        options["env_file"] = files
    for key, hook in (
        ("ExecStartPre", "pre_start"),
        ("ExecStartPost", "post_start"),
        ("ExecStop", "pre_stop"),
        ("ExecStopPost", "post_stop"),
    ):
        if commands := unit.all(key):
            options[f"hook.{hook}"] = [list(_words(each, notes)) for each in commands]
    reload = unit.last("ExecReload")
    signal = re.fullmatch(r"\S*/kill -(?:s )?(?:SIG)?(\w+) \$MAINPID", reload)
    if signal:
        options["reload.signal"] = signal[1]
    elif reload:
        options["reload.exec"] = list(_words(reload, notes))


def _take_type(unit: _Unit, options: dict[str, object], notes: list[str]) -> None:
    match unit.last("Type"):
        case "notify" | "notify-reload":
            options["ready"] = "notify"
        case "oneshot":
            options["type"] = "oneshot"
        case "forking":
            options["type"] = "forking"
            options["pid_file"] = unit.last("PIDFile")
        case "dbus" | "idle" as other:
            notes.append(f"Type={other} became a plain service")


def _take_ends(unit: _Unit, options: dict[str, object], notes: list[str]) -> None:
    restart = unit.last("Restart")
    options["restart.policy"] = _RESTART.get(restart, "never")
    for key, path in (
        ("RestartSec", "restart.delay"),
        ("TimeoutStartSec", "ready_timeout"),
        ("TimeoutStopSec", "stop.timeout"),
        ("StartLimitIntervalSec", "restart.window"),
    ):
        _put(options, path, unit.last(key), _duration, notes)
    _put(options, "restart.max", unit.last("StartLimitBurst"), int, notes)
    _put(options, "stop.signal", unit.last("KillSignal").removeprefix("SIG"), str, notes)
    _put(options, "stop.tree", _KILL.get(unit.last("KillMode"), ""), str, notes)
    watchdog = unit.last("WatchdogSec")
    if watchdog and watchdog != "0":
        options["health"] = [{"heartbeat": _duration(watchdog)}]


def _take_account(unit: _Unit, options: dict[str, object]) -> None:
    for key, path in (("User", "user"), ("Group", "group")):
        if value := unit.last(key):
            options[path] = value
    if mask := unit.last("UMask"):
        options["umask"] = mask[-3:]
    if files := unit.last("LimitNOFILE"):
        soft = files.partition(":")[0]
        if soft.isdecimal():
            options["limits.nofile"] = int(soft)
    if memory := unit.last("MemoryMax"):
        options["limits.memory"] = f"{memory}B" if memory.isdecimal() else memory
    if tasks := unit.last("TasksMax"):
        options |= {"limits.tasks": int(tasks)} if tasks.isdecimal() else {}
    if cpu := unit.last("CPUQuota"):
        options["limits.cpu"] = cpu
    if nice := unit.last("Nice"):
        options["limits.nice"] = int(nice)


def _environment(unit: _Unit, notes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in unit.all("Environment"):
        for word in _words(line, notes):
            name, _, value = word.partition("=")
            found[name] = value
    return found


def _put(
    options: dict[str, object],
    path: str,
    text: str,
    convert: Callable[[str], object],
    notes: list[str],
) -> None:
    if not text:
        return
    try:
        options[path] = convert(text)
    except ValueError:
        notes.append(f"not carried over, for {path}: {text}")


def _duration(text: str) -> str:
    """Give a length of time of systemd in our notation: a bare number is seconds there."""
    compact = "".join(text.split()).replace("min", "m").replace("sec", "s").replace("hr", "h")
    said = f"{compact}s" if re.fullmatch(r"[\d.]+", compact) else compact
    try:
        parse_duration(said)
    except Exception as error:
        raise ValueError(text) from error
    return said
