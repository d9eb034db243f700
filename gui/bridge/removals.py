"""Removes ended chats, and ends idle shells, after a delay during which the user can undo it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from gui.timers import single_shot
from gui.wording import notice_texts
from session_host.client.chats.ended_chat import Removal, remove_chats
from session_host.client.sessions.foreground import has_jobs, shell_has_jobs
from session_host.errors import OutliveError, ProtocolViolation, SessionEnded
from session_host.protocol.messages import Describe, Description, Stop
from session_host.protocol.untrusted_text import one_line
from session_host.standing.endings import is_kept
from session_host.standing.status import is_at_prompt

from .machine_chats import ask_all

if TYPE_CHECKING:
    from session_host.client.chats.retention import EndedChat
    from session_host.client.machine import Machine

    from .chat import Chat
    from .chat_list import ChatList
    from .listed_chats import ListedChats
    from .machines import Machines
    from .tasks import Tasks


class Shells:
    """The shells that were started in a window, and the rules of their ends.

    Attributes:
        own: the ids of the shells that were started or resumed in a window.
    """

    def __init__(self, listed: ListedChats) -> None:
        self._listed = listed
        self.own: set[str] = set()

    def load(self, session_ids: Iterable[str]) -> None:
        """Load from the saved layout which shells are ``own``."""
        self.own.update(session_ids)

    def saved(self) -> list[str]:
        """The running shells among ``own``, for the saved layout."""
        return [chat.id for chat in self._listed.running() if chat.id in self.own]

    def ends_with_tab(self, chat: Chat) -> bool:
        """Whether nothing is lost if a shell ends when its tab is closed: it was started here, and is idle."""
        return chat.id in self.own and chat.record.origin.is_shell and not is_kept(chat.record) and _seems_idle(chat)


def _seems_idle(chat: Chat) -> bool:
    """Whether a shell waits for a command, and has no background or stopped job, as far as known at once."""
    return is_at_prompt(chat.record) and (chat.record.program.child_pid is None or not has_jobs(chat.record))


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

    def __init__(
        self,
        chats: ChatList,
        listed: ListedChats,
        machines: Machines,
        tasks: Tasks,
        give_notice: Callable[[str], object],
    ) -> None:
        super().__init__(chats)
        self._list, self._listed, self._machines, self._tasks = chats, listed, machines, tasks
        self._give_notice = give_notice
        self._pending: list[_Pending] = []
        self._kept: set[str] = set()
        """The chats that the user keeps from the limit, until that is noted."""

    def begin(
        self, chats: Iterable[Chat], *, undo_ms: int = UNDO_MS, by_limit: bool = False, ends_shells: bool = False
    ) -> list[Chat]:
        """Hide ended chats, and remove them after ``undo_ms``.

        Args:
            chats: the chats; those that run, are asleep or are already being removed are left out.
            undo_ms: the time for an undo; 0 for no undo.
            ends_shells: the chats are running shells, which are ended in place of removed if they are idle then.
            by_limit: the limit of ended chats removes them, not the user: they stay if the window closes before.

        Returns:
            The chats that are being removed or ended.
        """
        wanted = (chat for chat in chats if (not chat.has_ended if ends_shells else chat.is_over))
        begun = [chat for chat in wanted if not self._listed.is_hidden(chat)]
        if not begun:
            return []
        timer = single_shot(self, undo_ms)
        pending = _Pending(list(begun), timer, by_limit, ends_shells)
        text = notice_texts.CANNOT_STOP if ends_shells else notice_texts.CANNOT_REMOVE
        failure = text(name=begun[0].name) if len(begun) == 1 else notice_texts.CANNOT_REMOVE_SEVERAL()
        timer.timeout.connect(lambda: self._tasks.start(self._carry_out(pending), "remove", failure))
        self._pending.append(pending)
        timer.start()
        for chat in begun:
            if undo_ms:
                self.begun.emit(chat.id)
            self._listed.hide(chat)
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
                self._tasks.start(self._note_kept(), "keep")
            for chat in reversed(kept):  # Each tab comes back to where it was when it went.
                self._listed.unhide(chat)
                self.undone.emit(chat.id)
        for chat in wanted.values():
            if self._listed.is_hidden(chat) and not chat.has_ended:
                self._keep(chat)

    async def _note_kept(self) -> None:
        from session_host.client.chats.retention import note_viewed

        for chat in [chat for each in self._kept if (chat := self._list.get(each)) is not None]:
            await chat.machine.call(note_viewed, chat.session_id)
            self._kept.discard(chat.id)

    async def ended(self) -> tuple[list[EndedChat], list[str]]:
        """The ended chats, but for hidden and continued ones, with their sizes, and the machines that did not answer.

        Those that ended first come first.

        Raises:
            OutliveError: the store could not be read.
        """
        from session_host.client.chats.retention import measured_chats

        listed = set(self._listed.ids(with_left=True))

        async def ended_on(machine: Machine) -> list[EndedChat]:
            found: list[EndedChat] = await machine.call(measured_chats)
            ended = [each._replace(record=machine.received(each.record)) for each in found]
            return [each for each in ended if each.record.id in listed]

        answers, unanswered = await ask_all([each.machine for each in self._machines.by_name.values()], ended_on)
        return sorted((each for found in answers for each in found), key=lambda each: each.ended_s), unanswered

    async def size_of(self, chats: Iterable[Chat]) -> int | None:
        """The size of ended chats on the disk, in bytes; None if a machine does not answer."""
        from session_host.client.chats.retention import size_of

        own = _by_machine(chats)
        sizes, unanswered = await ask_all(own, lambda machine: machine.call(size_of, _ids(own[machine])))
        return None if unanswered else sum(sizes)

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
        # The ends are in the store, and not all of them here yet.
        by_name = self._machines.by_name
        read = [known for machine in _by_machine(chats) if (known := by_name.get(machine.name)) is not None]
        await ask_all([each.machine for each in read], lambda machine: by_name[machine.name].refresh_now())
        for chat in chats:
            if self._listed.is_hidden(chat):
                self._keep(chat)
        for result in results:
            if result is not None:
                raise result

    def _keep(self, chat: Chat) -> None:
        self._listed.unhide(chat)
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
        some = (self._remove_on(machine, own, by_limit) for machine, own in _by_machine(chats).items())
        results = await asyncio.gather(*some, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _remove_on(self, machine: Machine, chats: list[Chat], by_limit: bool) -> None:
        try:
            done: list[Removal] = await machine.call(remove_chats, _ids(chats), by_limit=by_limit)
            if len(done) != len(chats):
                raise ProtocolViolation(f"{machine.name}: the answer is not complete")
        except OutliveError:
            for chat in chats:
                self._keep(chat)
            raise
        problem = ""
        for chat, result in zip(chats, done, strict=True):
            if result.is_done:
                self._list.forget(chat)
                if result.line:
                    self._give_notice(one_line(result.line))
            else:
                problem = one_line(result.line) or problem
                self._keep(chat)
        if problem:
            raise OutliveError(problem)


async def _end_idle(chat: Chat) -> None:
    """End a shell that is idle and used nowhere else; returns when it has ended."""
    with contextlib.suppress(SessionEnded):
        now: Description = await chat.ask(Describe(request=1))
        is_idle = (
            is_at_prompt(chat.record)
            and now.facts.foreground is not None
            and not now.facts.foreground.program
            and not now.host.viewers
        )
        if is_idle and not await chat.machine.call(shell_has_jobs, chat.session_id):
            await chat.ask(Stop(request=1))


def _by_machine(chats: Iterable[Chat]) -> dict[Machine, list[Chat]]:
    """The chats of each machine, in the same order."""
    found: dict[Machine, list[Chat]] = {}
    for chat in chats:
        found.setdefault(chat.machine, []).append(chat)
    return found


def _ids(chats: Iterable[Chat]) -> list[str]:
    """The ids of chats on their machines."""
    return [chat.session_id for chat in chats]
