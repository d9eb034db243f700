"""A push service on the loopback, and a browser that subscribes to it and reads its messages."""

from __future__ import annotations

import http.server
import ipaddress
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from session_host.web.devices import PushTarget
from session_host.web.push.encryption import base64url

_POINT: Final = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class Message(NamedTuple):
    """A message that the push service took."""

    path: str
    headers: dict[str, str]
    body: bytes


class Subscriber:
    """A browser with a subscription."""

    def __init__(self, endpoint: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._point = self._key.public_key().public_bytes(*_POINT)
        self._secret = b"0123456789abcdef"
        self.target = PushTarget(endpoint, base64url(self._point), base64url(self._secret))

    def read(self, body: bytes) -> Any:
        """Decrypt a message (RFC 8291), and read its JSON."""
        salt, length = body[:16], body[20]
        point, record = body[21 : 21 + length], body[21 + length :]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = self._key.exchange(ec.ECDH(), sender)
        key = _derived(shared, self._secret, b"WebPush: info\0" + self._point + point, 32)
        content_key = _derived(key, salt, b"Content-Encoding: aes128gcm\0", 16)
        plain = AESGCM(content_key).decrypt(_derived(key, salt, b"Content-Encoding: nonce\0", 12), record, None)
        return json.loads(plain.rstrip(b"\0")[:-1])


class PushService:
    """The service: HTTPS with a certificate of its own.

    Attributes:
        messages: what it took.
        status: its answer to the next messages.
        certificate: the file with its certificate.
    """

    def __init__(self, directory: Path) -> None:
        self.messages: list[Message] = []
        self.status = 201
        self.certificate = directory / "push.pem"
        self.certificate.write_bytes(certificate())
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                service.messages.append(Message(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(service.status)
                if service.status == 307:
                    self.send_header("Location", service.endpoint("elsewhere"))
                self.end_headers()

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def endpoint(self, name: str) -> str:
        """The address of a device."""
        return f"https://localhost:{self._server.server_port}/{name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _derived(key: bytes, salt: bytes, what: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, what).derive(key)


def certificate() -> bytes:
    """A key and a certificate of this computer, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + signed.public_bytes(serialization.Encoding.PEM)
