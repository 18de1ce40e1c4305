"""Records in what was captured of native services, as an agent finds them among its own."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from svcctl.app.arguments import Arguments
from svcctl.app.logs import asked_for
from svcctl.app.searching import found_document, sought, sum_of
from svcctl.errors import UsageError
from svcctl.observe.logs.query import Source
from svcctl.observe.records.search import search


def read_records(
    sources: Sequence[Source], args: Arguments
) -> Generator[tuple[bool, object], None, object]:
    """Give the records that *args* of ``logs`` ask for, or their sum; then how many there were.

    Raises UsageError for what cannot be asked for.
    """
    wanted, last = asked_for(args, now=time.time())
    which = sought(args)
    if not args.flag("stats"):
        count = 0
        for each in search(sources, wanted, which, last=last):
            yield False, found_document(each)
            count += 1
        return {"lines": count}
    if args.flag("follow"):
        raise UsageError("--stats does not follow", hint="leave out one of --stats and -f")
    services = sorted({each.service for each in sources})
    for name in services:
        own = [each for each in sources if each.service == name]
        yield False, sum_of(name, [search(own, wanted, which, last=None)])
    return {"services": len(services)}
