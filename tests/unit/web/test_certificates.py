"""The page's own certificate: what phones take, kept while its addresses are, and private."""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from session_host.paths import state_dir
from session_host.web import certificates
from session_host.web.certificates import own_certificate

pytestmark = pytest.mark.usefixtures("area")

HOSTS = ["desk.local", "192.168.1.20"]


def file() -> Path:
    return state_dir() / "web" / "certificate.pem"


def test_phones_take_it() -> None:
    own = own_certificate(HOSTS)
    made = x509.load_pem_x509_certificate(own.file.read_bytes())
    key, found = made.public_key(), made.extensions
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("desk.local"), x509.IPAddress(ipaddress.ip_address("192.168.1.20"))]
    assert list(found.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not found.get_extension_for_class(x509.BasicConstraints).value.ca
    # Both ends count: one second more than 825 days is too long for an iPhone.
    assert made.not_valid_after_utc - made.not_valid_before_utc + timedelta(seconds=1) == timedelta(days=825)
    assert os.uname().nodename not in made.subject.rfc4514_string()
    assert own.facts.why_new == ""


def test_it_is_kept_and_only_its_user_reads_the_key() -> None:
    first = own_certificate(HOSTS)
    assert first.file.stat().st_mode & 0o777 == 0o600
    assert own_certificate(HOSTS) == first
    again = own_certificate(["192.168.1.20"])
    assert (again, again.names) == (first, ("desk.local",)), "the name is not answered at this moment"


def test_it_is_new_when_an_address_changes_and_says_so_from_then_on() -> None:
    first = own_certificate(HOSTS)
    second, again = (own_certificate(["desk.local", "10.0.0.7"]) for _ in range(2))
    assert second.facts.why_new == again.facts.why_new == "this computer’s addresses have changed"
    assert second.facts.fingerprint == again.facts.fingerprint != first.facts.fingerprint


def test_a_month_before_its_end_it_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "VALID", timedelta(days=31))
    first = own_certificate(HOSTS)
    second = own_certificate(HOSTS)
    assert second.facts.why_new == "the earlier one was about to end"
    assert second.facts.fingerprint != first.facts.fingerprint


@pytest.mark.parametrize(
    "damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_one_is_new(damage: bytes) -> None:
    own_certificate(HOSTS)
    file().write_bytes(damage)
    assert own_certificate(HOSTS).facts.why_new == "the earlier one could not be read"


def test_one_whose_key_others_could_read_is_new() -> None:
    own_certificate(HOSTS)
    file().chmod(0o644)
    assert own_certificate(HOSTS).facts.why_new == "others could read the earlier one’s key"
    assert file().stat().st_mode & 0o777 == 0o600
