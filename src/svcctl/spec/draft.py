"""First versions of services, found or asked for, and definition files made of them."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from svcctl.errors import Mistake, SpecError, quoted
from svcctl.spec.interpolate import escape
from svcctl.spec.load import load_files
from svcctl.spec.names import SERVICE_NAME
from svcctl.spec.toml import toml_key, toml_value

SCHEMA_LINE = "#:schema ./svcctl.schema.json"
"""The first line of a file, for editors that check TOML (taplo, tombi)."""

_HEAD = f"{SCHEMA_LINE}\nversion = 1\n"
_EXAMPLE = """\
# [services.web]
# exec = ["python3", "-m", "http.server", "8000"]
# restart.policy = "always"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A service somebody might want: what was found, and a *note* on where or what is missing.

    *exec* with one word and *shell* is a line for the shell. One with neither *exec* nor *python*
    is written as a comment. *needs* goes by condition (``ready``), *options* are further ones by
    their path.
    """

    name: str
    exec: tuple[str, ...] = ()
    shell: bool = False
    python: str = ""
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    note: str = ""


def render(drafts: Iterable[Draft]) -> str:
    """Print *drafts* as a whole file, with an example where none has a command.

    Names that are taken get a number; needs of what is not there are left out.
    """
    known = _distinct(drafts)
    runnable = {draft.name for draft in known if draft.exec or draft.python}
    tables = [draft_toml(_without_lost_needs(draft, runnable)) for draft in known]
    return "\n".join((_HEAD, *tables, *([] if runnable else [_EXAMPLE])))


def draft_toml(draft: Draft) -> str:
    """Print one draft as a ``[services.NAME]`` table; all of it a comment if it runs nothing."""
    lines = [f"[services.{toml_key(draft.name)}]"]
    if draft.shell:
        lines += ["shell = true", f"exec = {toml_value(escape(' '.join(draft.exec)))}"]
    elif draft.python:
        lines.append(f"python = {toml_value(escape(draft.python))}")
    else:
        lines.append(f"exec = {toml_value([escape(word) for word in draft.exec])}")
    if draft.cwd:
        lines.append(f"cwd = {toml_value(escape(draft.cwd))}")
    lines += [f"{path} = {_escaped(value)}" for path, value in draft.options.items()]
    if draft.needs:
        lines.append(f"needs = {toml_value(dict(draft.needs))}")
    lines += [f"env.{toml_key(key)} = {_escaped(value)}" for key, value in draft.env.items()]
    if not (draft.exec or draft.python):
        lines = [f"# {line}" for line in lines]
    notes = [f"# {_printable(line)}" for line in draft.note.splitlines()]
    return "\n".join((*notes, *lines)) + "\n"


def service_name(text: str) -> str:
    """Make a name for a service out of *text*: ``My App.exe`` becomes ``my-app.exe``."""
    name = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:63]
    return name or "app"


def add_service(path: Path, draft: Draft, *, environ: Mapping[str, str]) -> str:
    """Add *draft* to the file at *path* without disturbing it; give the new text.

    The file is made where there is none.  It is replaced in one step, and only if the result
    loads: otherwise SpecError says what is wrong and nothing is written.
    """
    if not SERVICE_NAME.fullmatch(draft.name):
        hint = f"call it for example {service_name(draft.name)!r}"
        raise SpecError(f"{draft.name!r} cannot name a service", hint=hint)
    target = path.resolve()
    text = _text(target)
    new = render([draft]) if text is None else appended(text, draft)
    trial = target.with_name(f".{target.name}.new")
    try:
        trial.write_text(new, encoding="utf-8", newline="")
        if text is not None:
            shutil.copymode(target, trial)
        load_files([trial], environ=environ)
        trial.replace(target)
    except SpecError as error:
        raise _about(path, trial, error) from error
    except OSError as error:
        raise SpecError(f"{quoted(path)} cannot be written: {error.strerror}") from error
    finally:
        trial.unlink(missing_ok=True)
    return new


def appended(text: str, draft: Draft) -> str:
    """Give *text*, a definition file, with a table for *draft* at its end.

    Raises SpecError where it has a service of that name, or is no TOML to begin with.
    """
    try:
        services = tomllib.loads(text).get("services", {})
    except (ValueError, RecursionError) as error:
        raise SpecError(
            f"the file is not TOML: {error}", hint="svcctl check tells where"
        ) from error
    if isinstance(services, dict) and draft.name in services:
        hint = f"change [services.{toml_key(draft.name)}] in the file, or take another name"
        raise SpecError(f"there is a service {draft.name!r} already", hint=hint)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else end if text.endswith("\n") else end * 2
    return text + gap + draft_toml(draft).replace("\n", end)


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SpecError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{quoted(path)} is not UTF-8") from error


def _about(path: Path, trial: Path, error: SpecError) -> SpecError:
    """Name the real file in *error*, not the trial."""
    mistakes: list[Mistake] = [
        replace(each, file=str(path)) if each.file == str(trial) else each
        for each in error.mistakes
    ]
    first = mistakes[0] if mistakes else Mistake(problem=error.problem, hint=error.hint)
    problem = f"nothing was written, the result would not load: {first}"
    return type(error)(problem, hint=first.hint, mistakes=mistakes)


def _distinct(drafts: Iterable[Draft]) -> list[Draft]:
    found: dict[str, Draft] = {}
    for draft in drafts:
        name, number = draft.name, 2
        while name in found:
            name, number = f"{draft.name[:60]}-{number}", number + 1
        found[name] = replace(draft, name=name)
    return list(found.values())


def _without_lost_needs(draft: Draft, names: set[str]) -> Draft:
    return replace(draft, needs={name: how for name, how in draft.needs.items() if name in names})


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _escaped(value: object) -> str:
    return toml_value(_without_variables(value))


def _without_variables(value: object) -> object:
    """Give *value* with every text in it escaped, however deep."""
    match value:
        case str():
            return escape(value)
        case list():
            return [_without_variables(each) for each in value]
        case dict():
            return {key: _without_variables(each) for key, each in value.items()}
        case _:
            return value
