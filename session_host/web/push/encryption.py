"""Encrypts a message for one device (RFC 8291), and signs it as the server's (RFC 8292)."""

from __future__ import annotations

import base64
import json
import os
import struct
import time
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_MESSAGE_BYTES: Final = 3993
"""The longest message: encrypted, it has 4,096 bytes, which each push service takes."""

_VALID_S: Final = 12 * 3600
_RECORD_BYTES: Final = 4096


def new_key() -> bytes:
    """A new key of a server, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_key(key: bytes) -> bytes:
    """The public part of a server's key: an uncompressed point of 65 bytes."""
    return _point(_private(key))


def encrypted(
    message: bytes,
    device_key: bytes,
    secret: bytes,
    *,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """A message as a body with ``Content-Encoding: aes128gcm``.

    Args:
        message: ``MAX_MESSAGE_BYTES`` at most.
        device_key: the device's public key, ``p256dh``.
        secret: its secret, ``auth``, 16 bytes.
        own: the key for this message alone; a new one by default.
        salt: 16 bytes; random by default.

    Raises:
        ValueError: the device's key is none.
    """
    own = own or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    device = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), device_key)
    point = _point(own)
    shared = own.exchange(ec.ECDH(), device)
    key = _derived(shared, secret, b"WebPush: info\0" + device_key + point, 32)
    content_key = _derived(key, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(key, salt, b"Content-Encoding: nonce\0", 12)
    record = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)
    return salt + struct.pack("!IB", _RECORD_BYTES, len(point)) + point + record


def authorization(key: bytes, endpoint: str, contact: str) -> str:
    """The header by which a push service knows the server.

    Args:
        key: the server's.
        endpoint: the device's address at the push service.
        contact: an https or mailto URL of the server's owner.
    """
    private, parts = _private(key), urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + _VALID_S, "sub": contact}
    head = {"typ": "JWT", "alg": "ES256"}
    signed = ".".join(base64url(json.dumps(each).encode()) for each in (head, claims))
    one, other = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(SHA256())))
    signature = base64url(one.to_bytes(32, "big") + other.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={base64url(_point(private))}"


def base64url(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _derived(key: bytes, salt: bytes, what: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, what).derive(key)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(encoding, form)


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    found = serialization.load_pem_private_key(key, None)
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found
