"""How a device asks to be let in: with a code, or with the number of a device that has lost its key."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Final

from session_host.system.inotify import Event, Inotify

from . import devices
from .devices import Asking, WrongCode, devices_file
from .errors import PageError
from .forms import Admission
from .gate import OF_NETWORK, Limits
from .peers import Peer

WAIT_S: Final = 20.0
"""How long the answer to a device that asks is awaited in one request."""

WITHOUT_INOTIFY_S: Final = 2.0

_BROWSERS: Final = ("Edg", "OPR", "SamsungBrowser", "Firefox", "FxiOS", "Chrome", "CriOS", "Safari")
"""As they are called in ``User-Agent``: most name others, too, which come later here."""

_NAMES: Final = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
}
_SYSTEMS: Final = ("iPhone", "iPad", "Android", "Windows", "Mac", "Linux")


def browser_of(user_agent: str) -> str:
    """What a browser says that it is, for people: "Firefox on Android"."""
    words = re.findall(r"[A-Za-z]+", user_agent)
    browser = next((_NAMES.get(each, each) for each in _BROWSERS if each in words), "A browser")
    system = next((each for each in _SYSTEMS if any(word.startswith(each) for word in words)), "")
    return f"{browser} on {system}" if system else browser


class Pairing:
    """The requests of devices that are not let in."""

    def __init__(self, limits: Limits) -> None:
        """Serve them.

        Args:
            limits: count wrong codes.
        """
        self._limits = limits
        self._waiting: set[asyncio.Future[None]] = set()
        self._inotify = Inotify(self._changed)
        self._is_ended = False

    async def ask(self, code: str, key: str, number: str, user_agent: str, peer: Peer) -> tuple[Admission, str]:
        """Ask for a device to be let in; returns what became of it, and the number for the cookie.

        The right code is compared first. A wrong one counts for the network that it comes from, and says nothing.

        Raises:
            PageError: it is no code that is valid now.
            OutliveError: too many devices ask.
        """
        if (await asyncio.to_thread(devices.load)).of_key(key) is not None:
            return Admission("let_in"), number
        try:
            name = browser_of(user_agent)
            asking, number = await asyncio.to_thread(devices.ask, code, key, number, name, peer.shown)
        except WrongCode as error:
            if not code:
                return Admission("needs_code"), ""
            self._limits.count(f"codes {peer.network}", *OF_NETWORK)
            raise PageError(403, "wrong_code", str(error)) from error
        return _asked(asking), number

    async def answer(self, key: str) -> Admission:
        """Wait for the answer to a device that asks; "asks" if there is none yet after ``WAIT_S``."""
        until_s = asyncio.get_running_loop().time() + WAIT_S
        changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        while True:
            is_told = self._watch(changed)
            try:
                found = await asyncio.to_thread(_state_of, key)
                left_s = min(until_s - asyncio.get_running_loop().time(), found.left_s)
                if found.state != "asks" or left_s <= 0 or self._is_ended:
                    return found
                await asyncio.wait([changed], timeout=left_s if is_told else min(left_s, WITHOUT_INOTIFY_S))
            finally:
                self._waiting.discard(changed)
                if not self._waiting:
                    self._inotify.close()
            if changed.done():
                changed = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """Answer those that wait."""
        self._is_ended = True
        self._wake()

    def _watch(self, changed: asyncio.Future[None]) -> bool:
        """Have a future done once the file has changed; returns False if that is not told."""
        self._waiting.add(changed)
        if self._inotify.is_open:
            return True
        if not self._inotify.start():
            return False
        flags = self._inotify.flags
        with contextlib.suppress(OSError):
            self._inotify.watch(devices_file().parent, flags.MOVED_TO | flags.DELETE)
            return True
        return False

    def _changed(self, events: list[Event]) -> None:
        if any(each.name in {"", devices_file().name} for each in events):
            self._wake()

    def _wake(self) -> None:
        for each in self._waiting:
            if not each.done():
                each.set_result(None)


def _state_of(key: str) -> Admission:
    saved = devices.load()
    if saved.of_key(key) is not None:
        return Admission("let_in")
    asking = saved.asks(key)
    return _asked(asking) if asking is not None else Admission("refused")


def _asked(asking: Asking) -> Admission:
    return Admission("asks", asking.words, asking.name, round(asking.left_s, 1), bool(asking.lost))
