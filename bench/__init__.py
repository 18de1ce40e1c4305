"""Measures svcctl beside what the machine itself needs for the same work: ``python -m bench``."""
