"""What is left out where its library cannot be loaded."""

from __future__ import annotations

import os

# Wine cannot load the library of cryptography: signatures are proven elsewhere.
collect_ignore = ["test_host_keys.py"] if os.name == "nt" else []
