"""What channels and receivers have in common: they are tried, and their table is shown."""

from __future__ import annotations

from svcctl.cli.human import length
from svcctl.cli.output import as_json
from svcctl.cli.session import Asked, Run, Session
from svcctl.cli.show import show_definition

_FAILED = 1


def tried(field: str) -> Run:
    """Give what tries the one that *field* of the answer names, and says what came back."""

    def run(session: Session, asked: Asked) -> int:
        found = session.ask(asked.request())
        assert isinstance(found, dict)
        if asked.text("output") == "json":
            session.out.line(as_json(found))
        elif found["ok"]:
            session.out.line(f"{found[field]} took it within {length(found['seconds'])}")
        else:
            err = session.err
            err.line(f"{err.paint('failed', 'bad')}: {found[field]}: {found['problem']}")
            if found["hint"]:
                err.line(f"hint: {found['hint']}")
        return 0 if found["ok"] else _FAILED

    return run


def show_table(session: Session, asked: Asked) -> int:
    """Show a table that is said once for all services, as it is in force."""
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
    else:
        show_definition(session, found)
    return 0
