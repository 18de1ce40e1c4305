"""What a test gives as an object is written as a file has it, and read back as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from svcctl.sdk.config.load import load
from svcctl.sdk.config.sources import Sources
from svcctl.spec.units import Command, Duration, Octal, Percent, Size
from svcctl.testing.config_file import write_config


@dataclass(frozen=True, kw_only=True)
class Limits:
    memory: Size = 1024
    processor: Percent | None = None
    mode: Octal = 0o640


@dataclass(frozen=True, kw_only=True)
class Config:
    period: Duration = 10.0
    waits: tuple[Duration, ...] = ()
    program: Command = ("true",)
    limits: Limits = field(default_factory=Limits)


def test_units_are_written_in_their_notation(tmp_path: Path) -> None:
    given = Config(
        period=90.0,
        waits=(0.5, 2.0),
        program=("say", "${name}"),
        limits=Limits(memory=3 << 20, processor=1.5, mode=0o27),
    )

    write_config(tmp_path / "mailer.json", given)

    found = load(Config, Sources(prefix="MAILER", files=(str(tmp_path / "mailer.json"),)))
    assert found.value == given
    assert '"period":"1m30s"' in (tmp_path / "mailer.json").read_text()
