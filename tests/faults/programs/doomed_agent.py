"""An agent that ends, as by kill -9, at its N-th write to the state: ``doomed_agent.py N before``.

``after`` instead of ``before``: the write is done, and nothing that comes after it.  One that comes
to its end leaves the number of its writes in the file ``writes`` of its home.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from typing import Any

from svcctl.server import process

WRITES = ("BEGIN", "COMMIT", "REPLACE", "DELETE", "INSERT")


def main() -> int:
    number, moment = int(sys.argv[1]), sys.argv[2]
    connect = sqlite3.connect
    writes = 0

    def counted(call: Any, statement: str, *args: Any) -> Any:
        nonlocal writes
        writes += statement.startswith(WRITES)
        last = writes == number and statement.startswith(WRITES)
        if last and moment == "before":
            os._exit(9)
        found = call(statement, *args)
        if last:
            os._exit(9)
        return found

    class Doomed(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> Any:
            return counted(super().execute, sql, *args)

        def executemany(self, sql: str, *args: Any) -> Any:
            return counted(super().executemany, sql, *args)

        def executescript(self, sql: str) -> Any:
            return counted(super().executescript, sql)

    def connect_doomed(*args: Any, **options: Any) -> sqlite3.Connection:
        return connect(*args, factory=Doomed, **options)

    setattr(sqlite3, "connect", connect_doomed)  # noqa: B010 - its type has overloads
    status = process.main()
    with open(f"{os.environ['SVCCTL_HOME']}/writes", "w") as file:
        file.write(str(writes))
    return status


if __name__ == "__main__":
    sys.exit(main())
