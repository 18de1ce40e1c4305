"""Texts with a form of their own: URLs, host:port, readiness, references, triggers, SDDL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from uuid import UUID

from svcctl.errors import NotAvailable, SpecError
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import parse_duration, parse_regex, show
from svcctl.spec.unavailable import NOT_AVAILABLE, SECRET_SCHEMES

_PORT = re.compile(r"[0-9]{1,5}")
_STATUSES = re.compile(r"[1-5][0-9]{2}(-[1-5][0-9]{2})?(,[1-5][0-9]{2}(-[1-5][0-9]{2})?)*")
_DACL = re.compile(r"D:(P|AI|AR|NO_ACCESS_CONTROL)*(\((?:[^;()]*;){5}[^;()]+(;[^;()]*)?\))*")
_UNIT_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]*\s*=[^\r\n]*")
_PLAIN_TRIGGERS = (
    *("ip-available", "ip-lost", "domain-join"),
    *("domain-leave", "machine-policy", "user-policy"),
)
_PORT_TRIGGERS = ("port-open", "port-close")
_GUID_TRIGGERS = ("device", "etw")
TRIGGERS = (*_PLAIN_TRIGGERS, *_PORT_TRIGGERS, *_GUID_TRIGGERS)
"""What may stand in ``windows.triggers``, up to the colon."""

_READY_HINT = "write exec, delay:2s, notify, port:8080, log:REGEX or health"


def check_ready(text: str) -> None:
    """Raise SpecError unless *text* says when a service counts as running."""
    kind, colon, rest = text.partition(":")
    match kind, bool(colon):
        case (("exec" | "notify" | "health"), False):
            return
        case "delay", True:
            parse_duration(rest)
        case "port", True:
            check_port(rest)
        case "log", True:
            parse_regex(rest)
        case _:
            raise SpecError(f"{show(text)} is not a way to be ready", hint=_READY_HINT)


def check_port(text: str) -> None:
    """Raise SpecError unless *text* is the number of a port."""
    if not _PORT.fullmatch(text) or not 0 < int(text) < 65536:
        raise SpecError(f"{show(text)} is not a port", hint="ports are numbers from 1 to 65535")


def check_address(text: str) -> None:
    """Raise SpecError unless *text* is ``host:port``, an IPv6 host in brackets."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or (":" in bare and bare == host) or " " in host:
        raise SpecError(f"{show(text)} is not host:port", hint='write for example "127.0.0.1:5432"')
    check_port(port)


def check_url(text: str) -> None:
    """Raise SpecError unless *text* is an http or https URL with a host."""
    hint = 'write for example "http://127.0.0.1:8080/health"'
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:
        raise SpecError(f"{show(text)} is not a URL: {error}", hint=hint) from error
    if not usable or any(each.isspace() for each in text):
        raise SpecError(f"{show(text)} is not an http URL", hint=hint)


def check_expect(text: str) -> None:
    """Raise SpecError unless *text* says what an HTTP answer must be."""
    if text.startswith("body:"):
        parse_regex(text.removeprefix("body:"))
    elif not _STATUSES.fullmatch(text.replace(" ", "")):
        hint = "write for example 200-299,304 or body:REGEX"
        raise SpecError(f"{show(text)} is not a list of statuses", hint=hint)


def check_stdin(text: str) -> None:
    """Raise SpecError unless *text* names a source of input."""
    is_file = text.startswith("file:") and text != "file:"
    if text not in {"null", "open"} and not is_file:
        raise SpecError(f"{show(text)} is not a source of input", hint="null, open or file:PATH")


def check_secret(reference: str) -> None:
    """Raise SpecError unless *reference* says where a secret is; the text is never shown."""
    scheme, colon, rest = reference.partition(":")
    if colon and scheme in SECRET_SCHEMES:
        raise NotAvailable(f"secrets from {scheme!r} are {NOT_AVAILABLE}")
    if scheme not in {"file", "env"} or not rest:
        raise SpecError("this is not a reference", hint="write file:PATH or env:NAME, no value")


def check_open_url(url: str) -> None:
    """Raise SpecError unless *url* is one of HTTP, and can hold no secret; it is never shown."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        open_to_all = not (parts.query or parts.username or parts.password)
    except ValueError:
        good = open_to_all = False
    if not good:
        raise SpecError("this is not an address", hint="write for example http://host:9093")
    if not open_to_all:
        raise SpecError(
            "this address may hold a secret", hint="put it into a file: url = 'file:PATH'"
        )


def check_dacl(text: str) -> None:
    """Raise SpecError unless *text* is a DACL in the security descriptor definition language."""
    if not _DACL.fullmatch(text):
        hint = 'write for example "D:(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;IU)"'
        raise SpecError(f"{show(text)} is not a DACL in SDDL", hint=hint)


def check_trigger(text: str) -> None:
    """Raise SpecError unless *text* names something that starts a service of Windows."""
    kind, colon, rest = text.partition(":")
    if kind in _PORT_TRIGGERS:
        number, slash, protocol = rest.partition("/")
        if not slash or protocol not in {"tcp", "udp"}:
            raise SpecError(f"{show(text)} names no port", hint=f"for example {kind}:80/tcp")
        check_port(number)
    elif kind in _GUID_TRIGGERS:
        try:
            UUID(rest)
        except ValueError:
            hint = f"for example {kind}:53f56307-b6bf-11d0-94f2-00a0c91efb8b"
            raise SpecError(f"{show(text)} names no GUID", hint=hint) from None
    elif colon or kind not in _PLAIN_TRIGGERS:
        hint = did_you_mean(kind, TRIGGERS) or f"one of {', '.join(TRIGGERS)}"
        raise SpecError(f"there is no trigger {show(text)}", hint=hint)


def check_unit_line(text: str) -> None:
    """Raise SpecError unless *text* is one assignment of a unit file: systemd.syntax(7)."""
    if not _UNIT_LINE.fullmatch(text) or text.endswith("\\"):
        hint = 'write for example "OOMScoreAdjust=-500"'
        raise SpecError(f"{show(text)} is not a line of a unit file", hint=hint)
