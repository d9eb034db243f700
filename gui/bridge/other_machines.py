"""The user's other machines: a link to each, and their chats in the list.

The list is ``machines.toml``, which the ``outlive machines`` command writes, too. Each machine's destination, and its
last known home directory and records, are kept in a file, so that its chats are in the list also before the link is
up, and while ``machines.toml`` cannot be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from PySide6.QtCore import QObject, Signal

from gui.timers import single_shot
from gui.wording import machine_texts
from session_host.errors import ConfigError
from session_host.paths import config_dir, ensure_private, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.facts import ChatFacts
from session_host.system.files import replace_file

from .chat import machine_of
from .machine_chats import MachineChats
from .machine_files import FarFiles

if TYPE_CHECKING:
    from session_host.machines.forwarding import Forward
    from session_host.machines.names import MachineEntry
    from session_host.machines.remote import RemoteMachine
    from session_host.system.network_changes import NetworkChanges

    from .chat_list import ChatList
    from .listed_chats import ListedChats
    from .machines import Machines
    from .tasks import Tasks

log = logging.getLogger(__name__)

MAX_KEPT_ENDED = 100
"""How many of a machine's ended chats are kept for the next start, beside those with a tab."""

KEEP_AFTER_MS = 500
"""Changes come in bursts; the file is written once after them."""


READ_AGAIN_S = 20.0
"""The time until a machine's list that could not be read is read again."""


class _Kept(NamedTuple):
    """A machine's destination, and its last known home directory and records, in its file."""

    destination: str
    home: str
    records: list[ChatFacts]


class OtherMachines(QObject):
    """The other machines.

    Attributes:
        machines: each machine, by its name, in the file's order.
        problem: why ``machines.toml`` cannot be read, one line; "" if it can.

    Signals:
        changed: ``machines`` or ``problem`` changed.
        state_changed: the state or the error of a machine's link changed (the machine's name).
        forwarding_stopped: a port is forwarded no more (the machine's name, the port there).
    """

    changed = Signal()
    state_changed = Signal(str)
    forwarding_stopped = Signal(str, int)

    def __init__(
        self,
        chats: ChatList,
        listed: ListedChats,
        all_machines: Machines,
        tasks: Tasks,
        report: Callable[[str], object],
        give_notice: Callable[[str], object],
    ) -> None:
        """``report`` and ``give_notice`` show the user a line, about an error or about something that was done."""
        super().__init__(chats)
        self.machines: dict[str, RemoteMachine] = {}
        self.problem = ""
        self._list, self._listed, self._all, self._tasks = chats, listed, all_machines, tasks
        self._report, self._give_notice = report, give_notice
        self._following: dict[str, asyncio.Task[None]] = {}
        self._shown: dict[str, tuple[bool, datetime | None, str]] = {}
        """Whether each machine can be reached, since when not, and why, as the lists show it."""
        self._closing: set[asyncio.Task[None]] = set()
        self._gone: list[str] = []
        """The machines that were removed while there was no window."""
        self._forwards: dict[tuple[str, int], Forward] = {}
        """The forwarded ports, by machine and port there; one lasts until the user stops it or removes its machine."""
        self._is_following = False
        self._network: NetworkChanges | None = None
        self._keep_timer = single_shot(self, KEEP_AFTER_MS)
        self._keep_timer.timeout.connect(self._keep_all)

    def read(self) -> None:
        """Read the list of machines: add new ones with their last known chats, forget removed ones with their chats.

        While it cannot be read, the machines are the last known ones.
        """
        kept = {} if self._is_following else _all_kept()
        if not self.machines and not kept and not _file().exists():
            return
        from session_host.machines.names import MachineEntry, machines

        before = {name: machine.link.entry for name, machine in self.machines.items()}
        problem, self.problem = self.problem, ""
        try:
            entries = {entry.name: entry for entry in machines()}
        except ConfigError as error:
            self.problem = str(error)
            entries = before or {name: MachineEntry(name, each.destination) for name, each in kept.items()}
        for name in kept.keys() - entries.keys():
            self._gone.append(name)
            _forget_kept(name)
        for name, entry in before.items():
            if name not in entries:
                self._forget(name)
            elif entries[name] != entry:
                self.machines[name].link.move(entries[name])
        added = [entry for name, entry in entries.items() if name not in before]
        for entry in added:
            self._add(entry, kept.get(entry.name))
        self.machines = {name: self.machines[name] for name in entries}
        if entries != before or self.problem != problem:
            self.changed.emit()

    def follow(self) -> None:
        """Connect to all machines, also to those that are added later. Needs a running loop."""
        self._is_following = True
        self._list.changed.connect(self._keep_soon)
        self._list.added.connect(lambda _chat: self._keep_timer.start(0))  # Its tab may be saved soon.
        for name in self.machines:
            self._follow(self._all.by_name[name])
        if self._gone:
            self._give_notice(machine_texts.GONE(names=", ".join(sorted(self._gone))))

    async def close(self) -> None:
        """End all connections; the lists are as last known at the next start."""
        self._is_following = False
        if self._network is not None:
            self._network.close()
        self._keep_timer.stop()
        self._keep_all()
        for task in self._following.values():
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)
        for name, port in list(self._forwards):
            self.stop_forwarding(name, port)
        await asyncio.gather(*(machine.link.close() for machine in self.machines.values()), *self._closing)

    # ------------------------------------------------------------ forwarded ports

    def forwarded_ports(self, name: str) -> list[int]:
        """The ports of a machine that are forwarded."""
        return [port for machine, port in self._forwards if machine == name]

    async def forward(self, name: str, port: int) -> int:
        """Forward a port of a machine, unless it is forwarded; returns the port here.

        Raises:
            OutliveError: that is impossible.
        """
        from session_host.machines.forwarding import Forward

        if (name, port) not in self._forwards:
            opened = Forward(self.machines[name].link, port)
            await opened.start()
            if self._forwards.setdefault((name, port), opened) is not opened:
                await opened.stop()  # Another window has forwarded it meanwhile.
        return self._forwards[name, port].local_port

    def stop_forwarding(self, name: str, port: int) -> None:
        """Stop forwarding a port, unless that has stopped; its connections end."""
        if (forward := self._forwards.pop((name, port), None)) is not None:
            self._close(forward.stop())
            self.forwarding_stopped.emit(name, port)

    def _close(self, closing: Coroutine[Any, Any, None]) -> None:
        """Run what closes something; ``close`` waits for it."""
        task = asyncio.get_running_loop().create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    # ------------------------------------------------------------ one machine

    def _add(self, entry: MachineEntry, kept: _Kept | None) -> None:
        from session_host.machines.link import Link
        from session_host.machines.remote import RemoteMachine

        machine = RemoteMachine(Link(entry, partial(self._on_state, entry.name)))
        self.machines[entry.name] = machine
        if kept is not None:
            machine.link.home = kept.home
        chats = self._all.by_name[entry.name] = MachineChats(
            machine, self._tasks, self._list.apply, FarFiles(machine, self._tasks)
        )
        chats.agents_found = self._list.apply_agents
        chats.on_cut = partial(self._say_cut, entry.name)
        self._list.apply(machine, kept.records if kept is not None else [], [])
        chats.is_loaded = False
        if self._is_following:
            self._follow(chats)

    def _follow(self, chats: MachineChats) -> None:
        machine = self.machines[chats.machine.name]
        machine.link.hold()
        if self._network is None:
            from session_host.system.network_changes import NetworkChanges

            self._network = NetworkChanges(self._ask_all)
        name = f"chats on {machine.name}"
        following = chats.follow(lambda why: self._report(f"{machine.name}: {why}"), READ_AGAIN_S)
        self._following[machine.name] = asyncio.get_running_loop().create_task(following, name=name)

    def _ask_all(self) -> None:
        for machine in self.machines.values():
            machine.link.ask_now()

    def _say_cut(self, name: str, running: int, listed: int) -> None:
        self._report(machine_texts.CUT(name=name, count=running, listed=listed))

    def _forget(self, name: str) -> None:
        machine = self.machines.pop(name)
        self._shown.pop(name, None)
        if (task := self._following.pop(name, None)) is not None:
            task.cancel()
        self._list.forget_all_on(name)
        del self._all.by_name[name]
        for port in self.forwarded_ports(name):
            self.stop_forwarding(name, port)
        if self._is_following:
            self._close(machine.link.close())
        _forget_kept(name)

    def unreachable(self) -> list[RemoteMachine]:
        """The machines that cannot be reached, in the file's order."""
        return [machine for machine in self.machines.values() if not machine.is_reachable]

    def _on_state(self, name: str) -> None:
        if (machine := self.machines.get(name)) is None:
            return
        shown = machine.is_reachable, machine.unreachable_since, machine.why_unreachable
        if shown != self._shown.get(name):  # A link that is down tries again and again.
            self._shown[name] = shown
            self._list.note_reachability(name)
        self.state_changed.emit(name)

    # ------------------------------------------------------------ the last known chats

    def _keep_soon(self) -> None:
        if self.machines and not self._keep_timer.isActive():
            self._keep_timer.start()

    def _keep_all(self) -> None:
        for name in self.machines:
            if self._all.by_name[name].is_loaded:
                link = self.machines[name].link
                _keep(name, _Kept(link.entry.destination, link.home, self._records_to_keep(name)))

    def _records_to_keep(self, name: str) -> list[ChatFacts]:
        """A machine's records: of all chats that run or have a tab, and of the others those that ended last."""
        records, open_ids = self._list.records_on(name), self._listed.open
        ended = [record for record in records if record.outcome.is_over]
        ended.sort(
            key=lambda record: (record.id in open_ids, record.outcome.ended_at or record.origin.created_at),
            reverse=True,
        )
        running = [record for record in records if not record.outcome.is_over]
        return running + ended[: max(MAX_KEPT_ENDED, sum(record.id in open_ids for record in ended))]


def _file() -> Path:
    return config_dir() / "machines.toml"


def _kept_directory() -> Path:
    return state_dir() / "machines"


def _kept_file(name: str) -> Path:
    return _kept_directory() / f"{name}.msgpack"


def _forget_kept(name: str) -> None:
    with contextlib.suppress(OSError):
        _kept_file(name).unlink(missing_ok=True)


def _keep(name: str, kept: _Kept) -> None:
    file = _kept_file(name)
    records = [
        ChatFacts(record.origin.without_secrets(), record.entry, record.outcome, record.program)
        for record in kept.records
    ]
    data = msgspec.msgpack.encode(kept._replace(records=records))
    try:
        ensure_private(file.parent)
        if not file.exists() or file.read_bytes() != data:
            replace_file(file, data)
    except OSError as error:  # The next start shows older ones, until the link is up.
        log.warning("%s: cannot write it (%s)", file, error.strerror)


def _all_kept() -> dict[str, _Kept]:
    """Read the files of all machines; returns their content by the machine's name."""
    try:
        names = sorted(file.stem for file in _kept_directory().glob("*.msgpack"))
    except OSError:
        return {}
    found = {}
    for name in names:
        file = _kept_file(name)
        try:
            kept = msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
        except (OSError, *UNREADABLE) as error:
            log.warning("%s: cannot read it (%s)", file, error)
            continue
        found[name] = kept._replace(records=[each for each in kept.records if machine_of(each.id) == name])
    return found
