"""The chats of all machines, kept true by their events while a device is connected; without one, nothing runs.

A task for each machine follows its events: of this one in the store, of another by ``outlive events`` there. They say
which chat has changed; its row is then read again. All that changes the list is told, under a number: who has the list
of one number and is told what comes after it has the list as it is now. A cursor is such a number; it is void once
nothing was followed for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from session_host.client.machine import ANSWER_S, THIS_MACHINE, Machine
from session_host.client.sessions.following import FollowingThread
from session_host.client.sessions.listing import session_named, sessions_listed
from session_host.client.sessions.selection import Selection
from session_host.client.sessions.session_info import SessionInfo, sessions_of
from session_host.client.sessions.store_access import open_store
from session_host.client.usage import AccountLimits, limits_of_accounts
from session_host.errors import LedgerLost, NoSuchMachine, NoSuchSession, OutliveError, Unreachable
from session_host.machines import names
from session_host.machines.another import by_our_clock
from session_host.machines.events import follow_events
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.paths import config_dir
from session_host.protocol.events import ChatState, EventLine, Hello, LimitsChanged
from session_host.protocol.untrusted_facts import harmless_facts
from session_host.protocol.untrusted_text import one_line
from session_host.standing.clock_times import told_time
from session_host.standing.endings import is_unlisted
from session_host.standing.groups import OVER, Mark
from session_host.standing.hand_over import name_beside
from session_host.storage.store import Store
from session_host.storage.store.ledger import Position
from session_host.system.clock import as_text
from session_host.system.event_loop import Timer
from session_host.system.inotify import Event, Inotify

from .forms import Away, ChatList, LimitUse, Row
from .rows import row_of, tightest_use, title_of

log = logging.getLogger(__name__)

KEPT: Final = 500
"""How many changes are kept for a device that comes back; one that missed more reads the whole list."""

LEAVE_AFTER_S: Final = 60.0
"""How long the events are followed after the last device has gone: a phone comes back soon."""

GATHER_S: Final = 0.1
"""The least time between two reads of a machine's changed chats: changes come in bursts."""

LIMITS_S: Final = 3.0
"""How long after a change of a chat here the limits of accounts are read."""

AGAIN_S: Final = 1.0
"""The pause before a chat is read again that could not be read."""


class Told(NamedTuple):
    """Something that devices are told."""

    number: int
    cursor: str
    event: str
    data: Any


class Following:
    """The list of all machines' chats.

    Attributes:
        name: this computer's name.
    """

    def __init__(self) -> None:
        self.name = socket.gethostname().partition(".")[0]
        self._machines: dict[str, Machine] = {"": THIS_MACHINE}
        self._links: dict[str, tuple[MachineEntry, Link]] = {}
        self._rows: dict[str, Row] = {}
        self._infos: dict[str, SessionInfo] = {}
        self._away: dict[str, tuple[datetime, Away]] = {}
        self._limits: dict[str, list[AccountLimits]] = {}
        """What the accounts of each machine say."""
        self._limit: LimitUse | None = None
        self._limit_ends = Timer()
        self._limits_due = Timer()
        self._told: deque[Told] = deque(maxlen=KEPT)
        self._number = 0
        self._run = secrets.token_hex(4)
        self._news = asyncio.Condition()
        self._users = 0
        self._followers: dict[str, asyncio.Task[None]] = {}
        """The tasks that follow machines; none while nobody looks."""
        self._is_following = False
        self._inotify = Inotify(self._settings_changed)
        self._leaving = Timer()
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        """The chats of a machine that have to be read again; "" stands for all of them."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Each reading of a machine's chats ends before the next one begins, so that no row is older than the last."""
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    # ------------------------------------------------------------ devices

    @contextlib.asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Follow the events while a device needs them, and a moment longer."""
        self._users += 1
        self._leaving.cancel()
        if not self._is_following:
            self._is_following = True
            self._watch_settings()
            self._find_machines()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._leave_later()

    async def listed(self) -> ChatList:
        """The list as it is now."""
        async with self.used():
            self._find_machines()
            await asyncio.gather(*(self._list(machine) for machine in list(self._machines.values())))
            rows = list(self._rows.values())
            over = [each for each in rows if each.group in OVER]
            running = [each for each in rows if each.group not in OVER]
            return ChatList(
                self.name, self.cursor, running, [away for _since, away in self._away.values()], over, self._limit
            )

    def asking(self) -> list[Row]:
        """The chats that need the user, as far as they are followed."""
        return [row for row in self._rows.values() if row.mark == Mark.NEEDS_YOU]

    def is_lost(self, machine: str) -> bool:
        """Whether a machine is not reached now, so that its chats may be as they were."""
        return machine in self._away

    @property
    def cursor(self) -> str:
        """The cursor of the list as it is now."""
        return f"{self._run}-{self._number}"

    async def told_after(self, cursor: str) -> AsyncIterator[Told | None]:
        """Yield what devices are told after a cursor; None first if that is not known any more."""
        number, known = self._number, self._number_of(cursor)
        if known is None:
            yield None
        else:
            number = known
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

    def _number_of(self, cursor: str) -> int | None:
        """The number of a cursor; None if not all is known that was told after it."""
        run, _, digits = cursor.partition("-")
        if run != self._run or not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            return None
        first = self._told[0].number if self._told else self._number + 1
        return int(digits) if first - 1 <= int(digits) <= self._number else None

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

    def reached(self) -> list[Machine]:
        """The machines that are not known to be lost, this one first."""
        self._look_at_machines()
        return [machine for name, machine in self._machines.items() if name not in self._away]

    def machine_named(self, name: str) -> Machine:
        """A machine of the list.

        Raises:
            NoSuchMachine: the user has none of this name.
        """
        self._look_at_machines()
        if (machine := self._machines.get(name)) is None:
            raise NoSuchMachine(f"no machine is called {name[:40]!r}")
        return machine

    def _look_at_machines(self) -> None:
        """Note which machines the user has, for a device that follows no events."""
        self._find_machines()
        if not self._users:
            self._leave_later()

    def _split(self, chat: str) -> tuple[Machine, str]:
        name, slash, chat_id = chat.rpartition("/")
        if not slash:
            return THIS_MACHINE, chat_id
        try:
            return self.machine_named(name), chat_id
        except NoSuchMachine as error:
            raise NoSuchSession(str(error)) from error

    def _find_machines(self) -> None:
        """Note which machines the user has."""
        entries = self._configured()
        known = {entry.name: entry for entry in entries}
        for name, (entry, link) in list(self._links.items()):
            if known.get(name) != entry:
                del self._links[name], self._machines[name]
                if (follower := self._followers.pop(name, None)) is not None:
                    follower.cancel()
                self._keep(link.close())
                for key in [key for key, row in self._rows.items() if row.machine == name]:
                    self._gone(key)
                self._reached(name)
        for entry in entries:
            if entry.name not in self._machines:
                link = Link(entry)
                self._links[entry.name] = entry, link
                self._machines[entry.name] = RemoteMachine(link)
        for name, machine in self._machines.items() if self._is_following else ():
            if name not in self._followers:
                following = self._follow(machine)
                self._followers[name] = asyncio.get_running_loop().create_task(following, name=f"events {name}")

    def _configured(self) -> list[MachineEntry]:
        """The user's machines; as before, if the file is broken."""
        try:
            return names.machines()
        except OutliveError as error:
            log.warning("%s", error)
            return [entry for entry, _link in self._links.values()]

    async def _list(self, machine: Machine) -> None:
        """Read all chats of a machine: those that run, and those that ended today.

        Raises:
            OutliveError: those here cannot be read.
        """
        async with self._locks[machine.name]:
            self._changed.pop(machine.name, None)
            try:
                await self._read_all(machine)
            except (OutliveError, TimeoutError) as error:
                if machine is THIS_MACHINE:
                    raise
                self._lost(machine, one_line(str(error)) or "no answer")

    async def _read_all(self, machine: Machine) -> None:
        today = datetime.now().astimezone().date()
        call = machine.call(sessions_listed, Selection(since=today), ended=True)
        infos = [_received(info, machine) for info in await asyncio.wait_for(call, ANSWER_S)]
        self._reached(machine.name)
        listed = {machine.prefix + info.id for info in infos}
        for key in [key for key, row in self._rows.items() if row.machine == machine.name and key not in listed]:
            self._gone(key)
        for info in infos:
            self._put(info, machine)
        await self._read_limits(machine)

    async def _read_limits(self, machine: Machine) -> None:
        """Read what the accounts of a machine say; as before, if it does not answer."""
        with contextlib.suppress(OutliveError, TimeoutError):
            self._limits[machine.name] = await asyncio.wait_for(machine.call(limits_of_accounts), ANSWER_S)
            self._tell_limit()

    def _tell_limit(self) -> None:
        """Note the tightest limit, tell it if it is another one, and do so again when it is reset."""
        found, again_s = tightest_use([each for limits in self._limits.values() for each in limits], time.time())
        if found != self._limit:
            self._limit = found
            self._tell("limit", {"limit": found})
        if again_s is not None and self._is_following:
            self._limit_ends.set(again_s, self._tell_limit)

    async def _read(self, machine: Machine, chat: str) -> None:
        """Read a chat's row again.

        Raises:
            OutliveError: it cannot be read.
        """
        try:
            info = await asyncio.wait_for(machine.call(session_named, chat), ANSWER_S)
        except NoSuchSession:
            self._gone(machine.prefix + chat)
            return
        if info.id != chat:
            return
        self._put(_received(info, machine), machine)
        origin = info.facts.origin.handed_from
        before = self._infos.get(machine.prefix + origin) if origin else None
        if before is not None and before.facts.entry.handed_to != machine.prefix + chat:
            await self._read(machine, origin)  # No event of its own tells that this one took over its task.

    def _put(self, info: SessionInfo, machine: Machine, *, is_reached: bool = True) -> None:
        """Note what is known of a chat, and tell its row if that has changed."""
        taker = self._infos.get(info.facts.entry.handed_to)
        name = name_beside(taker.facts, title_of(taker.facts)) if taker is not None else ""
        row = row_of(info.facts, machine, is_reached=is_reached, taker=name)
        if is_unlisted(info.facts) or (row.group in OVER and row.since < _midnight()):
            self._gone(row.id)
            return
        self._infos[row.id] = info
        if self._rows.get(row.id) != row:
            self._rows[row.id] = row
            self._tell("row", row)
            if (handed := self._infos.get(info.facts.origin.handed_from)) is not None:
                self._put(handed, machine, is_reached=is_reached)  # It names this one.

    def _gone(self, key: str) -> None:
        self._infos.pop(key, None)
        if self._rows.pop(key, None) is not None:
            self._tell("gone", {"chat": key})

    def _lost(self, machine: Machine, why: str) -> None:
        """Note that a machine is not reached: its chats stay as they were."""
        infos = [self._infos[key] for key, row in self._rows.items() if row.machine == machine.name]
        running = [info for info in infos if not info.facts.outcome.is_over]
        for info in running:
            self._put(info, machine, is_reached=False)
        known, moment = self._away.get(machine.name), datetime.now(UTC)
        since = known[0] if known is not None else machine.unreachable_since or moment
        away = Away(machine.name, told_time(since, moment), why, len(running))
        if known is None or away != known[1]:
            self._away[machine.name] = since, away
            self._tell("machine", away)

    def _reached(self, machine: str) -> None:
        if self._away.pop(machine, None) is not None:
            self._tell("machine", Away(machine, "", "", 0))

    # ------------------------------------------------------------ events

    async def _follow(self, machine: Machine) -> None:
        """Follow the events of a machine until this is cancelled."""
        while True:
            try:
                if machine.has_our_files:
                    await self._follow_here()
                else:
                    await self._follow_there(machine.name, self._links[machine.name][1])
            except LedgerLost:
                pass  # All is read again, of the store that is there now.
            except Unreachable as error:
                self._lost(machine, one_line(str(error)))
                await machine.wait_reachable()
            except OutliveError as error:
                log.warning("cannot follow the events: %s", error)
                await asyncio.sleep(AGAIN_S)

    async def _follow_here(self) -> None:
        position = await asyncio.to_thread(_last_position)
        self._mark("")  # What happened before is told now.
        with (thread := FollowingThread(Store.chats_changed_since)) as wait:
            while True:
                position, chats = await wait(position)
                if chats is None:
                    self._mark("")
                else:
                    async with self._locks[""]:
                        infos = await thread.ask(partial(sessions_of, session_ids=chats))
                        for info in infos:
                            self._put(info, THIS_MACHINE)
                        for chat in set(chats) - {info.id for info in infos}:
                            self._gone(chat)
                    if not self._limits_due.is_set:
                        self._limits_due.set(LIMITS_S, lambda: self._keep(self._read_limits(THIS_MACHINE)))
                await asyncio.sleep(GATHER_S)

    async def _follow_there(self, name: str, link: Link) -> None:
        def take(line: EventLine) -> None:
            if isinstance(line.event, Hello):
                self._mark(name)  # What happened before is told now.
            elif isinstance(line.event, LimitsChanged):
                self._keep(self._read_limits(self._machines[name]))
            elif line.chat is not None and not isinstance(line.event, ChatState):
                self._mark(name, line.chat.id)

        link.hold()
        code = await follow_events(link, [], take, lambda text: log.warning("%s: %s", name, one_line(text)))
        raise OutliveError(f"{name}: the events ended (exit code {code})")

    def _watch_settings(self) -> None:
        """Notice machines that are added or removed; without inotify, with the next list that is read."""
        if self._inotify.is_open or not self._inotify.start():
            return
        flags = self._inotify.flags
        with contextlib.suppress(OSError):
            self._inotify.watch(config_dir(), flags.MOVED_TO | flags.CLOSE_WRITE | flags.DELETE)

    def _settings_changed(self, events: list[Event]) -> None:
        if any(each.name in {"", names.FILE} for each in events):
            self._find_machines()

    def _mark(self, machine: str, chat: str = "") -> None:
        """Note that a chat has to be read again, or all of the machine."""
        self._changed[machine].add(chat)
        if machine not in self._readers:
            self._readers[machine] = asyncio.get_running_loop().create_task(self._read_changed(machine), name="rows")

    async def _read_changed(self, name: str) -> None:
        """Read the rows of a machine's changed chats until no more change."""
        try:
            while self._changed.get(name):
                pause_s = GATHER_S
                async with self._locks[name]:
                    changed = self._changed.pop(name, set())
                    if (machine := self._machines.get(name)) is None:
                        return
                    reads = [self._read_all(machine)] if "" in changed else [self._read(machine, e) for e in changed]
                    for error in await asyncio.gather(*reads, return_exceptions=True):
                        if isinstance(error, Unreachable):
                            self._lost(machine, one_line(str(error)))
                        elif isinstance(error, OutliveError | TimeoutError):
                            log.warning("cannot read the chats: %s", str(error) or "no answer")
                            self._changed[name] |= changed
                            pause_s = AGAIN_S
                        elif error is not None:
                            raise error
                await asyncio.sleep(pause_s)
        finally:
            del self._readers[name]

    def _tell(self, event: str, data: Any) -> None:
        self._number += 1
        self._told.append(Told(self._number, self.cursor, event, data))
        self._keep(self._wake())

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------ the end

    def _leave_later(self) -> None:
        self._leaving.set(LEAVE_AFTER_S, lambda: self._keep(self._leave()))

    async def _leave(self) -> None:
        """Nobody looks any more, unless somebody has just come."""
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """Stop following, and close the connections to other machines. What was last known of their chats stays."""
        self._leaving.cancel()
        self._limit_ends.cancel()
        self._limits_due.cancel()
        self._inotify.close()
        self._run = secrets.token_hex(4)
        followers, self._followers, self._is_following = list(self._followers.values()), {}, False
        tasks = [*followers, *self._readers.values()]
        links = [link for _entry, link in self._links.values()]
        self._links, self._machines = {}, {"": THIS_MACHINE}
        self._changed.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(link.close() for link in links))


def _last_position() -> Position:
    """The place in this machine's ledger after all that was written so far."""
    with open_store() as store:
        return store.ledger.position()


def _midnight() -> str:
    """The begin of today."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return as_text(today.timestamp())


def _received(info: SessionInfo, machine: Machine) -> SessionInfo:
    """A chat of a machine with our times, and without what could do harm."""
    if machine.has_our_files:
        return info
    return replace(info, facts=by_our_clock(harmless_facts(info.facts), machine.clock_ahead))
