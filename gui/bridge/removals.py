"""Removes ended chats, and ends idle shells, after a delay during which the user can undo it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from session_host.client.chats.ended_chat import Removal, remove_chats
from session_host.client.sessions.foreground import has_jobs
from session_host.errors import OutliveError, SessionEnded
from session_host.protocol.messages import Describe, Description, Stop

from .chat import id_in_window, in_window
from .ended_list import is_kept

if TYPE_CHECKING:
    from session_host.client.chats.retention import EndedChat
    from session_host.client.machine import Machine

    from .chat import Chat
    from .chat_list import ChatList


class Shells:
    """The shells that were started in a window, and the rules of their ends.

    Attributes:
        own: the ids of the shells that were started or resumed in a window.
    """

    def __init__(self, chats: ChatList) -> None:
        self._list = chats
        self.own: set[str] = set()

    def load(self, session_ids: Iterable[str]) -> None:
        """Load from the saved layout which shells are ``own``."""
        self.own.update(session_ids)

    def saved(self) -> list[str]:
        """The running shells among ``own``, for the saved layout."""
        return [chat.id for chat in self._list.running() if chat.id in self.own]

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether nothing is lost if a shell ends when its tab is closed: it was started here, and is idle."""
        return chat.id in self.own and chat.record.is_shell and not is_kept(chat.record) and is_idle(chat)


def is_idle(chat: Chat) -> bool:
    """Whether a shell waits for a command, and has no background or stopped job."""
    return chat.is_at_prompt and not has_jobs(chat.record)


UNDO_MS = 10_000
"""The time during which a removal can be undone."""

AT_ONCE = 10
"""How many chats are removed before the window does other work."""


class _Pending(NamedTuple):
    """Chats that are removed together, and the timer of their removal; the others as in ``begin``."""

    chats: list[Chat]
    timer: QTimer
    by_limit: bool
    ends_shells: bool


class UndoableRemovals(QObject):
    """Removes ended chats, or ends idle shells, after a delay during which the user can undo that.

    During the delay the chats are hidden and their files stay, so a crash removes nothing.

    Signals:
        begun: a chat is to be removed or ended unless the user undoes that, and is hidden next (its id).
        undone: the user keeps the chat after all; it is shown again (its id).
        kept: the chat could not be removed, or the shell was ended or runs on; it is no longer hidden (its id).
    """

    begun = Signal(str)
    undone = Signal(str)
    kept = Signal(str)

    def __init__(self, chats: ChatList) -> None:
        super().__init__(chats)
        self._list = chats
        self._pending: list[_Pending] = []
        self._kept: set[str] = set()
        """The chats that the user keeps from the limit, until that is noted."""

    def begin(
        self, chats: Iterable[Chat], *, undo_ms: int = UNDO_MS, by_limit: bool = False, ends_shells: bool = False
    ) -> list[Chat]:
        """Hide ended chats, and remove them after ``undo_ms``.

        Args:
            chats: the chats; those that run or are already being removed are left out.
            undo_ms: the time for an undo; 0 for no undo.
            ends_shells: the chats are running shells, which are ended in place of removed if they are idle then.
            by_limit: the limit of ended chats removes them, not the user: they stay if the window closes before.

        Returns:
            The chats that are being removed or ended.
        """
        begun = [chat for chat in chats if chat.has_ended != ends_shells and not self._list.is_hidden(chat)]
        if not begun:
            return []
        timer = QTimer(self, singleShot=True, interval=undo_ms)
        pending = _Pending(list(begun), timer, by_limit, ends_shells)
        timer.timeout.connect(lambda: self._list.tasks.start(self._carry_out(pending), "remove"))
        self._pending.append(pending)
        timer.start()
        for chat in begun:
            if undo_ms:
                self.begun.emit(chat.id)
            self._list.hide(chat)
        return begun

    def undo(self, chats: Iterable[Chat]) -> None:
        """Cancel pending removals, the last one first; without effect on chats that are already being removed.

        A shell that is already being ended is shown again, without its tabs.
        """
        wanted = {chat.id: chat for chat in chats}
        for pending in list(self._pending):
            kept = [chat for chat in pending.chats if chat.id in wanted]
            pending.chats[:] = [chat for chat in pending.chats if chat.id not in wanted]
            if not pending.chats:
                self._end(pending)
            if pending.by_limit and kept:  # For a while, the limit does not remove them again.
                self._kept.update(chat.id for chat in kept)
                self._list.tasks.start(self._note_kept(), "keep")
            for chat in reversed(kept):  # Each tab comes back to where it was when it went.
                self._list.unhide(chat)
                self.undone.emit(chat.id)
        for chat in wanted.values():
            if self._list.is_hidden(chat) and not chat.has_ended:
                self._keep(chat)

    async def _note_kept(self) -> None:
        from session_host.client.chats.retention import note_viewed

        for chat in [chat for each in self._kept if (chat := self._list.get(each)) is not None]:
            await chat.machine.call(note_viewed, chat.session_id)
            self._kept.discard(chat.id)

    async def ended(self) -> list[EndedChat]:
        """The ended chats, but for hidden and continued ones, with their sizes; those that ended first come first.

        Raises:
            OutliveError: the store could not be read.
        """
        from session_host.client.chats.retention import measured_chats

        listed = set(self._list.listed_ids(with_left=True))
        found: list[EndedChat] = []
        for chats in self._list.machines.values():
            ended = await chats.machine.call(measured_chats)
            found += [each for each in ended if in_window(each.record, chats.machine).id in listed]
        return sorted(found, key=lambda each: each.ended_s)

    async def size_of(self, chats: Iterable[Chat]) -> int:
        """The size of ended chats on the disk, in bytes."""
        from session_host.client.chats.retention import size_of

        return sum([await machine.call(size_of, own) for machine, own in _by_machine(chats)])

    async def finish(self) -> None:
        """Carry out all pending removals that the user asked for now, because the window closes."""
        if self._kept:
            await self._note_kept()
        for pending in list(self._pending):
            if pending.by_limit:
                self._end(pending)
                continue
            try:
                await self._carry_out(pending)
            except OutliveError:
                continue  # The chat stays; the next window shows it.

    def _end(self, pending: _Pending) -> None:
        self._pending.remove(pending)
        pending.timer.stop()
        pending.timer.deleteLater()

    async def _carry_out(self, pending: _Pending) -> None:
        """Remove or end the chats, some at once; those that an undo takes out of ``pending.chats`` meanwhile stay."""
        problem: OutliveError | None = None
        while pending.chats:
            some = pending.chats[:AT_ONCE]
            del pending.chats[:AT_ONCE]
            try:
                if pending.ends_shells:
                    await self._end_shells(some)
                else:
                    await self._remove(some, by_limit=pending.by_limit)
            except OutliveError as error:
                problem = error
            except asyncio.CancelledError:
                pending.chats[:0] = some  # The window closes; see ``finish``.
                raise
        if pending in self._pending:
            self._end(pending)
        if problem is not None:
            raise problem

    async def _end_shells(self, chats: list[Chat]) -> None:
        """End shells; one that is not idle any more, or is used elsewhere, runs on.

        Raises:
            OutliveError: one of them could not be ended.
        """
        results = await asyncio.gather(*map(_end_idle, chats), return_exceptions=True)
        await self._list.refresh_now()  # The ends are in the store, and not all of them here yet.
        for chat in chats:
            if self._list.is_hidden(chat):
                self._keep(chat)
        for result in results:
            if result is not None:
                raise result

    def _keep(self, chat: Chat) -> None:
        self._list.unhide(chat)
        self.kept.emit(chat.id)

    async def remove_now(self, chat: Chat) -> None:
        """Remove a chat and its files.

        Raises:
            OutliveError: it could not be removed.
        """
        await self._remove([chat], by_limit=False)

    async def _remove(self, chats: list[Chat], *, by_limit: bool) -> None:
        """Remove chats and their files; one that stays is shown again.

        Raises:
            OutliveError: one of them could not be removed.
        """
        results: dict[str, Removal] = {}
        for machine, own in _by_machine(chats):
            done = await machine.call(remove_chats, own, by_limit=by_limit)
            results |= {id_in_window(each, machine): result for each, result in zip(own, done, strict=True)}
        problem = ""
        for chat in chats:
            result = results[chat.id]
            if result.is_done:
                self._list.forget(chat)
                if result.line:
                    self._list.notice_given.emit(result.line)
            else:
                problem = result.line or problem
                self._keep(chat)
        if problem:
            raise OutliveError(problem)


async def _end_idle(chat: Chat) -> None:
    """End a shell that is idle and used nowhere else; returns when it has ended."""
    with contextlib.suppress(SessionEnded):
        now: Description = await chat.ask(Describe(request=1))
        if is_idle(chat) and now.foreground == "" and not now.viewers:
            await chat.ask(Stop(request=1))


def _by_machine(chats: Iterable[Chat]) -> list[tuple[Machine, list[str]]]:
    """The machines of chats, each with the ids of its chats there, in the same order."""
    found: dict[Machine, list[str]] = {}
    for chat in chats:
        found.setdefault(chat.machine, []).append(chat.session_id)
    return list(found.items())
