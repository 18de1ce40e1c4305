"""How the agent of this machine is asked from within a loop."""

from __future__ import annotations

from svcctl.bootstrap.connection import streams_to
from svcctl.bootstrap.local import paths
from svcctl.client.conversation import Conversation
from svcctl.errors import AgentUnreachable, quoted


async def conversation_with(home: str | None) -> Conversation:
    """Begin a conversation with this user's agent, or that under *home*.

    Raises AgentUnreachable.
    """
    where = paths(home)
    try:
        return Conversation(*await streams_to(where))
    except OSError as error:
        raise AgentUnreachable(
            f"no agent answers at {quoted(where.socket)}: {error.strerror or error}",
            hint="start one: svcctl agent run",
        ) from error
