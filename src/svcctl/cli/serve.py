"""``svcctl serve``: the processes that let others in; each way is loaded when it is asked for."""

from __future__ import annotations

import importlib
import importlib.util

import click

from svcctl.cli.command import Group

_WAYS = ("http", "grpc", "rabbitmq", "redis")


class _Ways(Group):
    """Each way in is a command ``NAME`` in the module ``svcctl.cli.serve_NAME``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for name in _WAYS if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from svcctl.cli.commands import PREFIX, name_variables  # noqa: PLC0415 - it loads us

        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(importlib.import_module(_module(cmd_name)), cmd_name)
        assert isinstance(command, click.Command)
        name_variables(command, f"{PREFIX}_SERVE_{cmd_name.upper()}")
        return command


def _module(name: str) -> str:
    return f"svcctl.cli.serve_{name}"


@click.group(cls=_Ways)
def serve() -> None:
    """Let others in: by HTTP, gRPC or a queue.

    Each is a process of its own, without rights: it says who asks, and the agent decides.
    """


serve.examples = (
    "svcctl serve http                            on 127.0.0.1:7411, for programs of this machine",
    "svcctl serve http --listen 0.0.0.0:7411 --cert web.pem --key web.key",
    "svcctl auth token issue me --first           what the first of them shows",
)
