"""Web Push: the encryption by the standard's own example, and where messages may be sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from session_host.web.devices import PushTarget
from session_host.web.push import sending
from session_host.web.push.encryption import MAX_MESSAGE_BYTES, authorization, encrypted, new_key, public_key
from session_host.web.push.orders import Order, Result, carry_out, decoded, is_public, target_of
from tests.support.push_service import PushService, Subscriber

# The example of RFC 8291, section 5.
_PRIVATE: Final = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
_DEVICE: Final = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_SALT: Final = "DGv6ra1nlYgDCS1FRnbzlw"
_SECRET: Final = "BTBZMqHH6r4Tts7J_aSIgg"
_BODY: Final = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_a_message_is_encrypted_as_the_standard_does() -> None:
    own = ec.derive_private_key(int.from_bytes(decoded(_PRIVATE), "big"), ec.SECP256R1())
    text = b"When I grow up, I want to be a watermelon"

    body = encrypted(text, decoded(_DEVICE), decoded(_SECRET), own=own, salt=decoded(_SALT))

    assert base64.urlsafe_b64encode(body).rstrip(b"=").decode() == _BODY


def test_the_server_signs_its_messages() -> None:
    key = new_key()

    scheme, _, rest = authorization(key, "https://push.example/a/b", "https://desk.example").partition(" ")

    token, public = rest.removeprefix("t=").split(", k=")
    head, claims, signature = token.split(".")
    assert scheme == "vapid"
    assert decoded(public) == public_key(key)
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(decoded(claims))
    assert (said["aud"], said["sub"]) == ("https://push.example", "https://desk.example")
    one, other = (int.from_bytes(part, "big") for part in (decoded(signature)[:32], decoded(signature)[32:]))
    signer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(public))
    signer.verify(encode_dss_signature(one, other), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A push service that counts as a public one."""
    with PushService(tmp_path) as service:
        monkeypatch.setenv("SSL_CERT_FILE", str(service.certificate))
        monkeypatch.setattr(sending, "is_public", lambda _address: True)
        yield service


def _sent(target: PushTarget, message: str = '"a message"', key: bytes | None = None) -> Result:
    key = key or new_key()
    return sending.carried_out(Order(key.decode(), "https://desk.example", [target], message, "a-topic"))


def test_a_message_reaches_its_device_and_only_that_one_can_read_it(service: PushService) -> None:
    phone = Subscriber(service.endpoint("phone?x=1"))
    longest = json.dumps("x" * (MAX_MESSAGE_BYTES - 2))

    result = _sent(phone.target, longest)

    [message] = service.messages
    assert result.statuses == [201]
    assert message.path == "/phone?x=1"
    assert len(message.body) <= 4096
    assert b"xxxx" not in message.body
    assert phone.read(message.body) == "x" * (MAX_MESSAGE_BYTES - 2)
    assert message.headers["topic"] == "a-topic"
    assert message.headers["content-encoding"] == "aes128gcm"
    assert int(message.headers["ttl"]) > 0


def test_an_answer_of_the_push_service_leads_nowhere(service: PushService) -> None:
    service.status = 307

    result = _sent(Subscriber(service.endpoint("phone")).target)

    assert result.statuses == [307]
    assert [each.path for each in service.messages] == ["/phone"]


async def test_nothing_is_sent_to_an_address_that_is_not_public(tmp_path: Path) -> None:
    with PushService(tmp_path) as service:
        target = Subscriber(service.endpoint("phone")).target
        made = await carry_out(Order())
        result = await carry_out(Order(made.key, "https://desk.example", [target], "{}", "topic"))
    assert len(decoded(made.public)) == 65
    assert (result.statuses, result.reasons) == ([0], ["not a public address"])
    assert service.messages == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.178.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/a",
        "https:///a",
        "https://me@push.example/a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://push.example/" + "a" * 3000,
        "file:///etc/passwd",
        "",
    ],
)
def test_a_subscription_elsewhere_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="push service"):
        target_of(endpoint, _DEVICE, _SECRET)


@pytest.mark.parametrize(("key", "secret"), [("", ""), (_SECRET, _SECRET), (_DEVICE, _DEVICE), ("é", _SECRET)])
def test_a_subscription_without_its_keys_is_refused(key: str, secret: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        target_of("https://push.example/a", key, secret)
