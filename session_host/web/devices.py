"""The devices that may use the page, and the code that pairs one: a file that only the user can read.

A device's credential is 256 random bits in a cookie; the file has its hash alone. Commands and the server change the
file under a lock, so that a device is paired and revoked also while no server runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from session_host.errors import OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.untrusted_text import one_line
from session_host.system.clock import as_text, now, parse_time
from session_host.system.files import replace_file

CODE_CHARACTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Those of a code: none of 0, O, 1, I and L, which look alike."""

CODE_LENGTH: Final = 8
PAIRING_S: Final = 600.0
TRIES: Final = 5
MAX_DEVICES: Final = 20
MAX_NAME_CHARACTERS: Final = 40
USED_EVERY_S: Final = 60.0
"""How exactly the last use of a device is kept."""


class Rights(IntEnum):
    """What a device may do; each includes the ones before it."""

    LOOK = 0
    ANSWER = 1
    EVERYTHING = 2

    @property
    def word(self) -> str:
        """Its name on the command line and on the page."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Self:
        """The rights with a name."""
        return cls[word.upper()]


class PushTarget(msgspec.Struct, frozen=True):
    """A browser's ``PushSubscription``: the address and the keys for its notifications."""

    endpoint: str
    """The device's address at the push service, https."""
    p256dh: str
    """The device's public key, base64url, 65 bytes."""
    auth: str
    """Its secret, base64url, 16 bytes."""


class Device(msgspec.Struct, frozen=True):
    """A paired device."""

    name: str
    """Unique among the devices."""
    rights: Rights
    hash: str
    """SHA-256 of its credential, hexadecimal."""
    paired_at: str
    last_used: str = ""
    push: PushTarget | None = None


class Pairing(msgspec.Struct, frozen=True):
    """A code that pairs one device."""

    hash: str
    rights: Rights
    until: str
    tries: int = TRIES

    @property
    def is_over(self) -> bool:
        """Whether its time or its tries are used up; also if the clock was set back by more than its time."""
        until = parse_time(self.until)
        left_s = (until - datetime.now(UTC)).total_seconds() if until is not None else 0.0
        return self.tries <= 0 or not 0.0 < left_s <= PAIRING_S


class Devices(msgspec.Struct, frozen=True):
    """The content of the file."""

    devices: tuple[Device, ...] = ()
    pairing: Pairing | None = None

    def of_credential(self, credential: str) -> Device | None:
        """The device with a credential."""
        found = _hash(credential)
        return next((each for each in self.devices if hmac.compare_digest(each.hash, found)), None)


class NoPairing(OutliveError):
    """No code is valid now."""


class WrongCode(OutliveError):
    """It was another code; ``tries`` are left."""

    def __init__(self, tries: int) -> None:
        super().__init__("this is not the code")
        self.tries = tries


def devices_file() -> Path:
    """The file."""
    return state_dir() / "web" / "devices.json"


def load() -> Devices:
    """The devices.

    Raises:
        OutliveError: the file cannot be read, so nobody gets in.
    """
    path = devices_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Devices)
    except FileNotFoundError:
        return Devices()
    except (OSError, *UNREADABLE) as error:
        raise OutliveError(f"cannot read {path} ({error}); remove it, and pair your devices again") from error


def begin_pairing(rights: Rights) -> str:
    """Begin to pair a device; returns the code. An earlier code is void."""
    code = "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH))
    until = as_text(time.time() + PAIRING_S)
    with _locked():
        _save(replace(load(), pairing=Pairing(_hash(code), rights, until)))
    return code


def end_pairing() -> None:
    """Make the code void."""
    with _locked():
        _save(replace(load(), pairing=None))


def pair(code: str, name: str) -> tuple[Device, str]:
    """Pair the device that knows the code; returns it and its credential.

    Raises:
        NoPairing: there is no code, or it is over.
        WrongCode: it is another one.
        OutliveError: there are too many devices.
    """
    given = "".join(each for each in code.upper() if each in CODE_CHARACTERS)
    with _locked():
        saved = load()
        pairing = saved.pairing
        if pairing is None or pairing.is_over:
            raise NoPairing("no device is being paired: run `outlive web pair` on the computer")
        if not hmac.compare_digest(pairing.hash, _hash(given)):
            tries = pairing.tries - 1
            _save(replace(saved, pairing=replace(pairing, tries=tries) if tries else None))
            raise WrongCode(tries)
        if len(saved.devices) >= MAX_DEVICES:
            raise OutliveError(f"{MAX_DEVICES} devices are paired: revoke one with `outlive web devices --revoke NAME`")
        credential = secrets.token_urlsafe(32)
        device = Device(_free_name(name, saved), pairing.rights, _hash(credential), now())
        _save(Devices((*saved.devices, device)))
    return device, credential


def revoke(name: str) -> None:
    """Forget a device.

    Raises:
        OutliveError: there is none of this name.
    """
    with _locked():
        saved = load()
        kept = tuple(each for each in saved.devices if each.name != name)
        if len(kept) == len(saved.devices):
            raise OutliveError(f"no device is called {name!r}; see `outlive web devices`")
        _save(replace(saved, devices=kept))


def notify(credential_hash: str, target: PushTarget | None) -> None:
    """Save a device's subscription; None ends its notifications. A device that was revoked is not paired again."""
    with _locked():
        _change(credential_hash, push=target)


def is_use_noted(device: Device) -> bool:
    """Whether it was noted just now that a device is used."""
    last = parse_time(device.last_used)
    return last is not None and abs((datetime.now(UTC) - last).total_seconds()) < USED_EVERY_S


def note_use(device: Device) -> None:
    """Note that a device is used. A full disk loses only that."""
    with contextlib.suppress(OSError, OutliveError), _locked():
        _change(device.hash, last_used=now())


def _change(credential_hash: str, **fields: Any) -> None:
    saved = load()
    changed = (replace(each, **fields) if each.hash == credential_hash else each for each in saved.devices)
    _save(replace(saved, devices=tuple(changed)))


def _save(devices: Devices) -> None:
    replace_file(devices_file(), msgspec.json.encode(devices), is_durable=True)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Hold the file's lock, which only those need who change the file."""
    ensure_private(state_dir())
    folder = ensure_private(devices_file().parent)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _free_name(name: str, saved: Devices) -> str:
    """A name for people, which no device has."""
    name = re.sub(r"\s+", " ", one_line(name)).strip()[:MAX_NAME_CHARACTERS] or "phone"
    taken = {each.name for each in saved.devices}
    names = (name, *(f"{name} {number}" for number in range(2, MAX_DEVICES + 2)))
    return next(each for each in names if each not in taken)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
