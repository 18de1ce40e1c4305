"""Those who vouch for others: an authority for certificates, one of its own making, an issuer."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc import jwt
from joserfc.jwk import ECKey

from svcctl.auth.authority import Authority
from svcctl.auth.contexts import Material, client_context, server_context
from svcctl.auth.fetching import fetch
from svcctl.auth.oidc import Issuer, Trust
from svcctl.system import whole_file
from svcctl.system.clock import SystemClock

DAY = 86_400.0
DOMAIN = "example.org"


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        return whole_file.read(self.path(name))

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        whole_file.write(self.path(name), content, mode=0o600 if private else 0o644)

    def path(self, name: str) -> str:
        return str(self._path / name)


class Realm:
    """An authority of example.org, and whatever else its key may be made to sign."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = Authority(_Folder(folder), now=SystemClock().now)
        self.authority.begin(DOMAIN)

    def material(self, name: str) -> Material:
        """Issue a certificate for *name*; give where it is."""
        self.authority.issue(name, names=("localhost", "127.0.0.1"), lifetime=DAY)
        place = self.authority.place(name)
        return Material(certificate=place["certificate"], key=place["key"], trust=place["trust"])

    def server(self) -> ssl.SSLContext:
        """Give what a server of this realm shows and trusts: a certificate, if one is shown."""
        return server_context(replace(self.material("host/web-1"), optional=True))

    def client(self, name: str) -> ssl.SSLContext:
        """Give what a client called *name* shows and trusts."""
        return client_context(self.material(name))

    def forged(
        self,
        *uris: str,
        begins: float = -1.0,
        ends: float = 1.0,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        by_itself: bool = False,
    ) -> ssl.SSLContext:
        """Give what a client shows with a certificate as it should not be; see :meth:`forge`."""
        context = ssl.create_default_context(cafile=self.authority.place("any")["trust"])
        context.load_cert_chain(
            self.forge(*uris, begins=begins, ends=ends, usage=usage, by_itself=by_itself)
        )
        return context

    def forge(
        self,
        *uris: str,
        begins: float = -1.0,
        ends: float = 1.0,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        by_itself: bool = False,
    ) -> Path:
        """Make a certificate as it should not be; give the file with it and its key.

        It names *uris*, and holds from *begins* to *ends*, in days from now.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        signer, issuer = self._signer()
        if by_itself:
            signer, issuer = key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(issuer if by_itself else x509.Name([]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                critical=False,
            )
        )
        if uris:
            names = x509.SubjectAlternativeName(
                [x509.UniformResourceIdentifier(each) for each in uris]
            )
            builder = builder.add_extension(names, critical=True)
        return self._kept(key, builder.sign(signer, hashes.SHA256()))

    def older(self, name: str) -> ssl.SSLContext:
        """Give a client that speaks TLS 1.2 at most."""
        context = self.client(name)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _signer(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Name]:
        key = serialization.load_pem_private_key(
            (self._folder / "authority-1.key").read_bytes(), password=None
        )
        own = x509.load_pem_x509_certificate((self._folder / "authority-1.pem").read_bytes())
        return cast("ec.EllipticCurvePrivateKey", key), own.subject

    def _kept(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Path:
        path = self._folder / f"forged-{certificate.serial_number:x}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return path


class Issuers:
    """An OpenID Connect issuer on a port of its own, over HTTPS; *keys* are those it publishes."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self.keys: list[Any] = [new_key("k1")]
        self.asked: list[str] = []
        self.is_down = False
        self.url = ""

    @contextmanager
    def open(self) -> Iterator[None]:
        """Answer while the block lasts."""
        answer = self._answer

        class Asked(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, content = answer(self.path)
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                del args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        material = self._realm.material("host/id")
        context.load_cert_chain(material.certificate, material.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{server.server_address[1]}/realm"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def trust(self, now: Callable[[], float]) -> Trust:
        """Give the trust a host has in this issuer, whose certificate it verifies."""
        issuer = Issuer(name="corp", url=self.url, audience="svcctl", roles={"ops": "operator"})
        trusted = ssl.create_default_context(cafile=self._realm.authority.place("any")["trust"])
        return Trust(issuer, fetch=partial(fetch, context=trusted), now=now)

    def token(
        self, key: Any = None, *, alg: str = "ES256", kid: str = "", now: float, **changed: Any
    ) -> str:
        """Give a token of Mei, who is in group ops, unless *changed*."""
        key = key or self.keys[0]
        claims = {
            "iss": self.url,
            "aud": "svcctl",
            "sub": "mei",
            "jti": "j1",
            "iat": int(now),
            "exp": int(now) + 600,
            "groups": ["ops"],
        } | changed
        header = {"alg": alg, "kid": kid or key.as_dict(private=False)["kid"]}
        return str(jwt.encode(header, claims, key, algorithms=[alg]))

    def _answer(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        if self.is_down:
            return 503, b""
        if path == "/realm/.well-known/openid-configuration":
            found = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            return 200, json.dumps(found).encode()
        keys = [each.as_dict(private=False) for each in self.keys]
        return 200, json.dumps({"keys": keys}).encode()


def new_key(name: str) -> Any:
    """Make a key an issuer signs with."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})
