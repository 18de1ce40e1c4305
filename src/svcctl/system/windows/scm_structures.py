"""The structures of winsvc.h, and the way from them to values of ours and back."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from ctypes import wintypes
from typing import Any
from uuid import UUID

from svcctl.spec.native import ErrorControl, Recovery, SidType
from svcctl.system.windows.scm_config import (
    FailureActions,
    FailureStep,
    ScmConfig,
    ScmStart,
)
from svcctl.system.windows.scm_triggers import ScmTrigger, multi_string

INFINITE = 0xFFFFFFFF

DESCRIPTION, FAILURE_ACTIONS, DELAYED, FAILURE_FLAG = 1, 2, 3, 4
SID, PRIVILEGES, PRESHUTDOWN, TRIGGERS = 5, 6, 7, 8
"""Levels of ChangeServiceConfig2W: SERVICE_CONFIG_*."""

START_TYPES = {
    ScmStart.BOOT: 0,
    ScmStart.SYSTEM: 1,
    ScmStart.AUTO: 2,
    ScmStart.DELAYED: 2,
    ScmStart.MANUAL: 3,
    ScmStart.DISABLED: 4,
}
ERROR_CONTROLS = dict(zip(ErrorControl, range(4), strict=True))
_SID_TYPES = {SidType.NONE: 0, SidType.UNRESTRICTED: 1, SidType.RESTRICTED: 3}
_ACTIONS = dict(zip(Recovery, range(4), strict=True))

_Bytes = ctypes.POINTER(ctypes.c_ubyte)


class ServiceStatusProcess(ctypes.Structure):
    """SERVICE_STATUS_PROCESS."""

    _fields_ = (
        ("dwServiceType", wintypes.DWORD),
        ("dwCurrentState", wintypes.DWORD),
        ("dwControlsAccepted", wintypes.DWORD),
        ("dwWin32ExitCode", wintypes.DWORD),
        ("dwServiceSpecificExitCode", wintypes.DWORD),
        ("dwCheckPoint", wintypes.DWORD),
        ("dwWaitHint", wintypes.DWORD),
        ("dwProcessId", wintypes.DWORD),
        ("dwServiceFlags", wintypes.DWORD),
    )


class ServiceStatus(ctypes.Structure):
    """SERVICE_STATUS."""

    _fields_ = ServiceStatusProcess._fields_[:7]


class EnumServiceStatusProcess(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW."""

    _fields_ = (
        ("lpServiceName", wintypes.LPWSTR),
        ("lpDisplayName", wintypes.LPWSTR),
        ("status", ServiceStatusProcess),
    )


class EnumServiceStatus(ctypes.Structure):
    """ENUM_SERVICE_STATUSW."""

    _fields_ = (
        ("lpServiceName", wintypes.LPWSTR),
        ("lpDisplayName", wintypes.LPWSTR),
        ("status", ServiceStatus),
    )


class QueryServiceConfig(ctypes.Structure):
    """QUERY_SERVICE_CONFIGW."""

    _fields_ = (
        ("dwServiceType", wintypes.DWORD),
        ("dwStartType", wintypes.DWORD),
        ("dwErrorControl", wintypes.DWORD),
        ("lpBinaryPathName", wintypes.LPWSTR),
        ("lpLoadOrderGroup", wintypes.LPWSTR),
        ("dwTagId", wintypes.DWORD),
        ("lpDependencies", ctypes.c_void_p),
        ("lpServiceStartName", wintypes.LPWSTR),
        ("lpDisplayName", wintypes.LPWSTR),
    )


class Text(ctypes.Structure):
    """SERVICE_DESCRIPTIONW."""

    _fields_ = (("lpDescription", wintypes.LPWSTR),)


class Number(ctypes.Structure):
    """Any of the structures that hold one number: delayed start, flag, SID type, preshutdown."""

    _fields_ = (("value", wintypes.DWORD),)


class MultiString(ctypes.Structure):
    """SERVICE_REQUIRED_PRIVILEGES_INFOW."""

    _fields_ = (("pmszRequiredPrivileges", _Bytes),)


class PrivilegesFound(ctypes.Structure):
    """SERVICE_REQUIRED_PRIVILEGES_INFOW as it is read: the address, for there is no length."""

    _fields_ = (("pmszRequiredPrivileges", ctypes.c_void_p),)


class Action(ctypes.Structure):
    """SC_ACTION."""

    _fields_ = (("Type", wintypes.DWORD), ("Delay", wintypes.DWORD))


class ServiceFailureActions(ctypes.Structure):
    """SERVICE_FAILURE_ACTIONSW."""

    _fields_ = (
        ("dwResetPeriod", wintypes.DWORD),
        ("lpRebootMsg", wintypes.LPWSTR),
        ("lpCommand", wintypes.LPWSTR),
        ("cActions", wintypes.DWORD),
        ("lpsaActions", ctypes.POINTER(Action)),
    )


class TriggerItem(ctypes.Structure):
    """SERVICE_TRIGGER_SPECIFIC_DATA_ITEM."""

    _fields_ = (
        ("dwDataType", wintypes.DWORD),
        ("cbData", wintypes.DWORD),
        ("pData", _Bytes),
    )


class Guid(ctypes.Structure):
    """GUID, as its 16 bytes."""

    _fields_ = (("bytes_le", ctypes.c_ubyte * 16),)


class ServiceTrigger(ctypes.Structure):
    """SERVICE_TRIGGER."""

    _fields_ = (
        ("dwTriggerType", wintypes.DWORD),
        ("dwAction", wintypes.DWORD),
        ("pTriggerSubtype", ctypes.POINTER(Guid)),
        ("cDataItems", wintypes.DWORD),
        ("pDataItems", ctypes.POINTER(TriggerItem)),
    )


class ServiceTriggerInfo(ctypes.Structure):
    """SERVICE_TRIGGER_INFO."""

    _fields_ = (
        ("cTriggers", wintypes.DWORD),
        ("pTriggers", ctypes.POINTER(ServiceTrigger)),
        ("pReserved", ctypes.c_void_p),
    )


def packed(config: ScmConfig) -> Mapping[str, tuple[int, Callable[[], ctypes.Structure]]]:
    """Give for each member of *config* that ChangeServiceConfig2W sets its level and structure."""
    return {
        "description": (DESCRIPTION, lambda: Text(config.description)),
        "start": (DELAYED, lambda: Number(config.start is ScmStart.DELAYED)),
        "sid_type": (SID, lambda: Number(_SID_TYPES[config.sid_type])),
        "privileges": (PRIVILEGES, lambda: MultiString(_bytes(multi_string(config.privileges)))),
        "failure_actions": (FAILURE_ACTIONS, lambda: pack_actions(config.failure_actions)),
        "actions_on_error": (FAILURE_FLAG, lambda: Number(config.actions_on_error)),
        "preshutdown": (PRESHUTDOWN, lambda: Number(config.preshutdown)),
        "triggers": (TRIGGERS, lambda: pack_triggers(config.triggers)),
    }


def pack_actions(actions: FailureActions) -> ServiceFailureActions:
    """Give *actions* as the SCM takes them; empty texts and no steps erase what is there.

    The array must be there even where it has no elements: without it nothing is changed.
    """
    steps = (Action * max(len(actions.steps), 1))(
        *(Action(_ACTIONS[step.do], step.delay) for step in actions.steps)
    )
    return ServiceFailureActions(
        INFINITE if actions.reset is None else actions.reset,
        actions.reboot_message,
        actions.command,
        len(actions.steps),
        steps,
    )


def unpack_actions(found: ServiceFailureActions) -> FailureActions:
    """Give what the SCM has; actions of kinds we do not know count as none."""
    actions = {number: action for action, number in _ACTIONS.items()}
    steps = tuple(
        FailureStep(do=actions.get(each.Type, Recovery.NONE), delay=each.Delay)
        for each in found.lpsaActions[: found.cActions]
    )
    reset = None if found.dwResetPeriod == INFINITE else found.dwResetPeriod
    return FailureActions(
        steps=steps,
        reset=reset if steps else 0,
        command=found.lpCommand or "",
        reboot_message=found.lpRebootMsg or "",
    )


def pack_triggers(triggers: tuple[ScmTrigger, ...]) -> ServiceTriggerInfo:
    """Give *triggers* as the SCM takes them; none erase what is there."""
    if not triggers:
        return ServiceTriggerInfo(0, None, None)
    array = (ServiceTrigger * len(triggers))(*map(_pack_trigger, triggers))
    return ServiceTriggerInfo(len(triggers), array, None)


def unpack_triggers(found: ServiceTriggerInfo) -> tuple[ScmTrigger, ...]:
    """Give what the SCM has."""
    return tuple(
        ScmTrigger(
            kind=each.dwTriggerType,
            action=each.dwAction,
            subtype=str(UUID(bytes_le=bytes(each.pTriggerSubtype.contents.bytes_le))),
            items=tuple(
                (item.dwDataType, bytes(item.pData[: item.cbData]))
                for item in each.pDataItems[: each.cDataItems]
            ),
        )
        for each in found.pTriggers[: found.cTriggers]
    )


def _pack_trigger(trigger: ScmTrigger) -> ServiceTrigger:
    guid = Guid((ctypes.c_ubyte * 16)(*UUID(trigger.subtype).bytes_le))
    items = (TriggerItem * max(len(trigger.items), 1))(
        *(TriggerItem(kind, len(data), _bytes(data)) for kind, data in trigger.items)
    )
    return ServiceTrigger(
        trigger.kind,
        trigger.action,
        ctypes.pointer(guid),
        len(trigger.items),
        items if trigger.items else None,
    )


def unpack_sid_type(number: int) -> SidType:
    """Give the kind of SID that *number* stands for."""
    return {value: kind for kind, value in _SID_TYPES.items()}.get(number, SidType.NONE)


def unpack_start(number: int, *, delayed: bool) -> ScmStart:
    """Give when the SCM starts a service of that start type."""
    if number == START_TYPES[ScmStart.AUTO]:
        return ScmStart.DELAYED if delayed else ScmStart.AUTO
    return {value: start for start, value in START_TYPES.items()}.get(number, ScmStart.MANUAL)


def unpack_error_control(number: int) -> ErrorControl:
    """Give what Windows does when the service fails at boot."""
    return {value: each for each, value in ERROR_CONTROLS.items()}.get(number, ErrorControl.NORMAL)


def strings_at(address: int | None) -> tuple[str, ...]:
    """Give the strings that stand one after the other at *address*, up to an empty one."""
    found: list[str] = []
    while address and (each := ctypes.wstring_at(address)):
        found.append(each)
        address += (len(each) + 1) * ctypes.sizeof(ctypes.c_wchar)
    return tuple(found)


def _bytes(data: bytes) -> Any:  # noqa: ANN401 - a pointer that keeps what it points to
    return ctypes.cast((ctypes.c_ubyte * len(data))(*data), _Bytes)
