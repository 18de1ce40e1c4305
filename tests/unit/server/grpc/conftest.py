"""What is left out where its library cannot be loaded."""

from __future__ import annotations

import os

# Wine has neither gRPC nor protoc: what is described, and how it is read, is tried elsewhere.
collect_ignore_glob = ["test_*.py"] if os.name == "nt" else []
