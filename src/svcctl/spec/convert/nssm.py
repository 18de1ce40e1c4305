"""What NSSM keeps of a service, as options of ours: see its documentation, "Parameters"."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from svcctl.errors import SpecError, quoted
from svcctl.spec.names import VARIABLE_NAME
from svcctl.spec.windows_words import command_words, words

_PRIORITIES = {  # priority classes of SetPriorityClass; normal is what there is anyway
    0x20: "",
    0x40: "idle",
    0x4000: "below-normal",
    0x8000: "above-normal",
    0x80: "high",
    0x100: "realtime",
}
_EXIT = {"restart": "always", "ignore": "never", "exit": "never", "suicide": "never"}
_SKIPPED = ((1, "CTRL_C"), (2, "WM_CLOSE"), (4, "WM_QUIT"))  # AppStopMethodSkip
_STOPS = {
    "CTRL_C": "AppStopMethodConsole",
    "WM_CLOSE": "AppStopMethodWindow",
    "WM_QUIT": "AppStopMethodThreads",
}
_PATIENCE = 1500  # milliseconds of each step of a stop, where nothing else is said
_EVENTS = {
    "Start/Pre": "hook.pre_start",
    "Start/Post": "hook.post_start",
    "Stop/Pre": "hook.pre_stop",
    "Exit/Post": "hook.post_stop",
}
_SILENT = frozenset(("AppNoConsole", "AppExit"))
_PROCESSORS = 4096
_SMALLEST_LOG, _LARGEST_LOG = 1024, 2**63 - 1
_OLDEST_LOG = 10**9  # seconds; what is longer than a life is no age
_DWORD = 2**32 - 1
_REFERENCE = re.compile(r"%\w+%")


@dataclass(frozen=True, slots=True, kw_only=True)
class NssmSettings:
    """Keys of the registry below a service: values of ``Parameters``, and of keys in it.

    *exits* has what follows an exit by its code (``""``: any other), *events* the hooks
    (``Start/Pre``).
    """

    parameters: Mapping[str, object] = field(default_factory=dict)
    exits: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """The program NSSM runs, with options of ours by their path; *notes* say what was lost."""

    exec: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    options: Mapping[str, object]
    notes: tuple[str, ...]


def is_nssm(command: str, settings: NssmSettings) -> bool:
    """Say whether NSSM runs the service with that *command*, whatever its program is called."""
    known = "nssm" in command.lower() or bool(settings.exits)
    return known and "Application" in settings.parameters


def wrapped(settings: NssmSettings, *, is_file: Callable[[str], bool]) -> Wrapped:
    """Give what is wrapped; *is_file* tells where the program of a hook without quotes ends."""
    values = dict(settings.parameters)
    program = str(values.pop("Application"))
    arguments = words(str(values.pop("AppParameters", "")))
    cwd = ntpath.dirname(program)
    if not str(values.get("AppDirectory", "")).startswith("~"):
        cwd = str(values.pop("AppDirectory", "")) or cwd
    options: dict[str, object] = {}
    only = _strings(values, "AppEnvironment")
    if only:
        options["env_clean"] = True
    env, notes = variables([*only, *_strings(values, "AppEnvironmentExtra")])
    notes += [
        *_take_exits(settings.exits, options),
        *_take_events(settings.events, options, is_file),
        *_take_stop(values, options),
        *_take_output(values, options),
    ]
    _take_waits(values, options)
    _take_processors(values, options)
    notes += [lost(name, values[name]) for name in sorted(values.keys() - _SILENT)]
    return Wrapped(
        exec=(program, *arguments), cwd=cwd, env=env, options=options, notes=tuple(notes)
    )


def lost(name: str, value: object) -> str:
    """Say that *name*, which is *value*, has no place in a definition."""
    shown = quoted(value) if isinstance(value, str) else repr(value)
    return f"not carried over: {name} = {shown}"


def variables(entries: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Give the variables of ``NAME=value`` entries, and notes on those that are odd."""
    env: dict[str, str] = {}
    notes = []
    for each in entries:
        name, sign, value = each.partition("=")
        if not sign or not VARIABLE_NAME.fullmatch(name):
            notes.append(lost("variable", each))
            continue
        env[name] = value
        if _REFERENCE.search(value):
            notes.append(
                f"variable {name} refers to others, which is not replaced: {quoted(value)}"
            )
    return env, notes


def _take_exits(exits: Mapping[str, str], options: dict[str, object]) -> list[str]:
    """Take what follows an exit; NSSM starts a program again unless it was told otherwise."""
    actions = {code: _EXIT.get(what.lower(), "") for code, what in exits.items()}
    default = actions.get("") or "always"
    final = {
        int(code)
        for code, action in actions.items()
        if _is_code(code) and (default, action) == ("always", "never")
    }
    options["restart.policy"] = "on-failure" if 0 in final else default
    options["restart.max"] = 0  # NSSM never gives up
    if final - {0}:
        options["restart.never_exit"] = sorted(final - {0})
    return [
        lost(f"AppExit {code or 'Default'}", exits[code])
        for code, action in sorted(actions.items())
        if action != default and not (_is_code(code) and int(code) in final)
    ]


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 2**32


def _take_events(
    events: Mapping[str, str], options: dict[str, object], is_file: Callable[[str], bool]
) -> list[str]:
    notes = []
    for event, line in sorted(events.items()):
        try:
            argv = command_words(line, is_file=is_file)
        except SpecError:
            argv = []
        if argv and event in _EVENTS:
            options[_EVENTS[event]] = [argv]
        else:
            notes.append(lost(f"AppEvents {event}", line))
    return notes


def _take_waits(values: dict[str, object], options: dict[str, object]) -> None:
    if delay := _number(values, "AppRestartDelay"):
        options["restart.delay"] = options["restart.max_delay"] = f"{delay}ms"
    if throttle := _number(values, "AppThrottle"):
        options["restart.min_uptime"] = f"{throttle}ms"


def _take_stop(values: dict[str, object], options: dict[str, object]) -> list[str]:
    skipped = _number(values, "AppStopMethodSkip")
    times = {name: _number(values, key, _PATIENCE) for name, key in _STOPS.items()}
    steps = [
        {"signal": name, "timeout": f"{times[name]}ms"}
        for bit, name in _SKIPPED
        if not skipped & bit
    ]
    if steps:
        options["stop.sequence"] = steps
    if _number(values, "AppKillProcessTree", 1) == 0:
        options["stop.tree"] = "main"
    return [] if steps else ["NSSM kills it at once; svcctl asks it first: see stop.sequence"]


def _take_output(values: dict[str, object], options: dict[str, object]) -> list[str]:
    """Take how much output is kept: it is captured in files of ours, not in those of before."""
    files = [str(values.pop(name, "")) for name in ("AppStdout", "AppStderr")]
    if files[0] and files[0] == files[1]:
        options["log.stderr"] = "merge"
    for name in ("AppRotateFiles", "AppRotateOnline"):
        _number(values, name)
    size = (_number(values, "AppRotateBytesHigh") << 32) + _number(values, "AppRotateBytes")
    if size:
        options["log.max_size"] = f"{min(max(size, _SMALLEST_LOG), _LARGEST_LOG)}B"
    if age := _number(values, "AppRotateSeconds", most=_OLDEST_LOG):
        options["log.max_age"] = f"{age}s"
    source = str(values.pop("AppStdin", ""))
    if source:
        options["stdin"] = f"file:.\\{source}" if source.startswith("~") else f"file:{source}"
    return [f"output went to {each}; with svcctl: svcctl logs" for each in sorted({*files} - {""})]


def _take_processors(values: dict[str, object], options: dict[str, object]) -> None:
    priority = values.get("AppPriority")
    if isinstance(priority, int) and priority in _PRIORITIES:
        del values["AppPriority"]
        if name := _PRIORITIES[priority]:
            options["windows.priority"] = name
    if numbers := _processors(str(values.get("AppAffinity", ""))):
        del values["AppAffinity"]
        options["limits.affinity"] = numbers


def _processors(text: str) -> list[int]:
    """Read ``0-2,4`` as 0, 1, 2, 4; give none for what is not written so."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        ends = (low, high or low)
        if not all(each.isascii() and each.isdecimal() for each in ends):
            return []
        if not int(ends[0]) <= int(ends[1]) < _PROCESSORS:
            return []
        found.update(range(int(ends[0]), int(ends[1]) + 1))
    return sorted(found)


def _strings(values: dict[str, object], name: str) -> list[str]:
    """Take the texts called *name* out of *values*; what are none stay there."""
    found = values.get(name)
    if not isinstance(found, list | tuple):
        return []
    del values[name]
    return [str(each) for each in found]


def _number(values: dict[str, object], name: str, default: int = 0, *, most: int = _DWORD) -> int:
    """Take the number called *name* out of *values*; what is none stays there."""
    found = values.get(name, default)
    if not isinstance(found, int) or not 0 <= found <= most:
        return default
    values.pop(name, None)
    return found
