"""Which addresses an agent elsewhere may have: those that what shows who asks may be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

from svcctl.errors import UsageError, quoted


def check_url(url: str) -> str:
    """Give *url* as it is kept; raises UsageError for one that is none of an agent, or is not safe.

    What shows who asks is sent there: over a network by TLS alone.
    """
    problem, hint = f"{quoted(url)} is no address of an agent", "such as https://web-1:7411"
    try:
        parts = urlsplit(url)
        machine, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"{problem}: {error}", hint=hint) from error
    if parts.scheme not in {"http", "https"} or not machine or port == 0:
        raise UsageError(problem, hint=hint)
    if parts.username or parts.password:
        raise UsageError(f"an address has neither name nor password: {quoted(machine)}", hint=hint)
    if parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(problem, hint=hint)
    if parts.scheme == "http" and not _is_here(machine):
        raise UsageError(
            f"{quoted(url)} would send what shows who you are unencrypted",
            hint=f"https://{parts.netloc}; or by ssh -L 7411:127.0.0.1:7411 {machine}",
        )
    return url.rstrip("/")


def _is_here(machine: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - for addresses without TLS only

    try:
        return ip_address(machine).is_loopback
    except ValueError:
        return machine == "localhost"
