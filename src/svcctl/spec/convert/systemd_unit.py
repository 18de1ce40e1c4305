"""Takes over a unit of systemd, with its drop-ins, as ``systemctl cat`` shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from svcctl.errors import SpecError
from svcctl.spec.convert.unit_text import UnitCommand, command, has_specifier, plain, read, words
from svcctl.spec.draft import Draft, service_name
from svcctl.spec.names import VARIABLE_NAME
from svcctl.spec.notation import (
    format_duration,
    format_octal,
    parse_duration,
    parse_octal,
    parse_percent,
    parse_signal,
    parse_size,
)

_RESTART = {
    "always": "always",
    "on-failure": "on-failure",
    "on-abnormal": "on-abnormal",
    "on-abort": "on-abnormal",
    "on-watchdog": "on-abnormal",
    "no": "never",
}
_KILL = {"control-group": "group", "mixed": "mixed", "process": "main"}
_HOOKS = {
    "ExecStartPre": "pre_start",
    "ExecStartPost": "post_start",
    "ExecStop": "pre_stop",
    "ExecStopPost": "post_stop",
}
_SILENT = frozenset(
    ("Documentation", "WantedBy", "NotifyAccess", "SyslogIdentifier", "Delegate", "SourcePath")
)
"""Keys that need no successor."""

_KILL_COMMAND = re.compile(r"\S*/kill -(?:s )?(\S+) \$(?:MAINPID|\{MAINPID\})")
_SPECIFIERS = "replace systemd's specifiers (%i, %h, ...) by hand"
_WORDS_OF_TIME = (
    (r"minutes?|min", "m"),
    (r"seconds?|sec", "s"),
    (r"hours?|hr", "h"),
    (r"days?", "d"),
    (r"weeks?", "w"),
    (r"msec", "ms"),
    (r"usec|μs", "us"),
)


@dataclass(slots=True)
class _Unit:
    """What a unit says: every value of each key, in order, and what became of it."""

    values: Mapping[str, list[str]]
    notes: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def all(self, key: str) -> list[str]:
        self.asked.add(key)
        return list(self.values.get(key, ()))

    def last(self, key: str) -> str:
        found = self.all(key)
        return found[-1] if found else ""

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def lose(self, key: str, value: str) -> None:
        self.note(f"not carried over: {key}={value}")

    def lose_the_rest(self) -> None:
        for key in sorted(self.values.keys() - self.asked - _SILENT):
            for value in self.values[key]:
                self.lose(key, value)


def draft(name: str, text: str) -> Draft:
    """Give a first version of the service *name* whose unit is *text*.

    What it has no place for is named in its note, never dropped in silence; what is written of it
    can be loaded whatever the unit says.
    """
    unit = _Unit(read(text))
    options: dict[str, object] = {}
    shell, argv = _program(unit)
    _take_type(unit, options)
    _take_hooks(unit, options)
    _take_values(unit, options)
    _take_burst(unit, options)
    environment = _environment(unit)
    cwd = _cwd(unit)
    unit.lose_the_rest()
    return Draft(
        name=service_name(name.removesuffix(".service")),
        exec=argv,
        shell=shell,
        cwd=cwd,
        env=environment,
        options=options,
        note="\n".join([f"from the unit {name}", *unit.notes]),
    )


def _program(unit: _Unit) -> tuple[bool, tuple[str, ...]]:
    """Give whether a shell has to run it, and the command."""
    first, *others = unit.all("ExecStart") or [""]
    if others:
        unit.note("only the first ExecStart; the others could be hook.pre_start")
        for each in others:
            unit.lose("ExecStart", each)
    found = _command(unit, "ExecStart", first)
    if found and found.shell:
        unit.note("sh replaces the variables in the command, as systemd did")
        return True, (f"exec {found.shell}",)
    return False, found.words if found else ()


def _command(unit: _Unit, key: str, text: str) -> UnitCommand | None:
    """Read a command, and note what is left out of it; None where there is none."""
    if not text:
        return None
    try:
        found = command(text)
    except ValueError:
        unit.lose(key, text)
        return None
    if not found.words[0]:
        unit.lose(key, text)
        return None
    if found.marks:
        unit.note(f"the marks before {found.words[0]!r} were left out: {found.marks}")
    if found.specifiers:
        unit.note(_SPECIFIERS)
    return found


def _argv(unit: _Unit, key: str, text: str) -> list[str]:
    found = _command(unit, key, text)
    if found is None:
        return []
    return ["/bin/sh", "-c", f"exec {found.shell}"] if found.shell else list(found.words)


def _take_type(unit: _Unit, options: dict[str, object]) -> None:
    pid_file = _text(unit, unit.last("PIDFile"))
    match unit.last("Type"):
        case "" | "simple" | "exec":
            pass
        case "notify" | "notify-reload":
            options["ready"] = "notify"
        case "oneshot":
            options["type"] = "oneshot"
        case "forking" if pid_file:
            options |= {"type": "forking", "pid_file": pid_file}
        case "forking":
            unit.note("Type=forking without PIDFile=: have it stay in the foreground")
        case other:
            unit.note(f"Type={other} became a plain service")
    if pid_file and "pid_file" not in options:
        unit.lose("PIDFile", pid_file)


def _take_hooks(unit: _Unit, options: dict[str, object]) -> None:
    for key, hook in _HOOKS.items():
        commands = [argv for each in unit.all(key) if (argv := _argv(unit, key, each))]
        if commands:
            options[f"hook.{hook}"] = commands
    *others, reload = unit.all("ExecReload") or [""]
    for each in others:
        unit.lose("ExecReload", each)
    asked = _KILL_COMMAND.fullmatch(reload)
    try:
        if asked:
            options["reload.signal"] = parse_signal(asked[1])
            return
    except SpecError:
        pass
    if argv := _argv(unit, "ExecReload", reload):
        options["reload.exec"] = argv


def _take_values(unit: _Unit, options: dict[str, object]) -> None:
    for key, (path, convert) in _VALUES.items():
        text = unit.last(key)
        if not text:
            continue
        try:
            options[path] = convert(_text(unit, text))
        except (SpecError, ValueError, KeyError):
            unit.lose(key, text)
    files = [each for each in unit.all("EnvironmentFile") if _is_kept(unit, each)]
    if files:
        options["env_file"] = [_text(unit, each) for each in files]
    options.setdefault("restart.policy", "never")
    if "restart.delay" in options:
        options["restart.max_delay"] = options["restart.delay"]  # with systemd it never grows


def _is_kept(unit: _Unit, file: str) -> bool:
    """Say whether *file* is one for systemd too, which takes absolute paths only."""
    if file.removeprefix("-").startswith("/"):
        return True
    unit.lose("EnvironmentFile", file)
    return False


def _take_burst(unit: _Unit, options: dict[str, object]) -> None:
    """Take how many starts within what time are too many; no time at all: never too many."""
    within, most = unit.last("StartLimitIntervalSec"), unit.last("StartLimitBurst")
    try:
        seconds = _seconds(within) if within else None
    except SpecError:
        unit.lose("StartLimitIntervalSec", within)
        seconds = None
    if seconds:
        options["restart.window"] = format_duration(seconds)
    if seconds == 0.0 or most == "0":
        options["restart.max"] = 0
    elif most.isdecimal():
        options["restart.max"] = min(int(most), 2**31 - 1)
    elif most:
        unit.lose("StartLimitBurst", most)


def _environment(unit: _Unit) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in unit.all("Environment"):
        try:
            pairs = [_text(unit, each).partition("=") for each in words(line)]
        except ValueError:
            unit.lose("Environment", line)
            continue
        for name, sign, value in pairs:
            if sign and VARIABLE_NAME.fullmatch(name):
                found[name] = value
            else:
                unit.lose("Environment", f"{name}{sign}{value}")
    return found


def _cwd(unit: _Unit) -> str:
    text = unit.last("WorkingDirectory")
    path = _text(unit, text.removeprefix("-"))
    if path and not path.startswith("/"):
        unit.lose("WorkingDirectory", text)
        return ""
    return path


def _text(unit: _Unit, text: str) -> str:
    if has_specifier(text):
        unit.note(_SPECIFIERS)
    return plain(text)


def _seconds(text: str) -> float:
    """Read a length of time of systemd: a bare number is seconds there; see systemd.time(7)."""
    compact = "".join(text.split())
    if re.fullmatch(r"[\d.]+", compact, re.ASCII):
        return parse_duration(f"{compact}s")
    for pattern, unit in _WORDS_OF_TIME:
        compact = re.sub(rf"(?<=\d)(?:{pattern})(?![a-z])", unit, compact)
    return parse_duration(compact)


def _duration(text: str) -> str:
    return format_duration(_seconds(text))


def _heartbeat(text: str) -> list[dict[str, str]]:
    seconds = _seconds(text)
    if not seconds:
        raise ValueError(text)
    return [{"heartbeat": format_duration(seconds)}]


def _size(text: str) -> str:
    said = f"{text}B" if text.isdecimal() else text
    return _more_than_nothing(said, parse_size(said))


def _percent(text: str) -> str:
    return _more_than_nothing(text, parse_percent(text))


def _more_than_nothing(text: str, value: float) -> str:
    if not value:
        raise ValueError(text)
    return text


def _count(text: str) -> int:
    """Read how many, of what has a soft and a hard limit the soft one."""
    number = int(text.partition(":")[0])
    if not 0 < number < 2**31:
        raise ValueError(text)
    return number


def _nice(text: str) -> int:
    number = int(text)
    if not -20 <= number <= 19:
        raise ValueError(text)
    return number


def _umask(text: str) -> str:
    return format_octal(parse_octal(text.lstrip("0")[-3:] or "0"))


_VALUES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "Description": ("description", str),
    "Restart": ("restart.policy", _RESTART.__getitem__),
    "RestartSec": ("restart.delay", _duration),
    "TimeoutStartSec": ("ready_timeout", _duration),
    "TimeoutStopSec": ("stop.timeout", _duration),
    "KillSignal": ("stop.signal", parse_signal),
    "KillMode": ("stop.tree", _KILL.__getitem__),
    "WatchdogSec": ("health", _heartbeat),
    "User": ("user", str),
    "Group": ("group", str),
    "UMask": ("umask", _umask),
    "LimitNOFILE": ("limits.nofile", _count),
    "MemoryMax": ("limits.memory", _size),
    "TasksMax": ("limits.tasks", _count),
    "CPUQuota": ("limits.cpu", _percent),
    "Nice": ("limits.nice", _nice),
}
"""Keys of one value: the option each becomes, and how it is read."""
