"""Coroutines as tests; and what is left out where its library cannot be loaded."""

from __future__ import annotations

import os

from tests.contract.conftest import pytest_pyfunc_call

__all__ = ["pytest_pyfunc_call"]

collect_ignore: list[str] = []
if os.name == "nt":
    # Wine cannot load the library of cryptography: keys and certificates are tried elsewhere.
    try:
        import cryptography.hazmat.bindings._rust  # noqa: F401
    except ImportError:
        collect_ignore += [
            f"test_{each}.py"
            for each in ("certificates", "envelope", "oidc", "sealing", "signature", "tokens")
        ]
