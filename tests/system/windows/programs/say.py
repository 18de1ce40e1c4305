"""How the programs of the tests speak: whole lines, though several write to one pipe."""

import sys


def say(*words: object) -> None:
    """Print one line, with one write."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()
