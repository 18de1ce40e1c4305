"""Asks agents from Python: ``from svcctl.client import Client, AsyncClient``."""

from __future__ import annotations

# what programs import; its types stand in __init__.pyi
_WHERE = {
    "AsyncClient": "control_async",
    "Client": "control",
    "EventItem": "shapes",
    "LogItem": "shapes",
    "Outcome": "shapes",
    "Reply": "shapes",
    "Row": "shapes",
    "Standing": "shapes",
}


def __getattr__(name: str) -> object:
    """Load it when it is asked for, see PEP 562: the command line does without."""
    if name not in _WHERE:
        raise AttributeError(f"module 'svcctl.client' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"svcctl.client.{_WHERE[name]}"), name)
