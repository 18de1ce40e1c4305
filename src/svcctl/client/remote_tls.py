"""TLS as a client has it: whom it trusts, what it shows, and what went wrong in words."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from svcctl.client.remote import Remote
from svcctl.errors import AgentUnreachable, StateFault, quoted

_REVOCATIONS = b"-----BEGIN X509 CRL-----"

_DISTRUST: Mapping[int, str] = {
    9: "its certificate does not hold yet: look at the clocks of both",
    10: "its certificate has expired: svcctl cert renew, on that machine",
    12: "the list of what was revoked, in the file of --ca, is too old: get that file again",
    18: "its certificate is signed by itself: give the file of its authority as --ca",
    19: "its authority is not one that is trusted here: give the file of --ca",
    20: "its authority is not one that is trusted here: give the file of --ca",
    23: "its certificate was revoked: do not speak to it, and ask who runs it",
    62: "its certificate is for another name: use the name that stands in it",
    64: "its certificate is for another address: svcctl cert issue --host ADDRESS, on that machine",
}
"""What OpenSSL's verification codes mean to people; see X509_STORE_CTX_get_error(3)."""

_REFUSALS: tuple[tuple[str, str], ...] = (
    ("CERTIFICATE_REQUIRED", "it wants to see a certificate: give --cert and --key"),
    ("UNKNOWN_CA", "it does not know who vouches for the certificate of --cert"),
    ("CERTIFICATE_EXPIRED", "the certificate of --cert has expired: svcctl cert renew"),
    ("CERTIFICATE_REVOKED", "the certificate of --cert was revoked: have another one issued"),
    ("BAD_CERTIFICATE", "it does not take the certificate of --cert"),
    ("WRONG_VERSION_NUMBER", "what answers there speaks no TLS: is it http:// ?"),
    ("RECORD_LAYER_FAILURE", "what answers there speaks no TLS: is it http:// ?"),
    ("UNEXPECTED_EOF", "what answers there hung up: is it the right port?"),
)


def context_of(remote: Remote) -> ssl.SSLContext:
    """Give what *remote* is spoken to with; raises StateFault for files that cannot be used.

    Its name is always looked at; what its authority revoked is, where the file of *ca* says that.
    """
    try:
        context = ssl.create_default_context(cafile=remote.ca or None)
        if remote.ca and _tells_revocations(remote.ca):
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        if remote.cert:
            context.load_cert_chain(remote.cert, remote.key or None, password=_no_password)
    except (OSError, ValueError) as error:
        files = ", ".join(quoted(each) for each in (remote.ca, remote.cert, remote.key) if each)
        said = getattr(error, "strerror", "") or getattr(error, "reason", "") or error
        raise StateFault(
            f"{files} cannot be used for {remote.name!r}: {said}",
            hint="they are PEM files; the key has no password: svcctl ctx show",
        ) from error
    return context


def distrust(error: ssl.SSLError, remote: Remote) -> AgentUnreachable:
    """Give in words why TLS with *remote* did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"cannot be trusted: {error.verify_message}"
        return AgentUnreachable(
            f"{remote.name!r} at {quoted(remote.url)} {why}",
            hint=_DISTRUST.get(error.verify_code, "see: svcctl ctx show"),
        )
    reason = (error.reason or str(error)).upper()
    hint = next((said for sign, said in _REFUSALS if sign in reason), "see: svcctl ctx show")
    said = (error.reason or str(error)).lower().replace("_", " ")
    return AgentUnreachable(
        f"{remote.name!r} at {quoted(remote.url)} does not speak TLS with us: {said}", hint=hint
    )


def _tells_revocations(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow to load
        return _REVOCATIONS in file.read()


def _no_password() -> str:
    raise ValueError("the key has a password")
