"""Makes certificates: keys on P-256, short names, nothing that TLS 1.3 does not need.

ECDSA and not Ed25519, with which gRPC's TLS cannot speak.  After RFC 5280.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from svcctl.auth.library import insist_on_cryptography
from svcctl.errors import StateFault, UsageError

if TYPE_CHECKING:
    from cryptography import x509

_BACKDATED = timedelta(minutes=5)  # clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A private key and its certificate, both PEM."""

    key: bytes = field(repr=False)
    certificate: bytes

    @property
    def serial(self) -> str:
        """The serial number of the certificate, hexadecimal."""
        return f"{_certificate(self.certificate).serial_number:x}"

    @property
    def expires_at(self) -> float:
        """When it expires, in seconds since 1970."""
        return _certificate(self.certificate).not_valid_after_utc.timestamp()


def new_authority(domain: str, *, number: int, lifetime: float, now: float) -> Pair:
    """Make an authority for *domain*: it signs certificates and their revocation, nothing else.

    *number* tells those of one domain apart.
    """
    insist_on_cryptography()
    from cryptography import x509  # noqa: PLC0415 - an extra

    key = _new_key()
    name = _named(f"svcctl authority {number} of {domain}")
    builder = _builder(name, name, key.public_key(), now=now, lifetime=lifetime)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
    )
    return _signed(builder, key, by=key)


def new_certificate(
    authority: Pair, uri: str, *, names: Iterable[str], lifetime: float, now: float
) -> Pair:
    """Make a certificate of *uri*, for servers and clients, that also holds for *names*.

    *names* are names of hosts and IP addresses.  It ends with its authority at the latest.
    """
    from cryptography import x509  # noqa: PLC0415 - an extra
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage  # noqa: PLC0415

    signer, key = _certificate(authority.certificate), _new_key()
    lasts = min(lifetime, authority.expires_at - now)
    name = _named(uri.rpartition("/")[2][:64])
    builder = _builder(name, signer.subject, key.public_key(), now=now, lifetime=lasts)
    for extension, is_critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([_uri(uri), *map(_alternative, names)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),  # type: ignore[arg-type]
    ):
        builder = builder.add_extension(extension, critical=is_critical)
    return _signed(builder, key, by=_private(authority.key))


def revocation_list(authority: Pair, revoked: Mapping[str, float], *, now: float) -> bytes:
    """Give what *authority* no longer stands for, PEM: serial numbers and when they were revoked.

    It holds until the next one, or until the authority ends.
    """
    from cryptography import x509  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    signer = _certificate(authority.certificate)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.subject)
        .last_update(_time(now) - _BACKDATED)
        .next_update(signer.not_valid_after_utc)
        .add_extension(x509.CRLNumber(int(now * 1000)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
    )
    for serial, at in revoked.items():
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
        builder = builder.add_revoked_certificate(entry.revocation_date(_time(at)).build())
    signed = builder.sign(_private(authority.key), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: Any,  # noqa: ANN401 - of any kind
    *,
    now: float,
    lifetime: float,
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415 - an extra

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_time(now) - _BACKDATED)
        .not_valid_after(_time(now) + timedelta(seconds=lifetime))
    )


def _signed(builder: x509.CertificateBuilder, key: Any, *, by: Any) -> Pair:  # noqa: ANN401
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - an extra

    certificate = builder.sign(by, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(key=private, certificate=certificate.public_bytes(encoding))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415 - an extra

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(text: str) -> x509.Name:
    from cryptography import x509  # noqa: PLC0415 - an extra
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _uri(text: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415 - an extra

    return x509.UniformResourceIdentifier(text)


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415 - an extra

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass  # then it is a name, or nothing
    try:
        return x509.DNSName(name)
    except ValueError as error:
        raise UsageError(f"{name!r} is no name of a host", hint="write it in ASCII") from error


def _new_key() -> Any:  # noqa: ANN401 - a private key
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - an extra

    return ec.generate_private_key(ec.SECP256R1())


def _private(key: bytes) -> Any:  # noqa: ANN401 - a private key
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - an extra

    try:
        return serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise StateFault("the key of the authority is unreadable") from error


def _certificate(pem: bytes) -> x509.Certificate:
    insist_on_cryptography()
    from cryptography import x509  # noqa: PLC0415 - an extra

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise StateFault("a certificate is unreadable") from error


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
