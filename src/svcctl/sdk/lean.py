"""Imports asyncio without OpenSSL, which is loaded once somebody speaks TLS: a service is smaller.

asyncio imports ssl whenever it is there, and a process grows by 4 MB for good, see bench/sdk.py.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

_FOR_TLS = ("ssl", "asyncio.sslproto")


class _Later(ModuleType):
    """What asyncio holds instead of a module: asked for anything, it asks the real one."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # the import system looks whether there is more to do
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


def import_asyncio() -> None:
    """Import asyncio as above; where it is imported already nothing changes.

    TLS streams and servers work as always, and ``import ssl`` gives the real module.
    """
    wanted = [name for name in _FOR_TLS if name not in sys.modules]
    if "asyncio" in sys.modules:
        return
    for name in wanted:
        sys.modules[name] = _Later(name)
    try:
        import asyncio  # noqa: F401, PLC0415 - only now
    finally:
        for name in wanted:
            del sys.modules[name]
