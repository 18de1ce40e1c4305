"""Takes over a service of Windows: one that the SCM starts itself, or one that NSSM wraps."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from svcctl.spec.draft import Draft, service_name
from svcctl.spec.windows_words import command_words, words

_STARTS = {"auto": "auto", "delayed": "delayed", "manual": "manual", "disabled": "disabled"}
_PRIORITIES = {
    0x40: "idle",
    0x4000: "below-normal",
    0x8000: "above-normal",
    0x80: "high",
    0x100: "realtime",
}
_EXIT = {"restart": "always", "ignore": "never", "exit": "never", "suicide": "never"}
_SKIPPED = ((1, "CTRL_C"), (2, "WM_CLOSE"), (4, "WM_QUIT"))  # AppStopMethodSkip
_SPEAKS = (
    "it speaks to the SCM itself: run by svcctl it may say that it was not started as a service; "
    "then keep it as it is"
)
_SILENT = frozenset(("AppThrottle", "AppNoConsole"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service as the SCM has it; *parameters* are the values of its key ``Parameters``.

    *start* is one of ``auto``, ``delayed``, ``manual`` and ``disabled``.
    """

    name: str
    command: str
    display_name: str = ""
    description: str = ""
    start: str = "manual"
    account: str = ""
    dependencies: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)


def draft(found: Found, *, is_file: Callable[[str], bool]) -> Draft:
    """Give a first version of *found*; what it has no place for is named in its note.

    *is_file* tells where the program ends in a command line without quotes.
    """
    wrapped = "nssm" in found.command.lower() and "Application" in found.parameters
    return _wrapped(found) if wrapped else _own(found, is_file)


def _own(found: Found, is_file: Callable[[str], bool]) -> Draft:
    return Draft(
        name=service_name(found.name),
        exec=tuple(command_words(found.command, is_file=is_file)),
        env=_variables(found.environment),
        options=_common(found),
        note=f"from the Windows service {found.name}\n{_SPEAKS}",
    )


def _common(found: Found) -> dict[str, object]:
    options: dict[str, object] = {}
    if found.description:
        options["description"] = found.description
    if found.display_name and found.display_name != found.name:
        options["display_name"] = found.display_name
    options["start"] = _STARTS.get(found.start, "manual")
    if found.account:
        options["user"] = found.account
    services = [each for each in found.dependencies if not each.startswith("+")]
    groups = [each[1:] for each in found.dependencies if each.startswith("+")]
    if services:
        options["windows.depends_on"] = services
    if groups:
        options["windows.depends_on_groups"] = groups
    return options


def _wrapped(found: Found) -> Draft:
    """Read the parameters of NSSM: see its documentation, "Parameters"."""
    values = dict(found.parameters)
    program = str(values.pop("Application"))
    arguments = words(str(values.pop("AppParameters", "")))
    cwd = str(values.pop("AppDirectory", "")) or ntpath.dirname(program)
    variables = _strings(values.pop("AppEnvironment", None))
    options = _common(found)
    if variables:
        options["env_clean"] = True
    variables += _strings(values.pop("AppEnvironmentExtra", None))
    _take_restarts(values, options)
    _take_stop(values, options)
    _take_output(values, options)
    if "AppPriority" in values:
        priority = _PRIORITIES.get(_number(values.pop("AppPriority")))
        options |= {"windows.priority": priority} if priority else {}
    if "AppAffinity" in values:
        options["limits.affinity"] = _processors(str(values.pop("AppAffinity")))
    lost = [
        f"not carried over: {name} = {values[name]!r}" for name in sorted(values.keys() - _SILENT)
    ]
    return Draft(
        name=service_name(found.name),
        exec=(program, *arguments),
        cwd=cwd,
        env=_variables(tuple(variables)),
        options=options,
        note="\n".join([f"from the NSSM service {found.name}", *lost]),
    )


def _take_restarts(values: dict[str, object], options: dict[str, object]) -> None:
    exits = values.pop("AppExit", None)
    default = str(exits).lower() if isinstance(exits, str) else "restart"
    options["restart.policy"] = _EXIT.get(default, "always")
    options["restart.max"] = 0  # NSSM never gives up
    if delay := _number(values.pop("AppRestartDelay", 0)):
        options["restart.delay"] = f"{delay}ms"
    if throttle := _number(values.get("AppThrottle", 0)):
        options["restart.min_uptime"] = f"{throttle}ms"


def _take_stop(values: dict[str, object], options: dict[str, object]) -> None:
    skipped = _number(values.pop("AppStopMethodSkip", 0))
    times = {
        "CTRL_C": _number(values.pop("AppStopMethodConsole", 1500)),
        "WM_CLOSE": _number(values.pop("AppStopMethodWindow", 1500)),
        "WM_QUIT": _number(values.pop("AppStopMethodThreads", 1500)),
    }
    steps = [
        {"signal": name, "timeout": f"{times[name]}ms"}
        for bit, name in _SKIPPED
        if not skipped & bit
    ]
    if steps:
        options["stop.sequence"] = steps
    if _number(values.pop("AppKillProcessTree", 1)) == 0:
        options["stop.tree"] = "main"


def _take_output(values: dict[str, object], options: dict[str, object]) -> None:
    """svcctl captures output in files of its own; only how much of it is kept is taken over."""
    outputs = [values.pop(name, None) for name in ("AppStdout", "AppStderr")]
    if outputs[0] is not None and outputs[0] == outputs[1]:
        options["log.stderr"] = "merge"
    for name in ("AppRotateFiles", "AppRotateOnline", "AppRotateBytesHigh"):
        values.pop(name, None)
    if size := _number(values.pop("AppRotateBytes", 0)):
        options["log.max_size"] = f"{max(size, 1024)}B"
    if age := _number(values.pop("AppRotateSeconds", 0)):
        options["log.max_age"] = f"{age}s"
    if source := values.pop("AppStdin", None):
        options["stdin"] = f"file:{source}"


def _variables(entries: tuple[str, ...]) -> dict[str, str]:
    pairs = (each.partition("=") for each in entries)
    return {name: value for name, _, value in pairs if name}


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _processors(text: str) -> list[int]:
    """Read ``0-2,4`` as 0, 1, 2, 4."""
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        if low.isdecimal():
            found += range(int(low), int(high or low) + 1)
    return found
