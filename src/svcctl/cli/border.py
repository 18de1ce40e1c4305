"""Turns what was asked into work, and what went wrong into words and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from svcctl.cli.output import Screen, screen, written
from svcctl.cli.quick import plain_status
from svcctl.errors import SpecError, SvcctlError, SystemFault, UsageError

if TYPE_CHECKING:
    import click

    from svcctl.cli.session import Session

_FAILED = 1
_INTERRUPTED = 130
_PIPE_CLOSED = 141  # 128 + SIGPIPE: what a shell reports of any other program


def exit_status(argv: Sequence[str]) -> int:
    """Do what *argv* says; failures are told on stderr."""
    try:
        status = _do(argv)
        with written():
            sys.stdout.flush()
    except SvcctlError as error:
        _tell_of(error, argv)
        return error.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return _PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the border: a bug, too, gets a readable line
        _tell_of(error, argv)
        return _FAILED
    return status


def _tell_of(error: Exception, argv: Sequence[str]) -> None:
    """Tell what went wrong, as far as it can be told, after what was written before it."""
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()
    with suppress(OSError, SystemFault):
        if isinstance(error, SvcctlError):
            report(error, _err(argv))
        else:
            _report_bug(error, argv, _err(argv))


def report(error: SvcctlError, err: Screen) -> None:
    """Tell people of an expected failure: what, its code, and what to do."""
    for each in error.mistakes if isinstance(error, SpecError) else ():
        if str(each) == error.problem:  # the only one, told below
            continue
        err.line(err.words.told(str(each)))
        if each.hint:
            err.line(f"  {err.hint(each.hint)}")
    said = err.words.told(error.problem)
    err.line(f"{err.paint(err.words.of('error'), 'bad')}[{error.code}]: {said}")
    if error.hint:
        err.line(err.hint(error.hint))


def _do(argv: Sequence[str]) -> int:
    plain = plain_status(argv, os.environ)
    if plain is None:
        return _through_click(argv)
    from svcctl.cli.hosts import for_whom  # noqa: PLC0415
    from svcctl.cli.session import Asked, Session  # noqa: PLC0415
    from svcctl.cli.standing import show  # noqa: PLC0415
    from svcctl.wire import Selection  # noqa: PLC0415

    names, output = plain
    session = for_whom(
        Session(out=screen(sys.stdout, os.environ), err=screen(sys.stderr, os.environ)),
        "status",
        None,
        is_typed=False,
        is_for_people=not output.startswith("json"),
    )
    selection = Selection(names=tuple(names), all=not names)
    return show(session, Asked(verb="status", selection=selection, options={"output": output}))


def _through_click(argv: Sequence[str], session: Session | None = None) -> int:
    """Do it as click reads it, in *session* where it is one of several machines' at once."""
    import click  # noqa: PLC0415

    from svcctl.cli.commands import svcctl  # noqa: PLC0415

    if "_SVCCTL_COMPLETE" in os.environ:
        svcctl.main(list(argv), prog_name="svcctl")
    try:
        with svcctl.make_context("svcctl", list(argv), obj=session) as context:
            status = None if session else _on_several(argv, context)
            status = svcctl.invoke(context) if status is None else status
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        _err(argv).line(error.format_message())
        return UsageError.exit_status
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise _usage_error(error) from error
    return status if isinstance(status, int) else 0


def _on_several(argv: Sequence[str], context: click.Context) -> int | None:
    """Do what *argv* says on each of several machines; None where it names no more than one."""
    from svcctl.cli.commands import WORDS, session_of  # noqa: PLC0415
    from svcctl.cli.hosts import insist_on_others, output_of, several  # noqa: PLC0415

    given, words = context.params, context.meta[WORDS]
    remotes = several(given["home"], given["host"])
    if not remotes:
        return None
    insist_on_others(words[0], remotes)
    from svcctl.cli.fan_out import on_each  # noqa: PLC0415 - few ask several

    def work(session: Session) -> int:
        try:
            return _through_click(argv, session)
        except SvcctlError as error:
            report(error, session.err)
            return error.exit_status
        except BrokenPipeError:
            return _PIPE_CLOSED
        except Exception as error:  # noqa: BLE001 - the border of this machine, as above
            _report_bug(error, argv, session.err)
            return _FAILED

    return on_each(session_of(given), remotes, work, output=output_of(words))


def _usage_error(error: click.ClickException) -> UsageError:
    """Give what click says of how something was typed, in our words as far as it is known."""
    import click  # noqa: PLC0415

    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"see: {context.command_path if context else 'svcctl'} --help"
    match error:
        case click.NoSuchOption():
            near = sorted(error.possibilities or ())
            hint = f"did you mean {near[0]!r}? {hint}" if near else hint
            return UsageError(f"no option {error.option_name!r}", hint=hint)
        case click.MissingParameter(param=param) if param and context:
            return UsageError(f"{param.get_error_hint(context)} must be given", hint=hint)
        case click.BadParameter(param=param) if param and context:
            if isinstance(error.__cause__, SvcctlError):
                hint = error.__cause__.hint or hint
            shown = param.get_error_hint(context)
            return UsageError(f"bad value for {shown}: {_ours(error.message)}", hint=hint)
    return UsageError(_ours(error.format_message()), hint=hint)


def _ours(text: str) -> str:
    """Give what click says as a problem is written here."""
    return f"{text[:1].lower()}{text[1:]}".rstrip(".")


def _err(argv: Sequence[str]) -> Screen:
    return screen(sys.stderr, os.environ, colour="--no-color" not in argv)


def _report_bug(error: Exception, argv: Sequence[str], err: Screen) -> None:
    if {"-v", "--verbose"} & set(argv) or os.environ.get("SVCCTL_VERBOSE"):
        import traceback  # noqa: PLC0415

        traceback.print_exception(error)
    err.line(f"{err.paint(err.words.of('bug'), 'bad')}: {type(error).__name__}: {error}")
    err.line(err.hint("this should not happen; svcctl -v and the same command again shows where"))


def _forget_stdout() -> None:
    """Keep the interpreter from complaining, at its end, that nobody reads stdout any more."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        return
