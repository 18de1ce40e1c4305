"""Talks to the shop's database: one line there, one line back."""

from __future__ import annotations

import argparse
import socket


def database_port() -> int:
    """Read ``--database PORT`` from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=int, required=True)
    return int(parser.parse_args().database)


def ask(port: int, question: str) -> str:
    """Give the database's answer; raises OSError where it does not answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=2.0) as line:
        line.sendall(f"{question}\n".encode())
        return line.makefile().readline().strip()
