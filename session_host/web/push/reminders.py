"""Reminds devices of a question that nobody answers, while their user is not at the desk; and when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from session_host.client.chats.notification_rules import read_rules
from session_host.client.chats.settings import ChatSettings, load_chat_settings
from session_host.errors import OutliveError
from session_host.paths import config_dir, ensure_private, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.untrusted_text import one_line
from session_host.system.clock import parse_time
from session_host.system.files import replace_file
from session_host.web import devices
from session_host.web.devices import Device
from session_host.web.following import Following
from session_host.web.forms import Row
from session_host.web.questions import asked_by

from .idleness import desk_idle_s
from .orders import GONE, Order, Result, carry_out

log = logging.getLogger(__name__)

AFTER_S: Final = 20.0
"""How long a question is left to whoever sees it first."""

IDLE_S: Final = 60.0
"""How long the desk has to be unused."""

AGAIN_S: Final = 30.0
"""The pause before a push service that did not take a message is asked again."""

TRIES: Final = 3
CLOCK_S: Final = 5.0
"""How much the time of another machine's question differs between two runs."""

_MAX_CHARACTERS: Final = 500
"""How much of a question is sent."""


class Key(msgspec.Struct, frozen=True):
    """The server's key for push services."""

    key: str
    public: str


class _Open:
    """A question that is open.

    Attributes:
        row: its chat's.
        is_told: whether devices were told of it.
        task: what reminds of it; None if an earlier run of the server did.
    """

    def __init__(self, row: Row, *, is_told: bool = False) -> None:
        self.row = row
        self.is_told = is_told
        self.task: asyncio.Task[None] | None = None


class Reminders:
    """The reminders of one server. It follows the chats while a device wants to be reminded."""

    def __init__(
        self,
        following: Following,
        contact: str,
        send: Callable[[Order], Awaitable[Result]] = carry_out,
        idle_s: Callable[[], Awaitable[float | None]] = desk_idle_s,
    ) -> None:
        """Begin without following anything; see ``look``.

        Args:
            following: the chats.
            contact: whom a push service may write to, an https or mailto URL.
            send: carries out an order.
            idle_s: for how long the desk was not used; None if it does not say that.
        """
        self._following, self._contact = following, contact
        self._send, self._idle_s = send, idle_s
        self._open: dict[str, _Open] = {}
        self._has_read = False
        """Whether it knows what an earlier run of the server told."""
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._making_key = asyncio.Lock()

    def look(self) -> None:
        """Follow the chats if a device wants to be reminded, and else not."""
        if not _wanting():
            if self._task is not None:
                self._task.cancel()
        elif not self.is_following:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="reminders")

    @property
    def is_following(self) -> bool:
        """Whether it follows the chats."""
        return self._task is not None and not self._task.done()

    async def close(self) -> None:
        """End; what was sent stays."""
        tasks = [*self._tasks, *([self._task] if self._task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def public_key(self) -> str:
        """The key that browsers need to subscribe.

        Raises:
            OutliveError: it cannot be made.
        """
        return (await self._key()).public

    async def _key(self) -> Key:
        file = state_dir() / "web" / "push.json"
        async with self._making_key:
            try:
                return msgspec.json.decode(file.read_bytes(), type=Key)
            except FileNotFoundError:
                made = await self._send(Order())
            except (OSError, *UNREADABLE) as error:
                why = f"cannot read {file} ({error}); remove it, and turn notifications on again"
                raise OutliveError(why) from error
            key = Key(made.key, made.public)
            ensure_private(file.parent)
            replace_file(file, msgspec.json.encode(key), is_durable=True)
            return key

    # ------------------------------------------------------------ questions

    async def _follow(self) -> None:
        while True:
            try:
                async with self._following.used():
                    await self._following.listed()
                    if not self._has_read:
                        self._has_read = True
                        self._open |= {row.id: _Open(row, is_told=True) for row in _read_told()}
                    cursor = self._following.cursor
                    self._note(self._following.asking())
                    async for _told in self._following.told_after(cursor):
                        self._note(self._following.asking())
            except OutliveError as error:
                log.warning("cannot see the chats: %s", error)
                await asyncio.sleep(AGAIN_S)

    def _note(self, asking: Iterable[Row]) -> None:
        """Note which questions are open now."""
        rows = {row.id: row for row in asking}
        for chat, known in list(self._open.items()):
            row = rows.get(chat)
            if row is None and self._following.is_lost(known.row.machine):
                continue  # Its question may still be open.
            if row is None or not _is_same(row, known.row):
                del self._open[chat]
                self._start(self._tell_end(known))
        for row in rows.values():
            if row.id not in self._open:
                self._open[row.id] = found = _Open(row)
                found.task = self._start(self._remind(found))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _remind(self, question: _Open) -> None:
        await asyncio.sleep(_until_due_s(question.row))
        await self._desk_is_idle()
        row = question.row
        if (await asyncio.to_thread(read_rules, row.id)).is_muted:
            return
        request = await self._request_of(row)
        question.is_told = True
        where = f" on {row.machine}" if row.machine else ""
        message = {
            "title": f"{row.name} needs you{where}",
            "body": row.words[:_MAX_CHARACTERS] if _settings().push_says == "question" else "",
            "chat": row.id,
            "request": request,
        }
        await self._tell(row.id, message, lambda: self._open.get(row.id) is question, is_urgent=True)
        self._save_told()

    async def _desk_is_idle(self) -> None:
        """Wait until nobody has used the desk for a while."""
        idle_s = await self._idle_s()
        while idle_s is not None and idle_s < IDLE_S:
            await asyncio.sleep(IDLE_S - idle_s)
            idle_s = await self._idle_s()

    async def _request_of(self, row: Row) -> str:
        """The id of what a chat asks; "" if only its terminal knows."""
        with contextlib.suppress(OutliveError, TimeoutError):
            machine, info = await self._following.find(row.id)
            requests = (await asked_by(machine, info)).requests
            return requests[0].id if requests else ""
        return ""

    async def _tell_end(self, question: _Open) -> None:
        """Put what became of a question in the place of its notification, unless the next one is there."""
        row = question.row
        if question.task is not None and not question.is_told:
            question.task.cancel()
            return
        if question.task is not None:
            await asyncio.wait([question.task])
        self._save_told()
        outcome = await self._outcome_of(row)
        title = f"{row.name}: {outcome}" if outcome else f"{row.name} no longer needs you"
        message = {"title": title, "chat": row.id, "over": True}
        await self._tell(row.id, message, lambda: row.id not in self._open or not self._open[row.id].is_told)

    async def _outcome_of(self, row: Row) -> str:
        with contextlib.suppress(OutliveError, TimeoutError):
            machine, info = await self._following.find(row.id)
            return (await asked_by(machine, info)).outcome.removeprefix("already ")
        return ""

    def _save_told(self) -> None:
        """Keep which open questions were told, so that a restart of the server tells none again."""
        file = _told_file()
        told = [each.row for each in self._open.values() if each.is_told]
        try:
            ensure_private(file.parent)
            replace_file(file, msgspec.json.encode(told))
        except (OSError, OutliveError) as error:
            log.warning("cannot save which questions were told: %s", error)

    async def _tell(
        self, chat: str, message: dict[str, Any], is_wanted: Callable[[], bool], *, is_urgent: bool = False
    ) -> None:
        """Tell all devices that want it, and those that were not reached again.

        Args:
            chat: the chat that it is about: it takes the place of that chat's last notification.
            message: it; see ``resources/web/worker.js``.
            is_wanted: whether it still says what is.
            is_urgent: whether it asks something.
        """
        left: set[str] | None = None
        topic = hashlib.sha256(chat.encode()).hexdigest()[:32]
        text = msgspec.json.encode({"body": "", "request": "", "over": False, "tag": chat, **message}).decode()
        for number in range(TRIES):
            if number:
                await asyncio.sleep(AGAIN_S)
            if not is_wanted():
                return
            told = [each for each in _wanting() if left is None or each.hash in left]
            targets = [each.push for each in told if each.push is not None]
            if not targets:
                self.look()  # The last one may have been revoked.
                return
            try:
                key = (await self._key()).key
                result = await self._send(Order(key, self._contact, targets, text, topic, is_urgent=is_urgent))
            except OutliveError as error:
                log.warning("%s", error)
                return
            left = set()
            for device, status, reason in zip(told, result.statuses, result.reasons, strict=False):
                if status in GONE:
                    await asyncio.to_thread(devices.notify, device.hash, None)
                elif not 200 <= status < 300:
                    log.warning("%s is not told: %s %s", device.name, status or "", one_line(reason))
                    left.add(device.hash)
            if not left:
                return


def _told_file() -> Path:
    return state_dir() / "web" / "told.json"


def _read_told() -> list[Row]:
    """The chats of which an earlier run told that they need the user."""
    try:
        return msgspec.json.decode(_told_file().read_bytes(), type=list[Row])
    except (OSError, *UNREADABLE):  # Of another version, too: then a question may be told twice.
        return []


def _is_same(one: Row, other: Row) -> bool:
    """Whether two rows of a chat have the same question; another machine's clock is known to some seconds only."""
    if one.words != other.words or not one.machine:
        return (one.words, one.since) == (other.words, other.since)
    mine, its = parse_time(one.since), parse_time(other.since)
    return mine == its or (mine is not None and its is not None and abs(mine - its).total_seconds() < CLOCK_S)


def _wanting() -> list[Device]:
    """The devices that want to be reminded; none if their file cannot be read."""
    try:
        return [each for each in devices.load().devices if each.push is not None]
    except OutliveError:
        return []


def _until_due_s(row: Row) -> float:
    since = parse_time(row.since)
    age_s = (datetime.now(UTC) - since).total_seconds() if since is not None else 0.0
    return min(max(AFTER_S - age_s, 0.0), AFTER_S)


def _settings() -> ChatSettings:
    try:
        return load_chat_settings(config_dir())
    except OutliveError:
        return ChatSettings()
