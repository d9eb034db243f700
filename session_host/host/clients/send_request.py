"""Serializes ``outlive send`` requests: text, keys, Enter.

Some agents take an Enter that comes at once with a text for a part of a paste. So the text goes as a paste, where
the program asked for those, and Enter follows as a key of its own, once the text is shown and the screen has been quiet
for as long as the catalog says.

An agent that shows each text (``Watch.shown_within_s``) and does not show this one has dropped it: it is not ready, or
something is open. That is said, and Enter is not pressed.

A text is refused while the chat needs input: agents' permission dialogs ignore a paste and take Enter for "yes", and
read typed characters as their own keys. Keys alone answer a dialog, and so does a single character; they always pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import NamedTuple, Self

from session_host.host.driver.driver import Driver
from session_host.protocol.key_names import parse_key
from session_host.protocol.messages import (
    MAX_PASTE_CHARACTERS,
    Done,
    ErrorCode,
    Failed,
    Key,
    Reply,
    Send,
)
from session_host.protocol.values import Activity
from session_host.terminal.base import Emulator

from .shown_text import Places, expected_echo, places

READ_S = 2.0
"""A program that has not shown a text for so long gets Enter all the same: it may show nothing of what is typed."""

LOOK_S = 0.02


class _Screen:
    """Listens to a session until its program has shown a text and is quiet: it has taken it in, in all likelihood."""

    def __init__(self, driver: Driver) -> None:
        self._audience = driver.session.audience
        self._shown = asyncio.Event()

    def __enter__(self) -> Self:
        self._audience.set_listening(self, listens=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._audience.set_listening(self, listens=False)

    def output(self, end: int) -> None:  # noqa: ARG002 - what it is does not matter
        """The program has shown something."""
        self._shown.set()

    def forget(self) -> None:
        """From now on it has shown nothing."""
        self._shown.clear()

    async def changes(self, deadline_s: float) -> None:
        """Returns a moment after it has shown something, or at a time of the loop's clock."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline_s):
                await self._shown.wait()
                await asyncio.sleep(LOOK_S)

    async def settles(self, quiet_s: float, *, shown: bool = False) -> None:
        """Returns when it has shown something and then nothing for so long; after ``READ_S`` at the latest.

        ``shown``: it has shown something already.

        A program that always shows something, such as a clock, is not quiet ever.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + READ_S
        if not shown:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline_s):
                    await self._shown.wait()
        wait_s = quiet_s
        while wait_s > 0:
            self._shown.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._shown.wait()
            except TimeoutError:
                return
            wait_s = min(quiet_s, deadline_s - loop.time())


class SendRequests:
    """What is typed into one session that no viewer typed: one after another, with pauses that its program can tell."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._turn = asyncio.Lock()
        self._free_s = 0.0

    async def type_request(self, request: Send) -> Reply:
        """Type it all, in order, or nothing; each wish once, however often it is asked for."""
        if problem := _problem(request):
            return problem
        token = uuid.UUID(request.token) if request.token else uuid.uuid4()
        watch = self._driver.spec.watch
        pause_s = watch.enter_after_s if request.text and request.enter else 0.0
        guarded = _is_text(request) and not request.anyway
        part = expected_echo(request) if watch.shown_within_s else ""
        async with self._turn:
            await asyncio.sleep(max(0.0, self._free_s - asyncio.get_running_loop().time()))
            with _Screen(self._driver) as screen:
                before = await self._places(part, token.hex) if part else None
                is_apart = bool(pause_s) or (before is not None and request.enter)
                failed = await self._type(request, token.hex, enter=not is_apart, guarded=guarded)
                if failed is None and before is not None and not await self._is_shown(part, before, screen):
                    return Failed(request.request, ErrorCode.FAILED, _NOT_SHOWN + (_NO_ENTER if request.enter else ""))
                if failed is None and pause_s:
                    await screen.settles(pause_s, shown=before is not None)
            if failed is None and is_apart:
                # If this host dies here, the client's retry reaches the next host, which presses Enter.
                enter = Send(request.request, enter=True)
                failed = await self._type(enter, uuid.uuid5(token, "Enter").hex, enter=True, guarded=guarded)
                self._free_s = asyncio.get_running_loop().time() + pause_s
                if failed is not None:
                    # Not NEEDS_INPUT: to insist on the whole request would type the text twice.
                    return _failed(request, failed._replace(code=ErrorCode.FAILED), "the text was typed, but not Enter")
        return Done(request.request) if failed is None else _failed(request, failed, "nothing was typed")

    async def _places(self, part: str, token: str) -> Places | None:
        """Where the part of a text stands before the text is typed; None if the screen does not tell."""
        found = await self._driver.worker.run(lambda emulator: places(emulator, part))
        # A host before this one typed it.
        return frozenset() if found and token in self._driver.session.requests else found

    async def _is_shown(self, part: str, before: Places, screen: _Screen) -> bool:
        """Wait until the part of a text stands where it did not; whether it does."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._driver.spec.watch.shown_within_s
        while True:
            screen.forget()
            is_last = loop.time() >= deadline_s or self._driver.ended.is_set()
            now = await self._driver.worker.run(lambda emulator: places(emulator, part))
            if now is None or now - before:
                return True
            if is_last:
                return False
            await screen.changes(deadline_s)

    async def _type(self, request: Send, token: str, *, enter: bool, guarded: bool) -> _Refusal | None:
        """Type it in the emulator's turn: the modes, and whether the chat needs input, are those of this moment."""
        driver = self._driver

        def type_now(emulator: Emulator) -> _Refusal | None:
            if guarded and token not in driver.session.requests:
                driver.watch.look_at_file()
                tracker = driver.watch.tracker
                if tracker.activity is Activity.NEEDS_INPUT:
                    asks = (
                        f"the chat is asking “{tracker.detail}”" if tracker.detail else "the chat is asking something"
                    )
                    return _Refusal(ErrorCode.NEEDS_INPUT, asks)
            is_typed = driver.session.type_bytes(_encoded(emulator, request, enter=enter), token)
            driver.performer.perform()
            if not is_typed:
                return _Refusal(ErrorCode.INPUT_FULL, "the program is not reading its input")
            return None

        return await driver.worker.run(type_now)


_NOT_SHOWN = "the agent does not show the text; it may not be ready, so check it and send again"
_NO_ENTER = "; Enter was not pressed"


class _Refusal(NamedTuple):
    """Why something was not typed: the code, and the reason for people."""

    code: str
    reason: str


def _failed(request: Send, refusal: _Refusal, outcome: str) -> Failed:
    return Failed(request.request, refusal.code, f"{refusal.reason}; {outcome}")


def _is_text(request: Send) -> bool:
    """Whether the request is more than keys; one character by itself is a key, such as the "y" that answers."""
    alone = not (request.enter or request.keys or request.paste)
    return len(request.text) > (1 if alone else 0)


def _problem(request: Send) -> Failed | None:
    """What is wrong with the request's values."""
    if len(request.text) > MAX_PASTE_CHARACTERS:
        return Failed(
            request.request, ErrorCode.TOO_LARGE, f"the text is too long (at most {MAX_PASTE_CHARACTERS} characters)"
        )
    if not is_token(request.token):
        return Failed(request.request, ErrorCode.BAD_REQUEST, "a token is 32 hexadecimal digits")
    for name in request.keys:
        try:
            parse_key(name)
        except ValueError as error:
            return Failed(request.request, ErrorCode.BAD_REQUEST, str(error))
    return None


def _encoded(emulator: Emulator, request: Send, *, enter: bool) -> bytes:
    """The bytes for the program, by the modes that it has set."""
    pieces: list[bytes] = []
    if request.text:
        # What drives a program, such as an Escape, is meant as typed.
        pastes = request.paste or (request.enter and not request.keys and _is_plain(request.text))
        pieces.append(emulator.encode_paste(request.text) if pastes else typed(request.text))
    for name in [*request.keys, *(["Enter"] if request.enter and enter else [])]:
        key, text, modifiers = parse_key(name)
        pieces.append(emulator.encode_key(Key("", 0, key, text, int(modifiers))))
    return b"".join(pieces)


def _is_plain(text: str) -> bool:
    return all(each.isprintable() or each in "\n\r\t" for each in text)


def is_token(text: str) -> bool:
    """Whether it names a wish, or is "" for one that is not named."""
    return not text or (len(text) == 32 and all(each in "0123456789abcdef" for each in text))


def typed(text: str) -> bytes:
    """Text as a keyboard would type it: a line end is the Enter key."""
    return text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "replace")
