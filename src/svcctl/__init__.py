"""svcctl turns any program, or any Python class, into a dependable background service."""

__version__ = "0.1.0"
