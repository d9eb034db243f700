"""The page's own certificate, for HTTPS in the user's network: made here, and kept until its address changes.

Nobody vouches for it, so browsers warn, and the desk shows its fingerprint, to be compared in the browser's own window.
Phones take it as it is: P-256, for a server, with its addresses as such, for at most 825 days.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from session_host.errors import OutliveError, UsageError
from session_host.paths import ensure_private, state_dir
from session_host.system.clock import as_text
from session_host.system.files import replace_file

from .places import Certificate

VALID: Final = timedelta(days=825)
BEFORE_END: Final = timedelta(days=30)
"""A certificate whose end is nearer is replaced."""

CLOCK_DIFFERENCE: Final = timedelta(days=1)
"""How far a phone's clock may be behind."""


class Own(NamedTuple):
    """The certificate: the file with it and its key, what is shown of it, and the names that it is for."""

    file: Path
    facts: Certificate
    names: tuple[str, ...]


def own_certificate(hosts: Sequence[str]) -> Own:
    """The page's own certificate; a new one if it has to be.

    Args:
        hosts: the addresses, and the names, by which browsers reach the page.

    Raises:
        OutliveError: it cannot be kept.
    """
    file = _file()
    why_new = _why_new(file, hosts) if file.exists() else ""
    if why_new or not file.exists():
        try:
            ensure_private(state_dir())
            ensure_private(file.parent)
            replace_file(file, _made(hosts, why_new), is_durable=True)
        except OSError as error:
            raise OutliveError(f"the page’s certificate cannot be kept: {error}") from error
    data = file.read_bytes()
    certificate = x509.load_pem_x509_certificate(data)
    first = data.partition(b"\n")[0].decode(errors="replace")
    facts = Certificate(
        fingerprint_of(certificate),
        made_at=as_text((certificate.not_valid_before_utc + CLOCK_DIFFERENCE).timestamp()),
        until=as_text(certificate.not_valid_after_utc.timestamp()),
        why_new=first[1:].strip() if first.startswith("#") else "",
    )
    names = _names_in(certificate)
    return Own(file, facts, tuple(names.get_values_for_type(x509.DNSName)))


def known_addresses() -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses in the page's own certificate; none if there is no such one."""
    try:
        certificate = x509.load_pem_x509_certificate(_file().read_bytes())
        names = _names_in(certificate)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []
    found = names.get_values_for_type(x509.IPAddress)
    return [each for each in found if isinstance(each, ipaddress.IPv4Address | ipaddress.IPv6Address)]


def secured(certificate: str, key: str) -> ssl.SSLContext:
    """HTTPS with a certificate and its key.

    Args:
        certificate: a file.
        key: another one; "" if the key is in the same file.

    Raises:
        UsageError: a file is missing or no such one, or the key is another certificate's.
    """
    for option, path in (("certificate", certificate), ("key", key)):
        try:
            if path:
                Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"--{option} {path}: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key or None, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UsageError(f"--key {key or certificate} is not the key of the certificate {certificate}") from None
        what = f"{certificate} and {key}" if key else certificate
        raise UsageError(f"{what}: a certificate and its key are needed, as PEM and without a password") from None
    return context


def fingerprint_in(file: str) -> str:
    """The fingerprint of the first certificate of a file."""
    return fingerprint_of(x509.load_pem_x509_certificates(Path(file).read_bytes())[0])


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 as browsers show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _file() -> Path:
    return state_dir() / "web" / "certificate.pem"


def _why_new(file: Path, hosts: Sequence[str]) -> str:
    """Why a certificate is replaced; "" if it is kept."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        secured(str(file), "")
        names = _names_in(certificate)
    except (OSError, ValueError, UsageError, x509.ExtensionNotFound):
        return "the earlier one could not be read"
    if file.stat().st_mode & 0o077:
        return "others could read the earlier one’s key"
    # One that is not there at this moment may stay: another certificate would make browsers warn again.
    if not {_name(each) for each in hosts} <= set(names):
        return "this computer’s addresses have changed"
    if certificate.not_valid_after_utc - datetime.now(UTC) < BEFORE_END:
        return "the earlier one was about to end"
    return ""


def _names_in(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    """The names and addresses that a certificate is for.

    Raises:
        x509.ExtensionNotFound: it has none.
    """
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _made(hosts: Sequence[str], why_new: str) -> bytes:
    """A new certificate with its key, as PEM; its first line says why it is new."""
    key = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outlive")])
    names = [_name(each) for each in hosts]
    begin = datetime.now(UTC) - CLOCK_DIFFERENCE
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + VALID - timedelta(seconds=1))  # That second counts, too.
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    note = f"# {why_new}\n".encode() if why_new else b""
    return note + certificate.public_bytes(serialization.Encoding.PEM) + private
