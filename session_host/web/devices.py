"""The devices that may use the page, those that ask to, and the code with which they ask: a file of the user's.

A device signs its requests with a key that its browser does not hand out; the file has the public half. Its cookie has
a number that opens nothing: a browser that has lost the key asks with it for the device's place. Who may be let in is
said by the user, in a window or a terminal: they, the commands and the server change the file under a lock.
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
from enum import Enum
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from msgspec.structs import replace

from session_host.errors import NoSuchDevice, NotAllowed, OutliveError
from session_host.paths import ensure_private, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.rights import Right
from session_host.protocol.untrusted_text import one_line
from session_host.system.clock import as_text, now, parse_time
from session_host.system.files import replace_file
from session_host.system.processes.permission import is_of_chat

CODE_CHARACTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Those of a code: none of 0, O, 1, I and L, which look alike."""

CODE_LENGTH: Final = 8
PAIRING_S: Final = 600.0
ASKING_S: Final = 120.0
"""How long a device asks."""

MAX_ASKING: Final = 3
MAX_DEVICES: Final = 20
MAX_NAME_CHARACTERS: Final = 40
USED_EVERY_S: Final = 60.0
"""How exactly the last use of a device is kept."""

_WORDS_FILE: Final = Path(__file__).parents[2] / "resources" / "web" / "words.txt"


class Rights(Enum):
    """The rights of a device, by the user's three words; the file has the numbers."""

    LOOK = 0
    ANSWER = 1
    EVERYTHING = 2

    @property
    def word(self) -> str:
        """Its name on the command line and on the page."""
        return self.name.lower()

    @property
    def given(self) -> frozenset[Right]:
        """Each of them; no device changes settings."""
        more = {Rights.LOOK: (), Rights.ANSWER: (Right.ANSWER,), Rights.EVERYTHING: (Right.ANSWER, Right.CONTROL)}
        return frozenset((Right.READ, *more[self]))

    @classmethod
    def named(cls, word: str) -> Self:
        """The one with a name."""
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
    """SHA-256 of the number in its cookie, hexadecimal. In 0.1.0, that number was all that a device had."""
    paired_at: str
    last_used: str = ""
    push: PushTarget | None = None
    key: str = ""
    """The public half of its key: an uncompressed point of P-256, base64. "" for a device of 0.1.0."""
    was_refused: bool = False
    """Whether the user refused a browser that had its number: the next one needs a code."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A device that asks to be let in."""

    id: str
    words: tuple[str, str]
    """The browser and the desk show them, and no other device that asks has one of them."""
    name: str
    """What it says that it is, as "Firefox on Android"."""
    address: str
    """Its network address, for people; "" if that is not known."""
    at: str
    lost: str = ""
    """The device that it was, and of which it has lost the key; "" for a new one."""
    key: str
    hash: str
    """As in ``Device``."""

    @property
    def left_s(self) -> float:
        """For how long it asks yet; 0.0 if that is over, also if the clock was set back."""
        at = parse_time(self.at)
        asked_s = (datetime.now(UTC) - at).total_seconds() if at is not None else ASKING_S
        return ASKING_S - asked_s if 0.0 <= asked_s < ASKING_S else 0.0


class Pairing(msgspec.Struct, frozen=True):
    """A code with which devices ask."""

    hash: str
    until: str

    @property
    def is_over(self) -> bool:
        """Whether its time is used up; also if the clock was set back by more than its time."""
        until = parse_time(self.until)
        left_s = (until - datetime.now(UTC)).total_seconds() if until is not None else 0.0
        return not 0.0 < left_s <= PAIRING_S


class Devices(msgspec.Struct, frozen=True, rename={"pairing": "code"}):
    """The content of the file. A server of 0.1.0 would let in who has a code, so that it must not find it."""

    devices: tuple[Device, ...] = ()
    pairing: Pairing | None = None
    asking: tuple[Asking, ...] = ()

    def of_key(self, key: str) -> Device | None:
        """The device with a key."""
        return next((each for each in self.devices if each.key == key), None) if key else None

    def of_number(self, number: str) -> Device | None:
        """The device with a number in its cookie."""
        return next((each for each in self.devices if each.hash == hash_of(number)), None) if number else None

    def asks(self, key: str) -> Asking | None:
        """The request of a key to be let in."""
        return next((each for each in self.asking if each.key == key), None)

    def may_ask(self, code: str, key: str, number: str) -> bool:
        """Whether a device may ask: with the code, for its own place, or as it asks already."""
        known = self.of_number(number)
        return self.is_code(code) or self.asks(key) is not None or (known is not None and not known.was_refused)

    def is_code(self, code: str) -> bool:
        """Whether this is the code that is valid now, however it was typed."""
        given = "".join(each for each in code.upper() if each in CODE_CHARACTERS)
        pairing = self.pairing
        return pairing is not None and not pairing.is_over and hmac.compare_digest(pairing.hash, hash_of(given))


class WrongCode(OutliveError):
    """This is no code that is valid now."""


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
        saved = msgspec.json.decode(path.read_bytes(), type=Devices)
    except FileNotFoundError:
        return Devices()
    except (OSError, *UNREADABLE) as error:
        raise OutliveError(f"cannot read {path} ({error}); remove it, and pair your devices again") from error
    return replace(saved, asking=tuple(each for each in saved.asking if each.left_s))


def begin_pairing() -> str:
    """Let devices ask with a code; returns it. An earlier code is void."""
    code = "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH))
    until = as_text(time.time() + PAIRING_S)
    with _locked():
        _save(replace(load(), pairing=Pairing(hash_of(code), until)))
    return code


def end_pairing() -> None:
    """Make the code void; who has asked with it still asks."""
    with _locked():
        _save(replace(load(), pairing=None))


def ask(code: str, key: str, number: str, name: str, address: str) -> tuple[Asking, str]:
    """Ask for a device to be let in; returns that, and the number for its cookie. A key that asks goes on asking.

    Args:
        code: what was typed; not needed by a browser that has lost the key of its device.
        key: the public half of its key.
        number: the one in its cookie; "" for none.
        name: what it says that it is.
        address: its network address.

    Raises:
        WrongCode: this is no code that is valid now, or there is none; which of them is for nobody to know.
        OutliveError: as many devices ask already as may.
    """
    if not load().may_ask(code, key, number):  # Wrong codes wait for no lock.
        raise WrongCode("this is not a code that is valid now")
    with _locked():
        saved = load()
        if not saved.may_ask(code, key, number):
            raise WrongCode("this is not a code that is valid now")
        known, before = saved.of_number(number), saved.asks(key)
        if before is not None and before.hash == hash_of(number):
            return before, number
        has_asked = any(each.hash == hash_of(number) for each in saved.asking)
        number = number if known is not None or has_asked else secrets.token_urlsafe(16)
        others = tuple(each for each in saved.asking if each.key != key and each.hash != hash_of(number))
        if before is not None:
            asking = replace(before, hash=hash_of(number))
        elif len(others) >= MAX_ASKING:
            raise OutliveError(f"{MAX_ASKING} devices ask already: say yes or no to them first")
        else:
            asking = Asking(
                id=secrets.token_hex(8),
                words=_two_words(others),
                name=_for_people(name),
                address=one_line(address),
                at=now(),
                lost=known.name if known is not None else "",
                key=key,
                hash=hash_of(number),
            )
        _save(replace(saved, asking=(*others, asking)))
    return asking, number


def withdraw(key: str) -> None:
    """Ask no more."""
    with _locked():
        saved = load()
        _save(replace(saved, asking=tuple(each for each in saved.asking if each.key != key)))


def let_in(asking_id: str, rights: Rights, name: str) -> Device:
    """Let a device in that asks. If it has lost its key, it takes its own place again.

    Raises:
        OutliveError: it asks no more, there are too many devices, or this process belongs to a chat.
    """
    if is_of_chat(os.getpid()):
        raise NotAllowed(
            "a program of a chat lets no device in: say yes in a window or terminal outside of Outlive’s chats"
        )
    with _locked():
        saved = load()
        asking = _asked(saved, asking_id)
        lost = next((each for each in saved.devices if asking.lost and each.hash == asking.hash), None)
        others = tuple(each for each in saved.devices if each is not lost)
        if len(others) >= MAX_DEVICES:
            raise OutliveError(f"{MAX_DEVICES} devices are paired: revoke one with `outlive web devices --revoke NAME`")
        device = replace(
            lost or Device("", rights, asking.hash, now()),
            name=_free_name(name, others),
            rights=rights,
            key=asking.key,
            was_refused=False,
        )
        kept = tuple(each for each in saved.asking if each is not asking)
        _save(replace(saved, devices=(*others, device), asking=kept))
    return device


def refuse(asking_id: str) -> None:
    """Refuse a device that asks. In the place of a lost one, the next browser needs a code.

    Raises:
        OutliveError: it asks no more.
    """
    with _locked():
        saved = load()
        asking = _asked(saved, asking_id)
        kept = tuple(each for each in saved.asking if each is not asking)
        devices = (replace(each, was_refused=each.was_refused or each.hash == asking.hash) for each in saved.devices)
        _save(replace(saved, devices=tuple(devices), asking=kept))


def _asked(saved: Devices, asking_id: str) -> Asking:
    found = next((each for each in saved.asking if each.id == asking_id), None)
    if found is None:
        raise OutliveError("this device asks no more")
    return found


def _two_words(others: tuple[Asking, ...]) -> tuple[str, str]:
    """Two words that no other device shows that asks."""
    shown = {word for each in others for word in each.words}
    words = [each for each in _WORDS_FILE.read_text(encoding="ascii").split() if each not in shown]
    first, second = secrets.SystemRandom().sample(words, 2)
    return first, second


def revoke(name: str) -> None:
    """Forget a device.

    Raises:
        NoSuchDevice: there is none of this name.
    """
    with _locked():
        saved = load()
        gone = next((each for each in saved.devices if each.name == name), None)
        if gone is None:
            raise NoSuchDevice(f"no device is called {name!r}; see `outlive web devices`")
        devices = tuple(each for each in saved.devices if each is not gone)
        asking = tuple(each for each in saved.asking if each.hash != gone.hash)
        _save(replace(saved, devices=devices, asking=asking))


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


def _for_people(name: str) -> str:
    return re.sub(r"\s+", " ", one_line(name)).strip()[:MAX_NAME_CHARACTERS] or "phone"


def _free_name(name: str, devices: tuple[Device, ...]) -> str:
    """A name for people, which no device has."""
    name = _for_people(name)
    taken = {each.name for each in devices}
    names = (name, *(f"{name} {number}" for number in range(2, MAX_DEVICES + 2)))
    return next(each for each in names if each not in taken)


def hash_of(secret: str) -> str:
    """SHA-256 of a code or a number, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
