"""Starts, resumes, renames and ends chats."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gui.wording import notice_texts
from gui.wording.explanation import Explained, explained, explained_without_host
from session_host.client.chats.ended_chat import last_transitions
from session_host.client.sessions.store_calls import recent_directories, rename_chat
from session_host.errors import HostUnavailable, SessionEnded, UsageError
from session_host.protocol.messages import MAX_PASTE_CHARACTERS, Explain, Kill, Rename, Send, SendLater, Stop
from session_host.protocol.untrusted_text import as_name, one_line
from session_host.storage.store import free_name

from .chat import Chat
from .new_chat import NewChatRequest

if TYPE_CHECKING:
    from gui.bridge.chat_list import ChatList
    from gui.bridge.machines import Machines
    from gui.bridge.removals import Shells, UndoableRemovals
    from gui.bridge.tasks import Tasks
    from session_host.agents.agent import Agent
    from session_host.protocol.facts import ChatFacts
    from session_host.protocol.values import GridSize, Runtime

TRANSITIONS = 30
"""Number of latest activity changes that ``explain`` returns for an ended chat."""


class Lifecycle:
    """Starts, resumes, forks, renames, ends and removes chats, and says what is known of one."""

    def __init__(
        self, chats: ChatList, machines: Machines, tasks: Tasks, shells: Shells, removals: UndoableRemovals
    ) -> None:
        self._list, self._machines, self._tasks = chats, machines, tasks
        self._shells, self._removals = shells, removals

    def free_name(self, wanted: str, *, is_chosen: bool, machine: str = "") -> str:
        """The name that a new chat on a machine gets for a wanted one.

        If the user has chosen it, it differs from those of running chats; else from those of all.
        """
        names = {record.entry.name for record in self._list.records_on(machine)}
        own = (chat for chat in self._list.made() if chat.machine.name == machine)
        running = {chat.record.entry.name for chat in own if not chat.has_ended}  # Also a shell that is to end.
        return free_name(wanted, running if is_chosen else names, names)

    async def launch(
        self, request: NewChatRequest, agent: Agent, size: GridSize, *, conversation: str = "", anyway: bool = False
    ) -> Chat:
        """Start a chat, or continue a ``conversation`` in one; a number is added to a name that is in use.

        Raises:
            OutliveError: it could not be started, or continued (``continue_conversation``); nothing is left of it.
        """
        from session_host.client.chats.earlier_conversations import continue_conversation
        from session_host.client.chats.launch import launch
        from session_host.client.chats.launch_spec import LaunchRequest

        chats = self._machines.named(request.machine)
        name = self.free_name(request.name, is_chosen=request.is_named, machine=request.machine) or None
        machine = chats.machine
        full = LaunchRequest(
            agent=agent,
            arguments=request.arguments,
            name=name,
            is_named=request.is_named,
            directory=request.directory,
            prompt=request.prompt,
            worktree=request.worktree,
            environment=await chats.environment(),
            overrides=request.overrides,
            size=size,
            colors=self._list.colors,
            runtime=request.runtime,
            account=request.account,
            conversation=conversation,
        )
        record = (
            await machine.call(continue_conversation, full, anyway=anyway)
            if conversation
            else await machine.call(launch, full)
        )
        chat = self._list.chat_of(machine.received(record))
        chat.has_prompt = bool(request.prompt)
        if record.origin.is_shell:
            self._shells.own.add(record.id)
        return chat

    async def resume(
        self, chat: Chat, size: GridSize, *, anyway: bool = False, runtime: Runtime | None = None, prompt: str = ""
    ) -> Chat:
        """Resume an ended chat, in its previous runtime or in the given one; the new chat replaces it in lists.

        Raises:
            NotResumable: it cannot be resumed; with ``ConversationOpen``, only if ``anyway`` is true.
            OutliveError: it could not be started.
        """
        from session_host.client.chats.resume import resume

        environment = await self._machines.by_name[chat.machine.name].environment()
        resumed = await chat.machine.call(
            resume,
            chat.session_id,
            environment=environment,
            size=size,
            colors=self._list.colors,
            anyway=anyway,
            runtime=runtime,
            prompt=prompt,
        )
        record = chat.machine.received(resumed)
        if record.origin.is_shell:
            self._shells.own.add(record.id)
        return self._continued(chat, record)

    async def wake(self, chat: Chat, size: GridSize | None, text: str) -> Chat:
        """Wake a chat that is asleep with a text; the chat that gets the text replaces it in lists.

        Without a size, its terminal has the size that it had.

        Raises:
            OutliveError: it could not be started, and is still asleep.
        """
        from session_host.client.chats.sleeping import wake

        environment = await self._machines.by_name[chat.machine.name].environment()
        woken = await chat.machine.call(
            wake, chat.session_id, text, by="window", environment=environment, size=size, colors=self._list.colors
        )
        return self._continued(chat, chat.machine.received(woken))

    def _continued(self, chat: Chat, record: ChatFacts) -> Chat:
        """The chat with this record, which continues an ended one."""
        if chat.has_ended:
            chat.record = replace(chat.record, entry=replace(chat.record.entry, continued_by=record.id))
            chat.changed.emit()
        return self._list.chat_of(record)

    async def why_awake(self, chat: Chat) -> str:
        """Why a chat is not put to sleep, as its host knows it: clauses after its name; "" if it may be.

        Raises:
            OutliveError: its host does not answer.
        """
        from session_host.client.chats.sleeping import why_awake_of

        return await chat.machine.call(why_awake_of, chat.session_id)

    async def put_to_sleep(self, chat: Chat, *, anyway: bool = False) -> None:
        """End a chat's program, so that a text may wake it; ``anyway``: whatever ends with it.

        Raises:
            OutliveError: it stays awake; the message says why.
        """
        from session_host.client.chats.sleeping import put_to_sleep

        await chat.machine.call(put_to_sleep, chat.session_id, anyway=anyway)
        if (own := self._machines.by_name.get(chat.machine.name)) is not None:
            own.refresh()

    async def fork(self, chat: Chat, size: GridSize, *, before: str = "") -> Chat:
        """Start a chat with a copy of another one's conversation, whole or before the prompt with this item's id.

        Raises:
            OutliveError: that failed.
        """
        from session_host.client.chats.fork import fork

        environment = await self._machines.by_name[chat.machine.name].environment()
        record = await chat.machine.call(fork, chat.session_id, before=before, environment=environment, size=size)
        return self._list.chat_of(chat.machine.received(record))

    async def hand_over(
        self, chat: Chat, agent: Agent, account: str, prompt: str, token: str, size: GridSize
    ) -> tuple[Chat, str]:
        """Start the chat that takes over another one's task.

        Args:
            chat: the other chat.
            agent: who takes over, with this ``account``.
            account: "" for the default one.
            prompt: the first prompt, exactly.
            token: the offer's, which the new chat's id is made of.
            size: the terminal's size.

        Returns:
            The new chat, and what could not be done, one line, "" for nothing.

        Raises:
            OutliveError: it could not be started; nothing is left of it.
        """
        from session_host.client.chats.handing_over import hand_over
        from session_host.client.chats.launch_spec import LaunchRequest

        wish = LaunchRequest(
            agent=agent,
            account=account,
            prompt=prompt,
            token=token,
            directory=chat.record.origin.cwd,
            environment=await self._machines.by_name[chat.machine.name].environment(),
            size=size,
            colors=self._list.colors,
        )
        taken = await chat.machine.call(hand_over, chat.session_id, wish)
        new = self._list.chat_of(chat.machine.received(taken.record))
        new.has_prompt = True
        return new, taken.note

    async def recent_directories(self, limit: int, machine: str = "") -> list[str]:
        """The directories of recently started chats on a machine, latest first."""
        found = await self._machines.named(machine).machine.call(recent_directories, limit)
        return [each for each in found[:limit] if each == one_line(each)]

    async def explain(self, chat: Chat) -> Explained:
        """The evidence for a chat's status, from its host; for an ended chat, from the ledger.

        Raises:
            OutliveError: the host does not answer, or its version lacks this request.
        """
        is_plain = chat.record.origin.is_shell_or_command
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded):
                return explained(await chat.ask(Explain(request=1)), is_plain=is_plain)
        changes = await chat.machine.call(last_transitions, chat.session_id, TRANSITIONS)
        conversation = chat.record.program.conversation
        return explained_without_host(changes, conversation, has_ended=chat.has_ended, is_plain=is_plain)

    async def send_text(self, chat: Chat, text: str, *, anyway: bool = False) -> None:
        """Type a text and Enter into a chat, also without an open tab, and wake it if it is asleep.

        With ``anyway``, also if the chat asks something.

        Raises:
            NeedsInput: the chat asks something, and the text could be taken for the answer.
            OutliveError: the text was not accepted; the message says why.
        """
        if len(text) > MAX_PASTE_CHARACTERS:
            raise UsageError(f"the text is too long ({len(text):,} characters, at most {MAX_PASTE_CHARACTERS:,})")
        if chat.is_asleep:
            await self.wake(chat, None, text)
            return
        await chat.ask(Send(request=1, text=text, paste=True, enter=True, anyway=anyway, by="window"))

    async def send_later(self, chat: Chat, text: str, at: str = "", *, continues: bool = False) -> None:
        """Let a chat's host send a prompt at a time, in place of another one; without a text, take that one back.

        Args:
            chat: the chat.
            text: the prompt.
            at: when, ISO 8601, UTC; "" as in ``messages.SendLater``.
            continues: whether it is sent only if that turn is the last one then.

        Raises:
            OutliveError: the host refused it.
        """
        await chat.ask(SendLater(request=1, text=text, at=at, continues=continues, by="window"))

    def change_later(self, chat: Chat, text: str, at: str = "") -> None:
        """As ``send_later``; what is refused is said in a line."""
        self._tasks.start(self.send_later(chat, text, at), "later", notice_texts.CANNOT_SEND_LATER(name=chat.name))

    def rename(self, chat: Chat, name: str) -> None:
        """Rename a chat."""
        name = as_name(name)
        if name and (name != chat.record.entry.name or not chat.record.entry.is_named):
            self._tasks.start(self._rename(chat, name), "rename", notice_texts.CANNOT_RENAME(name=chat.name))

    async def _rename(self, chat: Chat, name: str) -> None:
        await chat.machine.call(rename_chat, chat.session_id, name)
        chat.set_name(name)
        chat.changed.emit()
        if not chat.has_ended:
            with contextlib.suppress(SessionEnded, HostUnavailable):  # The store has the name, and the host is gone.
                await chat.ask(Rename(request=1, name=name))

    def stop(self, chat: Chat) -> None:
        """End a chat politely; one that is asleep has ended then."""
        if chat.is_asleep:
            self._tasks.start(self._stop_asleep(chat), "end", notice_texts.CANNOT_STOP(name=chat.name))
        else:
            self._end(chat, Stop(request=1))

    async def _stop_asleep(self, chat: Chat) -> None:
        from session_host.client.chats.sleeping import stop_asleep

        await chat.machine.call(stop_asleep, chat.session_id)
        if (own := self._machines.by_name.get(chat.machine.name)) is not None:
            own.refresh()

    def kill(self, chat: Chat) -> None:
        """End a chat at once."""
        self._end(chat, Kill(request=1))

    def _end(self, chat: Chat, request: Stop | Kill) -> None:
        if not chat.has_ended:
            self._tasks.start(self._end_now(chat, request), "end", notice_texts.CANNOT_STOP(name=chat.name))

    async def _end_now(self, chat: Chat, request: Stop | Kill) -> None:
        try:
            await chat.ask(request)
        except SessionEnded:
            pass  # It has already ended.
        finally:
            if (own := self._machines.by_name.get(chat.machine.name)) is not None:
                own.refresh()

    def remove(self, chat: Chat) -> None:
        """Remove an ended chat and its files, at once."""
        if chat.has_ended:
            self._tasks.start(self._removals.remove_now(chat), "remove", notice_texts.CANNOT_REMOVE(name=chat.name))
