"""The chats of all machines, kept true by their events while a device is connected; without one, nothing runs.

``outlive events --on all`` runs as a child and says which chat has changed; its row is then read again. The cursor of
its last line names the state that the list has. Devices get rows in the order in which they changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from session_host.client.machine import THIS_MACHINE, Machine
from session_host.client.sessions.listing import session_named, sessions_listed
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import NoSuchMachine, NoSuchSession, OutliveError
from session_host.machines import names
from session_host.machines.another import by_our_clock
from session_host.machines.link import Link
from session_host.machines.remote import RemoteMachine
from session_host.protocol.untrusted_facts import harmless_facts
from session_host.protocol.untrusted_text import one_line
from session_host.standing.endings import is_unlisted
from session_host.system.clock import as_text, now
from session_host.system.event_loop import Timer
from session_host.system.installation import outlive_command

from .forms import Away, ChatList, Row
from .rows import row_of

log = logging.getLogger(__name__)

KEPT: Final = 500
"""How many changes are kept for a device that comes back; one that missed more reads the whole list."""

LEAVE_AFTER_S: Final = 60.0
"""How long the events are followed after the last device has gone: a phone comes back soon."""

GATHER_S: Final = 0.1
"""How long changes of a chat are gathered."""

ANSWER_S: Final = 5.0
_MAX_LINE_BYTES: Final = 1024 * 1024


class Told(NamedTuple):
    """Something that devices are told."""

    number: int
    cursor: str
    event: str
    data: Any


class _Line(msgspec.Struct):
    """What counts of a line of ``outlive events --json``."""

    cursor: str = ""
    machine: str = names.HERE
    chat: dict[str, str] | None = None
    event: dict[str, Any] = {}


class Following:
    """The list of all machines' chats.

    Attributes:
        name: this computer's name.
    """

    def __init__(self) -> None:
        self.name = socket.gethostname().partition(".")[0]
        self._machines: dict[str, Machine] = {"": THIS_MACHINE}
        self._links: list[Link] = []
        self._rows: dict[str, Row] = {}
        self._infos: dict[str, SessionInfo] = {}
        self._away: dict[str, Away] = {}
        self._told: deque[Told] = deque(maxlen=KEPT)
        self._number = 0
        self._news = asyncio.Condition()
        self._cursor = ""
        self._has_cursor = asyncio.Event()
        self._users = 0
        self._task: asyncio.Task[None] | None = None
        self._leaving = Timer()
        self._changed: set[str] = set()
        self._gathering = Timer()
        self._reading: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ devices

    @contextlib.asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Follow the events while a device needs them, and a moment longer."""
        self._users += 1
        self._leaving.cancel()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="events")
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._leaving.set(LEAVE_AFTER_S, self._leave)

    async def listed(self) -> ChatList:
        """The list as it is now."""
        async with self.used():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_cursor.wait(), ANSWER_S)
            cursor = self._cursor
            self._find_machines()
            await asyncio.gather(*(self._list(machine) for machine in list(self._machines.values())))
            midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            today = as_text(midnight.astimezone(UTC).timestamp())
            rows = list(self._rows.values())
            over = [each for each in rows if each.group in {"ended", "interrupted"}]
            ended = [each for each in over if each.since >= today]
            running = [each for each in rows if each not in over]
            return ChatList(self.name, cursor, running, list(self._away.values()), ended)

    async def told_after(self, cursor: str) -> AsyncIterator[Told | None]:
        """Yield what devices are told after a cursor; None first if that is not known any more."""
        number = next((each.number for each in reversed(self._told) if each.cursor == cursor), None)
        if number is None:
            number = self._number
            if cursor != self._cursor:
                yield None
        while True:
            async with self._news:
                while self._number <= number:
                    await self._news.wait()
            if self._told[0].number > number + 1:
                number = self._number
                yield None
                continue
            for each in [each for each in self._told if each.number > number]:
                yield each
                number = each.number

    def row(self, chat: str) -> Row | None:
        """A row of the list."""
        return self._rows.get(chat)

    # ------------------------------------------------------------ chats

    async def find(self, chat: str) -> tuple[Machine, SessionInfo]:
        """A chat with its machine, as it is now.

        Raises:
            NoSuchSession: there is none with this id.
            Unreachable: its machine is not reached.
        """
        machine, chat_id = self._split(chat)
        info = await asyncio.wait_for(machine.call(session_named, chat_id), ANSWER_S)
        if info.id != chat_id:
            raise NoSuchSession(f"no chat has the id {chat_id[:40]!r}")
        return machine, _received(info, machine)

    def machine_named(self, name: str) -> Machine:
        """A machine of the list.

        Raises:
            NoSuchMachine: the user has none of this name.
        """
        self._find_machines()
        if (machine := self._machines.get(name)) is None:
            raise NoSuchMachine(f"no machine is called {name[:40]!r}")
        return machine

    def _split(self, chat: str) -> tuple[Machine, str]:
        name, slash, chat_id = chat.rpartition("/")
        try:
            return self.machine_named(name if slash else ""), chat_id
        except NoSuchMachine as error:
            raise NoSuchSession(str(error)) from error

    def _find_machines(self) -> None:
        """Note which machines the user has."""
        entries = {entry.name: entry for entry in names.machines()}
        for name in set(self._machines) - {""} - set(entries):
            del self._machines[name]
            self._away.pop(name, None)
            self._rows = {key: row for key, row in self._rows.items() if row.machine != name}
        for name, entry in entries.items():
            if name not in self._machines:
                link = Link(entry)
                self._links.append(link)
                self._machines[name] = RemoteMachine(link)

    async def _list(self, machine: Machine) -> None:
        """Read all chats of a machine: those that run, and those that ended today."""
        today = datetime.now().astimezone().date()
        try:
            infos = await asyncio.wait_for(machine.call(sessions_listed, Selection(since=today), ended=True), ANSWER_S)
        except (OutliveError, TimeoutError) as error:
            if machine is THIS_MACHINE:
                raise
            self._lost(machine, one_line(str(error)) or "no answer")
            return
        self._away.pop(machine.name, None)
        self._rows = {key: row for key, row in self._rows.items() if row.machine != machine.name}
        for info in infos:
            found = _received(info, machine)
            if not is_unlisted(found.facts):
                row = row_of(found.facts, machine)
                self._rows[row.id], self._infos[row.id] = row, found

    def _lost(self, machine: Machine, why: str, since: str = "") -> None:
        """Note that a machine is not reached: its chats stay as they were."""
        lost = machine.unreachable_since
        since = since or (as_text(lost.timestamp()) if lost is not None else now())
        count = 0
        for key, info in self._infos.items():
            row = self._rows.get(key)
            if row is not None and row.machine == machine.name and not info.facts.outcome.is_over:
                self._rows[key] = row_of(info.facts, machine, is_reached=False)
                count += 1
        known = self._away.get(machine.name)
        self._away[machine.name] = Away(machine.name, known.since if known is not None else since, why, count)

    # ------------------------------------------------------------ events

    async def _follow(self) -> None:
        """Run ``outlive events`` until it is cancelled; again if it ends."""
        pauses = iter((0.2, 1.0, 5.0))
        while True:
            process = await asyncio.create_subprocess_exec(
                *outlive_command(),
                *("events", "--json", "--on", names.ALL),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                limit=_MAX_LINE_BYTES,
            )
            assert process.stdout is not None
            try:
                with contextlib.suppress(ValueError):  # A longer line than any of ours.
                    while data := await process.stdout.readline():
                        self._take(data)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
            log.warning("the events ended (exit code %s)", process.returncode)
            self._tell("reset", {})
            await asyncio.sleep(next(pauses, 5.0))

    def _take(self, data: bytes) -> None:
        """Handle a line."""
        try:
            line = msgspec.json.decode(data, type=_Line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self._cursor = line.cursor
        kind = line.event.get("kind")
        machine = "" if line.machine == names.HERE else line.machine
        if kind == "hello":
            self._has_cursor.set()
        elif kind == "unreachable" and machine in self._machines:
            self._lost(self._machines[machine], one_line(str(line.event.get("why", ""))))
            self._tell("machine", self._away[machine])
            self._tell("reset", {})
        elif kind == "reachable":
            self._tell("machine", Away(machine, "", "", 0))
            self._tell("reset", {})
        elif kind == "removed" and line.chat is not None:
            self._gone(_id(machine, line.chat))
        elif kind != "state" and line.chat is not None:
            self._changed.add(_id(machine, line.chat))
            if not self._gathering.is_set:
                self._gathering.set(GATHER_S, self._read_changed)

    def _read_changed(self) -> None:
        changed, self._changed = self._changed, set()
        for chat in changed:
            task = asyncio.get_running_loop().create_task(self._read(chat), name="row")
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _read(self, chat: str) -> None:
        """Read a chat's row again, and tell it."""
        try:
            machine, info = await self.find(chat)
        except NoSuchSession:
            self._gone(chat)
            return
        except (OutliveError, TimeoutError) as error:
            log.info("%s: %s", chat, error)
            return
        row = row_of(info.facts, machine)
        self._rows[chat], self._infos[chat] = row, info
        self._tell("row", row)

    def _gone(self, chat: str) -> None:
        self._infos.pop(chat, None)
        if self._rows.pop(chat, None) is not None:
            self._tell("gone", {"chat": chat})

    def _tell(self, event: str, data: Any) -> None:
        self._number += 1
        self._told.append(Told(self._number, self._cursor, event, data))
        task = asyncio.get_running_loop().create_task(self._wake(), name="news")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    # ------------------------------------------------------------ the end

    def _leave(self) -> None:
        """Nobody looks any more."""
        task = asyncio.get_running_loop().create_task(self.close(), name="leave")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def close(self) -> None:
        """Stop following, and close the connections to other machines."""
        self._leaving.cancel()
        self._gathering.cancel()
        task, self._task = self._task, None
        links, self._links = self._links, []
        self._machines = {"": THIS_MACHINE}
        self._has_cursor.clear()
        self._told.clear()
        self._rows, self._infos, self._away = {}, {}, {}
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await asyncio.gather(*(link.close() for link in links))


def _id(machine: str, chat: dict[str, str]) -> str:
    return f"{machine}/{chat.get('id', '')}" if machine else chat.get("id", "")


def _received(info: SessionInfo, machine: Machine) -> SessionInfo:
    """A chat of a machine with our times, and without what could do harm."""
    if machine.has_our_files:
        return info
    return replace(info, facts=by_our_clock(harmless_facts(info.facts), machine.clock_ahead))
