"""``svcctl completion``: the script a shell needs to complete commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from svcctl.cli.command import Command
from svcctl.cli.session import Session

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    params=[click.Argument(["shell"], type=click.Choice(_SHELLS))],
    help="Print a completion script for a shell.",
)
@click.pass_context
def completion(context: click.Context, /, *, shell: str) -> int:
    session = context.obj
    assert isinstance(session, Session)
    kind = get_completion_class(shell)
    assert kind is not None, shell
    root = context.find_root().command
    script = kind(root, {}, "svcctl", "_SVCCTL_COMPLETE").source()
    session.out.line(script.rstrip())
    return 0


completion.examples = (
    'eval "$(svcctl completion bash)"        # in ~/.bashrc',
    'eval "$(svcctl completion zsh)"         # in ~/.zshrc',
    "svcctl completion fish | source         # in ~/.config/fish/config.fish",
)
