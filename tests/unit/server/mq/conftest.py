"""What is left out where its library cannot be loaded."""

from __future__ import annotations

import os

# Wine cannot load the library of cryptography: commands are proven and refused elsewhere.
collect_ignore = ["test_serving.py"] if os.name == "nt" else []
