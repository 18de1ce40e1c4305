"""svcctl turns any program, or any Python class, into a dependable background service."""

from __future__ import annotations

__version__ = "0.1.0"

# what authors of services import; its types stand in __init__.pyi
_WHERE = {
    "App": "sdk.app",
    "Command": "spec.units",
    "Context": "sdk.context",
    "Duration": "spec.units",
    "Percent": "spec.units",
    "Regex": "spec.units",
    "Secret": "sdk.config.secret",
    "Service": "sdk.service",
    "Size": "spec.units",
    "ThreadContext": "sdk.threaded",
    "Traits": "sdk.traits",
    "check": "sdk.marks",
    "cron": "sdk.marks",
    "every": "sdk.marks",
    "lock_file": "sdk.files",
    "restart": "sdk.config.restart",
    "resumes": "sdk.marks",
    "secret": "sdk.config.secret",
    "serve": "sdk.app",
    "take_listeners": "sdk.crash.restart",
    "temp_file": "sdk.files",
    "temp_folder": "sdk.files",
}
# these live with asyncio, which is imported for them without OpenSSL
_WITH_ASYNCIO = ("App", "Context", "Service", "ThreadContext", "serve")


def __getattr__(name: str) -> object:
    """Load what a service is made of when it is asked for, see PEP 562: commands do without."""
    if name not in _WHERE:
        raise AttributeError(f"module 'svcctl' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    if name in _WITH_ASYNCIO:
        import_module("svcctl.sdk.lean").import_asyncio()
    return getattr(import_module(f"svcctl.{_WHERE[name]}"), name)
