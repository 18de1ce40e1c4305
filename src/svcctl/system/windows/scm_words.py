"""What an administrator can do about the errors of the SCM."""

from __future__ import annotations

from collections.abc import Mapping

ACCEPTS_NO_CONTROL_NOW = 1061
ALREADY_RUNNING = 1056
CONTROL_NOT_ACCEPTED = 1052
DEPENDENTS_RUN = 1051
DOES_NOT_EXIST = 1060
DISPLAY_NAME_TAKEN = 1078
MARKED_FOR_DELETE = 1072
NEVER_STARTED = 1077
NOT_ACTIVE = 1062
SERVICE_SPECIFIC = 1066

_HINTS: Mapping[int, str] = {
    2: "its program is not where it was installed: svcctl install {name}",
    1051: "stop first what depends on it: svcctl tree {name}",
    1052: "see what it takes now: svcctl status {name}",
    1053: "its host did not speak to Windows in time; see why: svcctl doctor {name}",
    1056: "svcctl status {name}",
    1057: "check the option user, and windows.password",
    1058: "svcctl enable {name}, or change start = 'disabled' and apply it",
    1059: "take one of them out of needs or windows.depends_on",
    1060: "svcctl install {name}",
    1061: "wait until it has started or stopped: svcctl status {name}",
    1062: "svcctl start {name}",
    1067: "see: svcctl logs {name}; svcctl doctor {name}",
    1068: "see which of them fails: svcctl tree {name}",
    1069: "check windows.password, and that the account may log on as a service",
    1072: "close services.msc, Task Manager and whatever else shows it, then try again",
    1073: "svcctl import-native {name}",
    1075: "install it, or take it out of needs or windows.depends_on",
    1078: "choose another display_name",
    1079: "give services of one process the same user",
    1115: "the machine is going down",
    1314: "run it from an elevated prompt, as administrator",
}


def hint(code: int, name: str) -> str:
    """Give what to do about Windows' error *code*, met with the service *name*; or nothing."""
    return _HINTS.get(code, "").format(name=name)
