"""The commands that change services and wait for what becomes of it."""

from __future__ import annotations

from svcctl.cli.ask import confirm
from svcctl.cli.outcomes import carry_out, show
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import OUTPUT, YES, verb_command

_NEXT = {
    "start": "svcctl logs {names} -f",
    "stop": "svcctl start {names}",
    "restart": "svcctl logs {names} -f",
    "pause": "svcctl resume {names}",
    "resume": "svcctl status {names}",
    "reset": "svcctl status {names}",
    "kill": "svcctl status {names}",
    "scale": "svcctl status {names}",
}


def _change(session: Session, asked: Asked) -> int:
    """Carry out a verb whose result is a list of outcomes."""
    result = carry_out(session, asked.request())
    assert isinstance(result, list)
    signal = str(asked.args.get("signal", "")).upper().removeprefix("SIG")
    status = show(session, result, verb=asked.verb, output=asked.text("output"), signal=signal)
    if status == 0 and asked.text("output") == "text":
        _tell_next(session, asked)
    return status


def _tell_next(session: Session, asked: Asked) -> None:
    names = " ".join(asked.selection.names)
    if asked.args.get("no_wait"):
        session.tell(f"not waited for; next: svcctl status {names}".rstrip())
    elif names and asked.verb in _NEXT:
        session.tell(f"next: {_NEXT[asked.verb].format(names=names)}")


def _stop(session: Session, asked: Asked) -> int:
    """Stop; everything only after a question."""
    everything = asked.selection.all
    if everything and not confirm(session, "Stop all services?", yes=asked.flag("yes")):
        return 1
    return _change(session, asked)


start = verb_command("start", _change, OUTPUT)
stop = verb_command("stop", _stop, OUTPUT, YES)
restart = verb_command("restart", _change, OUTPUT)
reload = verb_command("reload", _change, OUTPUT)
pause = verb_command("pause", _change, OUTPUT)
resume = verb_command("resume", _change, OUTPUT)
reset = verb_command("reset", _change, OUTPUT)
kill = verb_command("kill", _change, OUTPUT)
scale = verb_command("scale", _change, OUTPUT)
enable = verb_command("enable", _change, OUTPUT)
disable = verb_command("disable", _change, OUTPUT)
wait = verb_command("wait", _change, OUTPUT, flags={"condition": "for"})
