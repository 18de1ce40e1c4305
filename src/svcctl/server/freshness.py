"""Has a front show new certificates while it serves: once files change, and at SIGHUP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from svcctl.auth.contexts import Material
from svcctl.bootstrap import front as here
from svcctl.errors import StateFault

log = logging.getLogger(__name__)


@contextmanager
def kept_fresh(
    material: Material | None,
    show: Callable[[Material], None] | None,
    *,
    hangup: Callable[[], None],
) -> Iterator[None]:
    """Call *show* when the files of *material* have changed, and at SIGHUP, while the block lasts.

    What it raises of StateFault is logged: perhaps only one of the files is new yet.  *hangup* is
    called at SIGHUP as well.
    """

    def reload(changed: object = None) -> None:
        del changed
        if material is None or show is None:
            return
        try:
            show(material)
            log.info("front.certificates")
        except StateFault as error:
            log.error("front.stale", extra={"problem": error.problem, "hint": error.hint})

    def hung_up() -> None:
        reload()
        hangup()

    here.on_hangup(hung_up)
    watched = () if material is None else (material.certificate, material.key, material.trust)
    cancel = here.files().watch(tuple(filter(None, watched)), reload) if watched else None
    try:
        yield
    finally:
        if cancel:
            cancel()
