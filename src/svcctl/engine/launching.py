"""How what belongs to an instance is launched: its program, and the commands beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from svcctl.engine import environment
from svcctl.engine.keeping import Keeping
from svcctl.errors import CannotSpawn
from svcctl.ports import Launch
from svcctl.spec.policy import LogTo

_INHERIT = -1


def launch(
    keeper: Keeping, argv: tuple[str, ...], *, tag: str, extra: dict[str, str] | None = None
) -> Launch:
    """Give *argv* as it is run for *keeper*, under a token of its own; raises CannotSpawn.

    *tag* names the tree, *extra* are variables besides those of the definition.
    """
    world = keeper.world
    place = environment.Place(
        instance=keeper.name,
        number=keeper.number,
        base=world.environ,
        credentials=world.credentials,
        services=world.services,
        extra=extra or {},
    )
    return environment.launch(keeper.spec, place, argv=argv, tag=tag, token=os.urandom(8).hex())


@contextmanager
def outputs(keeper: Keeping) -> Iterator[tuple[int | None, int | None]]:
    """Give descriptors for a child's stdout and stderr, closed when the block is left.

    Raises CannotSpawn.
    """
    with ExitStack() as stack:
        match keeper.spec.log.to:
            case LogTo.CAPTURE:
                pair = (_writer(keeper, "stdout", stack), _writer(keeper, "stderr", stack))
            case LogTo.INHERIT | LogTo.JOURNAL:  # a host's own output is the journal
                pair = (_INHERIT, _INHERIT)
            case _:
                pair = (None, None)
        yield pair


def _writer(keeper: Keeping, stream: str, stack: ExitStack) -> int | None:
    """Give a descriptor that is closed with *stack*; raises CannotSpawn."""
    try:
        found = keeper.sink.writer(stream)
    except OSError as error:
        raise CannotSpawn(f"its {stream} cannot be captured: {error.strerror}") from error
    if found is not None:
        stack.callback(os.close, found)
    return found
