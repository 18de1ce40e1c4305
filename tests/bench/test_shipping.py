"""What is measured of shipping is what the agent does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import shipping


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["syslog", "loki"])
def test_every_line_is_sent(tmp_path: Path, kind: str) -> None:
    shipping.write(tmp_path / "app.log", 500)

    with shipping.over_tcp() if kind == "syslog" else shipping.over_http() as sink:
        took = shipping.send(kind, port=sink.port, folder=tmp_path, lines=500)

    assert took > 0.0
