"""What a device signs of a request, and which signatures count: each once, and only in one run of the server.

The header ``X-Outlive-Signed`` has four words: the public half of the device's key, a number, the SHA-256 of the body,
and the signature (ECDSA on P-256 with SHA-256, r and s) of the lines that ``text`` writes. Bytes are in base64. The
challenge is random for each run of the server, so that nothing counts that another server had signed. No clock is
compared: a number counts if it is none of the last ones, and higher than the lowest of them.
"""

from __future__ import annotations

import base64
import heapq
import secrets
from collections import defaultdict
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

KEPT_NUMBERS: Final = 256
"""How many numbers of a device are kept: requests overtake each other, and pages of one browser share its key."""

MAX_NUMBER: Final = 2**53 - 1
"""The highest one that a browser counts to."""

_POINT_BYTES, _HALF_BYTES = 65, 32
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())


class Signed(NamedTuple):
    """The header of a signed request.

    Attributes:
        key: the public half of the device's key: an uncompressed point of P-256, base64.
        number: counts once.
        body: SHA-256 of the body, base64.
        signature: r and s.
    """

    key: str
    number: int
    body: str
    signature: bytes

    @classmethod
    def of(cls, header: str) -> Self:
        """Read the header.

        Raises:
            ValueError: it is none.
        """
        key, number, body, signature = header.split(" ")
        if len(base64.b64decode(key, validate=True)) != _POINT_BYTES or not number.isascii() or not number.isdigit():
            raise ValueError(header)
        made = cls(key, int(number[:20]), body, base64.b64decode(signature, validate=True))
        if made.number > MAX_NUMBER or len(made.signature) != 2 * _HALF_BYTES:
            raise ValueError(header)
        return made

    def has_body(self, digest: bytes) -> bool:
        """Whether a body with this SHA-256 was signed."""
        return base64.b64encode(digest).decode() == self.body

    def is_of(self, text: bytes) -> bool:
        """Whether this is the key's signature of a text."""
        r, s = self.signature[:_HALF_BYTES], self.signature[_HALF_BYTES:]
        signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.b64decode(self.key))
            key.verify(signature, text, _ALGORITHM)
        except (InvalidSignature, ValueError):  # ValueError: the point is not on the curve.
            return False
        return True


def text(signed: Signed, method: str, url: str, challenge: str) -> bytes:
    """What is signed.

    Args:
        signed: the header; its signature is not a part of the text.
        method: of the request.
        url: what was asked for, with the page's origin and the query.
        challenge: the server's.
    """
    return "\n".join((method, url, signed.body, challenge, str(signed.number))).encode()


class Signatures:
    """The signatures of one run of the server.

    Attributes:
        challenge: random; fit for a URL.
    """

    def __init__(self) -> None:
        self.challenge = secrets.token_urlsafe(16)
        self._numbers: defaultdict[str, list[int]] = defaultdict(list)

    def is_good(self, signed: Signed, method: str, url: str) -> bool:
        """Whether the key's owner has signed this request, for this run; maybe not for the first time."""
        return signed.is_of(text(signed, method, url, self.challenge))

    def count(self, key: str, number: int) -> int:
        """Count a number of a device; returns 0, or the lowest one that surely counts if this one does not."""
        kept = self._numbers[key]  # A heap: its first one is the lowest.
        if number in kept or (len(kept) >= KEPT_NUMBERS and number < kept[0]):
            return max(kept) + 1
        if len(kept) < KEPT_NUMBERS:
            heapq.heappush(kept, number)
        else:
            heapq.heapreplace(kept, number)
        return 0
