"""Texts with a form of their own: URLs, host:port, status ranges, readiness, references."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from svcctl.errors import NotAvailable, SpecError
from svcctl.spec.notation import parse_duration, parse_regex, show
from svcctl.spec.unavailable import NOT_AVAILABLE, SECRET_SCHEMES

_PORT = re.compile(r"[0-9]{1,5}")
_STATUSES = re.compile(r"[1-5][0-9]{2}(-[1-5][0-9]{2})?(,[1-5][0-9]{2}(-[1-5][0-9]{2})?)*")
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
