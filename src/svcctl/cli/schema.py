"""``svcctl schema``: what editors need to help with definitions."""

from __future__ import annotations

import click

from svcctl.cli.command import Command
from svcctl.cli.output import as_json
from svcctl.cli.session import Session


@click.command(cls=Command, help="Print the JSON Schema of definitions, for editors.")
@click.pass_obj
def schema(session: Session, /) -> int:
    from svcctl.spec.schema import json_schema  # noqa: PLC0415

    session.out.line(as_json(json_schema()))
    return 0


schema.examples = (
    "svcctl schema > svcctl.schema.json",
    "head -1 svcctl.toml    # is then: #:schema ./svcctl.schema.json",
)
