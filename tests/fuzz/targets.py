"""Everything that reads bytes which somebody else may have written: each must refuse in our words.

A target takes any bytes and comes back, or raises: an exception that is not ours, or an
AssertionError where what was read cannot be right.  Each works in a folder of its own in memory.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from svcctl.app.arguments import check
from svcctl.app.verbs import find
from svcctl.client.local import LocalClient
from svcctl.engine import journal
from svcctl.engine.audit_trail import prove
from svcctl.engine.env_file import read_env_file
from svcctl.engine.last_seen import last_seen
from svcctl.engine.store import SqliteStore
from svcctl.errors import CannotSpawn, Mistake, SpecError, StateFault, SvcctlError, UsageError
from svcctl.observe.logs.query import Line, Source, Wanted, read
from svcctl.ports import AuditEntry, Identity
from svcctl.spec import canonical
from svcctl.spec.convert import systemd_unit
from svcctl.spec.convert.folder import look
from svcctl.spec.draft import Draft, render
from svcctl.spec.interpolate import escape, interpolate
from svcctl.spec.load import load_files
from svcctl.system.posix.notify import parse_notice
from svcctl.system.registrations import Registrations
from svcctl.wire import decode_request, encode_request
from tests.fuzz.strangers import asked, bundle, signed, token

Target = Callable[[bytes], None]

ENVIRON = {"HOME": "/root", "PORT": "80", "EMPTY": "", "SECRET": "${HOME}"}
LINES = b"".join(b"line %d\n" % number for number in range(40))

_MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="svcctl-fuzz-", dir=_MEMORY)


def spec(content: bytes) -> None:
    """A file of definitions: specs that can be handed over, or mistakes that say where."""
    with _folder() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_bytes(content)
        mistakes: tuple[Mistake, ...] = ()
        try:
            services = load_files([path], environ=ENVIRON).services
        except SpecError as error:
            services, mistakes = {}, error.mistakes or (Mistake(problem=""),)
    assert all(each.file and each.problem for each in mistakes)
    for name, service in services.items():
        document = canonical.dump(service)
        assert canonical.parse(json.loads(json.dumps(document))) == service, name


def interpolation(content: bytes) -> None:
    """Variables in a text; what is escaped comes out as it was."""
    text = content.decode(errors="replace")
    with suppress(SpecError):
        interpolate(text, ENVIRON)
    assert interpolate(escape(text), ENVIRON) == text


def request(content: bytes) -> None:
    """A frame that came to the agent: a request that fits the table of verbs, or a UsageError."""
    try:
        found = decode_request(content)
    except UsageError:
        return
    assert decode_request(encode_request(found)) == found
    verb = find(found.verb)
    if verb:
        with suppress(UsageError):
            check(verb, found.args)


class _Answers:
    """An agent at the other end that says what it was given."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def send(self, content: bytes) -> None:
        del content

    def lines(self) -> Iterator[bytes]:
        yield from self._content.splitlines(keepends=True)

    def close(self) -> None:
        pass


def answer(content: bytes) -> None:
    """Frames that came back from whoever listens at the agent's address."""
    client = LocalClient("address", connect=lambda *_: _Answers(content))
    with suppress(SvcctlError), client:
        for _ in client.answers(decode_request(b'{"verb": "status"}')):
            pass


def entry(content: bytes) -> None:
    """A page of the journal: an entry whose members are what they should be, or it is skipped."""
    with _folder() as folder:
        path = os.path.join(folder, "state.db")
        with closing(SqliteStore(path)) as store:
            store.put(journal.KIND, "web", {})
        with closing(sqlite3.connect(path)) as state:
            state.execute("UPDATE document SET json = ?", (content.decode(errors="replace"),))
            state.commit()
        with closing(SqliteStore(path)) as store:
            documents = store.items(journal.KIND)
        last_seen(path, boot_id="boot")
    for _, document in documents:
        with suppress(KeyError, TypeError, ValueError):
            _must_be_an_entry(journal.from_document(document))


def _must_be_an_entry(found: journal.Entry) -> None:
    sample = journal.Entry(
        service="web", number=1, identity=Identity(pid=1, start_ticks=1, boot_id="b")
    )
    _must_be_alike(found, sample, {"exit_code": int, "exit_signal": str, "identity": Identity})
    _must_be_alike(found.state, sample.state, {"ending": str})
    if found.identity:
        _must_be_alike(found.identity, sample.identity, {})
    moments = (*found.state.failures, *found.state.probe_failures)
    assert all(type(each) in {float, int} for each in moments)
    assert journal.from_document(json.loads(json.dumps(journal.to_document(found)))) == found


def _must_be_alike(found: object, sample: object, optional: Mapping[str, type]) -> None:
    for name in type(sample).__dataclass_fields__:  # type: ignore[attr-defined]
        value, alike = getattr(found, name), getattr(sample, name)
        if name in optional:
            assert value is None or isinstance(value, optional[name]), name
        elif isinstance(alike, float):
            assert type(value) in {float, int}, name
        else:
            assert type(value) is type(alike) or isinstance(value, type(alike)), name


def state(content: bytes) -> None:
    """The state file: it opens, or it is moved aside, or a StateFault says why not."""
    with _folder() as folder:
        path = os.path.join(folder, "state.db")
        Path(path).write_bytes(content)
        last_seen(path, boot_id="boot")
        with suppress(StateFault), closing(SqliteStore(path)) as store:
            store.put(journal.KIND, "web", {"a": 1})
            store.items(journal.KIND)
            store.read(limit=10)
            store.record(
                AuditEntry(at=1.0, asked="1", actor="ann", way="local", verb="stop", outcome="done")
            )
            prove(path)


def index(content: bytes) -> None:
    """The index of a log: advice, so every line comes once and in order, whatever it says."""
    with _folder() as folder:
        Path(folder, "stdout.log").write_bytes(LINES)
        Path(folder, "stdout.log.idx").write_bytes(content)
        assert b"".join(each.text + b"\n" for each in _read(folder, Wanted())) == LINES
        assert b"".join(each.text + b"\n" for each in _read(folder, Wanted(), last=99)) == LINES
        for since in (1.0, 1e9, 1e10):
            found = [each.text for each in _read(folder, Wanted(since=since))]
            assert found == sorted(found, key=lambda each: int(each.split()[1]))
            _read(folder, Wanted(since=since), last=5)


def log(content: bytes) -> None:
    """What a program wrote: every byte of it is in a line, read from either end."""
    with _folder() as folder:
        Path(folder, "stdout.log").write_bytes(content)
        lines = [each.text for each in _read(folder, Wanted())]
        assert [each.text for each in _read(folder, Wanted(), last=len(lines) + 1)] == lines
        given = content.removesuffix(b"\n").split(b"\n") if content else []
        assert lines == [each.removesuffix(b"\r") for each in given]


def packed(content: bytes) -> None:
    """A compressed log that a disk may have spoilt: what can be read of it, and all after it."""
    with _folder() as folder:
        Path(folder, "stdout.log.000001.gz").write_bytes(content)
        Path(folder, "stdout.log").write_bytes(b"after\n")
        for last in (None, 3):
            lines = _read(folder, Wanted(), last=last)
            assert lines[-1].text == b"after"


def _read(folder: str, wanted: Wanted, *, last: int | None = None) -> list[Line]:
    source = Source(service="web", instance="web", folder=folder)
    return list(read([source], wanted, last=last))


def registration(content: bytes) -> None:
    """What stands of a native service: its definition, or a StateFault that names the file."""
    with _folder() as folder:
        Path(folder, "web.json").write_bytes(content)
        registrations = Registrations(folder)
        assert registrations.names() == ["web"]
        try:
            found = registrations.read("web")
        except StateFault:
            return
    assert json.loads(Registrations.text(found))
    with suppress(SpecError):
        service = canonical.parse(found.applied.spec)
        assert canonical.parse(canonical.dump(service)) == service


def env_file(content: bytes) -> None:
    """A file of variables that a service is to get."""
    with _folder() as folder:
        path = Path(folder, "app.env")
        path.write_bytes(content)
        with suppress(CannotSpawn):
            found = read_env_file(str(path))
            assert all("\0" not in name + value for name, value in found.items())


def notice(content: bytes) -> None:
    """What a program says of itself, as for sd_notify(3)."""
    assert all(parse_notice(content))


def unit(content: bytes) -> None:
    """A unit of systemd that is to be taken over: a draft that can be loaded."""
    text = content.replace(b"\0", b"").decode(errors="replace")  # no program can be given a NUL
    _must_load([systemd_unit.draft("web.service", text)])


FOREIGN = ("Procfile", "compose.yaml", "package.json", "pyproject.toml")


def foreign(content: bytes) -> None:
    """A folder of another tool's files: drafts that can be loaded, or our mistakes."""
    with _folder() as folder:
        for name in FOREIGN:
            Path(folder, name).write_bytes(content.replace(b"\0", b""))
        drafts = look(Path(folder)).drafts
    _must_load(drafts)


def _must_load(drafts: Iterable[Draft]) -> None:
    text = render(drafts)
    with _folder() as folder:
        path = Path(folder, "svcctl.toml")
        path.write_text(text, encoding="utf-8")
        try:
            load_files([path], environ=ENVIRON)
        except SpecError as error:
            wrong = "; ".join(str(each) for each in error.mistakes)
            raise AssertionError(f"{wrong}\n{text}") from error


TARGETS: Mapping[str, Target] = {
    each.__name__: each
    for each in (
        *(spec, interpolation, request, answer, entry, state),
        *(index, log, packed, registration, env_file, notice, unit, foreign),
        *(token, signed, asked, bundle),
    )
}
