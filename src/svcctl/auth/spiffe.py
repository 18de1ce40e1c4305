"""Names in certificates: SPIFFE IDs, and who a certificate is of.

After the SPIFFE ID specification (2.1 to 2.4) and its X.509-SVID: exactly one URI, of the trust
domain that is ours.  A certificate says who somebody is, never what they may.
"""

from __future__ import annotations

import re

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import Denied, UsageError

_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST = 2048  # bytes of an ID


def spiffe_id(domain: str, path: str) -> str:
    """Give the ID of *path* (``host/web-1``, ``ci``) in *domain*; raises UsageError."""
    segments = path.split("/")
    is_good = all(_SEGMENT.fullmatch(each) and each not in {".", ".."} for each in segments)
    found = f"spiffe://{domain}/{path}"
    if not _DOMAIN.fullmatch(domain):
        raise UsageError(f"{domain!r} is no trust domain", hint="such as example.org")
    if not is_good or len(found) > _LONGEST:
        hint = "use a-z, A-Z, 0-9, '.', '_' and '-', with '/' between, such as host/web-1"
        raise UsageError(f"{path!r} cannot name whom a certificate is for", hint=hint)
    return found


def is_spiffe_id(text: str, domain: str) -> bool:
    """Say whether *text* is an ID in *domain*."""
    start = f"spiffe://{domain}/"
    if not text.startswith(start):
        return False
    try:
        return spiffe_id(domain, text.removeprefix(start)) == text
    except UsageError:
        return False


def identity_of(certificate: bytes, *, domain: str, way: Way, source: str, now: float) -> Identity:
    """Give whom a *certificate* (DER) is of, which the TLS handshake has proven; raises Denied."""
    insist_on_cryptography()
    from cryptography import x509  # noqa: PLC0415 - an extra
    from cryptography.x509.oid import ExtensionOID  # noqa: PLC0415

    try:
        parsed = x509.load_der_x509_certificate(certificate)
        names = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        assert isinstance(names, x509.SubjectAlternativeName)
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        expires_at = parsed.not_valid_after_utc.timestamp()
    except (ValueError, x509.ExtensionNotFound) as error:
        raise Denied("the certificate does not say whose it is") from error
    if len(uris) != 1 or not is_spiffe_id(uris[0], domain):
        raise Denied(f"the certificate is of nobody in {domain!r}", hint="svcctl cert issue NAME")
    if now > expires_at:
        raise Denied(f"the certificate of {uris[0]} has expired", hint="svcctl cert renew NAME")
    return Identity(
        actor=uris[0],
        way=way,
        proof=Proof.CERTIFICATE,
        source=source,
        expires_at=expires_at,
        token_id=f"{parsed.serial_number:x}",
    )
