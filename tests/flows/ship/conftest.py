"""An agent that ships, and certificates for receivers that are asked for them."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.flows.ship import stands
from tests.flows.ship.stands import Stand


@dataclass
class Certified:
    """A certificate for 127.0.0.1 in the file *path*, which also signs itself."""

    path: Path

    def serving(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        return context


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Certified(path)


@pytest.fixture
def open_stand(certified: Certified) -> Iterator[Any]:
    """Give a receiver by its kind."""
    with ExitStack() as stack:

        def open_stand(kind: str, **options: Any) -> Stand:
            stand = Stand(**options)
            match kind:
                case "loki" | "elasticsearch" | "otlp":
                    check = getattr(stands, kind)
                    return stack.enter_context(stands.over_http(stand, check))
                case "logstash":
                    return stack.enter_context(stands.over_tcp(stand, stands.json_lines))
                case "logstash+tls":
                    tls = certified.serving()
                    return stack.enter_context(stands.over_tcp(stand, stands.json_lines, tls=tls))
                case "syslog+tls":
                    tls = certified.serving()
                    return stack.enter_context(stands.over_tcp(stand, stands.octets, tls=tls))
                case _:
                    return stack.enter_context(stands.over_tcp(stand, stands.octets))

        yield open_stand
