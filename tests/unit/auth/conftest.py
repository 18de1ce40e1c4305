"""What is left out where its library cannot be loaded."""

from __future__ import annotations

import os

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
