"""The limits of the accounts that the chats of all machines use, read again when chats change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import QObject, Qt, Signal

from gui.timers import single_shot
from session_host.errors import OutliveError
from session_host.protocol.untrusted_text import one_line

if TYPE_CHECKING:
    from session_host.client.machine import Machine
    from session_host.client.usage import AccountLimits

    from .chat_list import ChatList
    from .machines import Machines
    from .tasks import Tasks

READ_MS = 3000
"""How long after a change of a chat they are read: changes come in bursts."""
_LONGEST_MS = 24 * 3600 * 1000
_TEXT_CHARACTERS = 400


class LimitsOn(NamedTuple):
    """The limits of an account.

    Attributes:
        machine: the name of the machine that has the account; "" for this one.
        account: the account and its limits.
    """

    machine: str
    account: AccountLimits


async def read_limits(machines: Machines) -> list[LimitsOn]:
    """The limits of the accounts of this machine and of those that answer."""
    found: list[LimitsOn] = []
    for each in list(machines.by_name.values()):
        if each.machine.is_reachable:
            found += await _limits_on(each.machine)
    return found


async def _limits_on(machine: Machine) -> list[LimitsOn]:
    from session_host.client.usage import limits_of_accounts  # the window's start does not need it

    try:
        answers = await machine.try_ask(lambda: machine.call(limits_of_accounts))
    except OutliveError:
        return []  # What shows the machine's chats says why.
    return [limits_on(machine, each) for answer in answers for each in answer]


def limits_on(machine: Machine, account: AccountLimits) -> LimitsOn:
    """The limits of an account on a machine; texts of the machine are made harmless and short."""
    agent, name = (one_line(each)[:_TEXT_CHARACTERS] for each in (account.agent, account.account))
    return LimitsOn(machine.name, replace(account, agent=agent, account=name))


class KnownLimits(QObject):
    """The limits that are known.

    Attributes:
        accounts: the accounts that say some.

    Signals:
        changed: they are others.
    """

    changed = Signal()

    def __init__(self, chats: ChatList, machines: Machines, tasks: Tasks) -> None:
        """Read them after the chats change, for the first time once these are known."""
        super().__init__(chats)
        self._machines, self._tasks = machines, tasks
        self.accounts: list[LimitsOn] = []
        self._due = single_shot(self, READ_MS)
        self._due.timeout.connect(self._read)
        self._reset = single_shot(self)
        self._reset.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._reset.timeout.connect(self._read)
        chats.changed.connect(self.note_change)

    def note_change(self) -> None:
        """A chat has changed, maybe since its agent has said limits."""
        if not self._due.isActive():
            self._due.start()

    def _read(self) -> None:
        self._tasks.start(self._read_all(), "limits of accounts")

    async def _read_all(self) -> None:
        found = await read_limits(self._machines)
        self._await_reset(found)
        if found != self.accounts:
            self.accounts = found
            self.changed.emit()

    def _await_reset(self, found: list[LimitsOn]) -> None:
        """Read again when the first limit is reset."""
        resets = [limit.resets_ms for each in found for limit in each.account.limits if limit.resets_ms]
        self._reset.stop()
        if resets:
            self._reset.start(max(min(round(min(resets) - time.time() * 1000) + 1000, _LONGEST_MS), 1000))
