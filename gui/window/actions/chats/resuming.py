"""Resumes ended chats: in their tab, or in another terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from gui.bridge.chat import Chat
from gui.bridge.second_lines import second_lines
from gui.input.draft import NO_DRAFT, Draft, joined
from gui.window.actions.context import WindowContext
from gui.window.page.banners import Banner
from gui.window.page.chat_page import ChatPage
from gui.window.sheets.question import Question
from gui.window.widgets.keys_ahead import HeldKeys
from gui.wording import common_texts, notice_texts, page_texts, phrases, sheet_texts
from session_host.client.chats.ended_chat import EndedChat, end_left, inspect_ended_chat
from session_host.errors import ConversationOpen, ConversationUnknown, OutliveError, Unreachable
from session_host.protocol.messages import Prompt
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import GridSize, Runtime
from session_host.standing.groups import Group
from session_host.standing.traits import traits_of


class EndedChatActions(QObject):
    """The actions on ended chats: offered in a chat's end bar, and carried out."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context.window)
        self._sessions, self._layout = context.sessions, context.layout
        self._tabs, self._banners = context.tabs, context.banners
        self._open_chat, self._keys_ahead = context.open_chat, context.keys_ahead
        self._in_progress: set[str] = set()
        self._ending: dict[str, Chat] = {}
        context.sessions.chats.changed.connect(self._check_endings)
        context.sessions.chats.changed.connect(self._follow_woken)

    # ------------------------------------------------------------ offering

    def check_resumable(self, page: ChatPage) -> None:
        """Determine whether the chat of a page can be resumed, and show the possible actions in the page's end bar.

        One that is asleep says itself how it goes on.
        """
        if page.chat.record.outcome.was_put_to_sleep:
            return
        follower = self._continuation_of(page.chat)
        if follower is not None:
            page.bars.end.get().show_continued(follower.name)
        elif not page.chat.is_recorded:
            page.bars.end.get().offer_nothing()  # Unknown until the store has the end.
        elif page.chat.has_ended and page.chat.id not in self._in_progress:
            self._sessions.tasks.start(self._offer(page), "inspect_ended_chat")

    async def _offer(self, page: ChatPage) -> None:
        if page.is_disposed:  # Before this task began.
            return
        bar, machine = page.bars.end.get(), page.chat.machine
        started = bar.started
        try:
            found = await machine.call(inspect_ended_chat, page.chat.session_id)
        except Unreachable:
            await machine.wait_reachable()
            if page in self._tabs.pages():
                self.check_resumable(page)
            return
        except OutliveError:
            found = None  # The store is missing or unreadable; its next reader reports this.
        # The answer to what the user has started since stays.
        if page not in self._tabs.pages() or bar.started != started or page.chat.id in self._in_progress:
            return
        if (follower := self._continuation_of(page.chat)) is not None:  # The window has learnt of it meanwhile.
            bar.show_continued(follower.name)
        else:
            if found is not None:
                found = found._replace(reason=self._reason(page.chat, found))
            bar.offer(found)
            page.content.set_can_resume(found is None or found.can_resume is not False)

    def end_left(self, chat: Chat) -> None:
        """End the processes that the chat's program left behind."""
        self._sessions.tasks.start(self._end_left(chat), "end_left")

    async def _end_left(self, chat: Chat) -> None:
        try:
            await chat.machine.call(end_left, chat.session_id)
        except OutliveError as error:
            self._banners.inform(str(error), key="end left")
        for page in self._tabs.pages():
            if page.chat is chat:
                self.check_resumable(page)

    def _reason(self, chat: Chat, found: EndedChat) -> str:
        """Why a chat cannot be resumed, or what resuming a shell does; "" for neither."""
        if chat.record.origin.is_shell:
            return page_texts.RESUMED_SHELL() if found.can_resume else found.reason
        agent = self._sessions.machines.agent_of(chat)
        if agent is not None and not (agent.resumes(chat.record.origin.runtime) or agent.conversation.picker):
            return ""  # An agent without conversations needs no reason why resuming is impossible.
        return found.reason

    def _continuation_of(self, chat: Chat) -> Chat | None:
        """The chat that continues this one, directly or through others."""
        continuation = self._sessions.chats.latest_continuation(chat.id)
        return continuation if continuation is not chat else None

    def show_continuation(self, chat: Chat) -> None:
        """Show the chat that continues this one, in this one's tab."""
        follower = self._continuation_of(chat)
        if follower is not None and self._tabs.has(chat.id):
            self._tabs.replace(chat.id, follower)
        elif follower is not None:
            self._open_chat(follower)

    # ------------------------------------------------------------ resuming

    def resume(
        self, chat: Chat, *, anyway: bool = False, runtime: Runtime | None = None, prompt: Draft = NO_DRAFT
    ) -> None:
        """Resume an ended chat; its tab then shows the new chat.

        Args:
            chat: the ended chat.
            anyway: even if the conversation is open elsewhere.
            runtime: the runtime of the new chat; None for the same as before.
            prompt: the first prompt, for a structured chat; it becomes the draft of a chat that it cannot be sent to.
                It wakes a chat that is asleep, which nothing else does.
        """
        if chat.id in self._in_progress:
            self._sessions.drafts.hold(chat.id, prompt)  # It goes behind the first one.
            return
        is_asleep = chat.record.is_asleep
        if is_asleep and prompt == NO_DRAFT:
            return
        if (follower := self._continuation_of(chat)) is not None:
            self._sessions.drafts.add(follower.id, prompt)
            self.show_continuation(chat)
            return
        # A launch takes a text only: images are sent to the chat once it runs.
        text = "" if prompt.images else prompt.text
        lifecycle = self._sessions.lifecycle

        async def start(size: GridSize) -> Chat:
            if is_asleep and text:
                return await lifecycle.wake(chat, size, text)
            return await lifecycle.resume(chat, size, anyway=anyway, runtime=runtime, prompt=text)

        self._begin(chat, start, prompt)

    def _begin(self, chat: Chat, start: Callable[[GridSize], Coroutine[Any, Any, Chat]], prompt: Draft) -> None:
        if not chat.has_ended:
            self._sessions.drafts.add(chat.id, prompt)
            return
        self._sessions.drafts.hold(chat.id, prompt)
        self._in_progress.add(chat.id)
        self._banners.withdraw(f"ended {chat.id}")
        page = self._open_chat(chat)
        takes_prompts = traits_of(chat.record).takes_prompts
        if chat.record.is_asleep:
            page.bars.sleep.get().set_busy(prompt.text or page_texts.WAKING())
            if not takes_prompts:
                self._sessions.drafts.set(chat.id, NO_DRAFT)  # It was the prompt.
        else:
            page.bars.end.get().set_busy(page_texts.RESUMING())
        run = self._run_start(page, start)
        # A chat view's prompt takes what is typed meanwhile, and the chat that continues this one gets it.
        holding = run if takes_prompts else self._hold_keys(chat, run, self._keys_ahead.hold())
        self._sessions.tasks.start(holding, "resume")

    async def _hold_keys(self, chat: Chat, run: Coroutine[Any, Any, Chat | None], typed: HeldKeys) -> Chat | None:
        """Give the resumed chat what is typed meanwhile; no other chat gets it. If it stays asleep, its text does."""
        with typed:
            follower = await run
            pages = {page.chat.id: page for page in self._tabs.pages()}
            if follower is None:
                if (page := pages.get(chat.id)) is not None and page.bars.sleep.is_open:
                    page.bars.sleep.get().take_keys(typed)
            elif (page := pages.get(follower.id)) is not None and page.content.can_insert:
                typed.deliver(page.content.view)
            elif (viewer := follower.looks.first.viewer) is not None:
                typed.deliver_unseen(viewer)
        return follower

    async def _run_start(self, page: ChatPage, start: Callable[[GridSize], Coroutine[Any, Any, Chat]]) -> Chat | None:
        """Start a chat that continues the page's; returns it, None after a refusal."""
        chat, drafts = page.chat, self._sessions.drafts
        try:
            follower = await start(GridSize(*self._layout.grid).clamped())
        except OutliveError as error:
            drafts.add(chat.id, joined(drafts.take_held(chat.id)))
            self._show_refusal(page, chat, error)
            return None
        finally:
            self._in_progress.discard(chat.id)
        held = drafts.take_held(chat.id)
        self._tabs.replace(chat.id, follower)
        behind = held if any(each.images for each in held[:1]) else held[1:]  # The launch has the first text.
        for prompt in behind:
            if (viewer := follower.looks.first.viewer) is not None and not follower.has_ended:
                viewer.send(Prompt(prompt.text, images=prompt.images))
            else:
                drafts.add(follower.id, prompt)  # It ended at once.
        return follower

    async def resume_in_place(self, chat: Chat) -> str:
        """Resume one of several ended chats: existing tabs show the new chat, but no tab is opened.

        Returns:
            The reason why it cannot be resumed; "" if it continues.
        """
        if not chat.has_ended or chat.is_continued or chat.id in self._in_progress:
            return ""
        self._in_progress.add(chat.id)
        try:
            follower = await self._sessions.lifecycle.resume(chat, GridSize(*self._layout.grid).clamped())
        except OutliveError as error:
            return _reason(chat, error)
        finally:
            self._in_progress.discard(chat.id)
        self._tabs.replace_tabs(chat.id, follower)
        self._tabs.replaced.emit(chat.id, follower)
        return ""

    def _show_refusal(self, page: ChatPage, chat: Chat, error: OutliveError) -> None:
        reason = _reason(chat, error)
        if page in self._tabs.pages() and chat.record.outcome.was_put_to_sleep:
            page.bars.sleep.get().refuse(reason)
        elif page in self._tabs.pages():
            line = phrases.without_remedy(reason) if isinstance(error, ConversationUnknown) else reason
            page.bars.end.get().refuse(line, can_force=isinstance(error, ConversationOpen))
        else:
            self._banners.inform(notice_texts.CANNOT_RESUME(name=chat.full_name, reason=error), kind="failed")

    def copy_command(self, chat: Chat) -> None:
        """Copy the command that resumes a chat in any terminal."""
        self._sessions.tasks.start(self._copy_command(chat), "resume command")

    async def _copy_command(self, chat: Chat) -> None:
        from session_host.client.chats.resume import resume_command

        try:
            command = await chat.machine.call(resume_command, chat.session_id)
        except OutliveError as error:
            self._banners.inform(
                notice_texts.NO_RESUME_COMMAND(name=chat.full_name, reason=error), kind="failed", key="command"
            )
            return
        self.put_on_clipboard(command, is_running=not chat.has_ended)

    def put_on_clipboard(self, command: str, *, is_running: bool = False) -> None:
        """Copy a command that resumes a conversation; ``is_running``: a chat is in it now."""
        command = one_line(command)  # Another machine's answer could have a line end, and so run when it is pasted.
        QGuiApplication.clipboard().setText(command)
        copied = notice_texts.COPIED_COMMAND_OF_RUNNING if is_running else notice_texts.COPIED_COMMAND
        self._banners.inform(copied(command=command), key="command")

    # ------------------------------------------------------------ waking elsewhere

    def _follow_woken(self) -> None:
        """Show the chats that were woken elsewhere in the tabs of those that were asleep."""
        for chat in self._tabs.chats():
            if not (chat.record.outcome.was_put_to_sleep and chat.is_continued) or chat.id in self._in_progress:
                continue
            if (follower := self._continuation_of(chat)) is not None:
                self._tabs.replace_tabs(chat.id, follower)
                self._tabs.replaced.emit(chat.id, follower)
                self._go_on_writing(follower)

    def _go_on_writing(self, follower: Chat) -> None:
        """Put what the user was writing to wake a chat into the terminal of the one that was woken elsewhere."""
        page, drafts = self._tabs.active_page, self._sessions.drafts
        draft = drafts.of(follower.id)
        is_terminal = not traits_of(follower.record).takes_prompts
        if page is not None and page.chat is follower and is_terminal and draft.text:
            drafts.set(follower.id, NO_DRAFT)
            page.content.insert_prompt(draft.text)

    # ------------------------------------------------------------ undoing an end

    def offer_undo_after_end(self, chat: Chat) -> None:
        """Offer to resume a chat once it has ended, because the user ends it now."""
        self._ending[chat.id] = chat

    def _check_endings(self) -> None:
        for chat in [chat for chat in self._ending.values() if chat.is_over and chat.is_recorded]:
            del self._ending[chat.id]
            if self._tabs.active_id != chat.id:
                self._sessions.tasks.start(self._offer_undo(chat), "undo of an end")

    async def _offer_undo(self, chat: Chat) -> None:
        try:
            found = await chat.machine.call(inspect_ended_chat, chat.session_id)
        except OutliveError:
            return
        if found.can_resume and not chat.is_continued:
            banner = Banner(
                notice_texts.ENDED(name=chat.full_name),
                common_texts.RESUME(),
                lambda: self.resume(chat),
                key=f"ended {chat.id}",
            )
            self._banners.show_banner(banner)


def _reason(chat: Chat, error: OutliveError) -> str:
    """An error without the chat's name, where the user sees which chat it is."""
    return str(error).removeprefix(f"{chat.record.entry.name}: ")


_KEY = "restart"


class ResumeAll(QObject):
    """Resumes several chats at once, without opening tabs, and asks before it does.

    After a restart it offers once to resume the interrupted chats.
    """

    def __init__(self, context: WindowContext, resuming: EndedChatActions) -> None:
        super().__init__(context.window)
        self._sessions, self._layout = context.sessions, context.layout
        self._sheets, self._banners = context.sheets, context.banners
        self._resuming = resuming

    def offer(self) -> None:
        """Offer it in a banner, once for each chat."""
        interrupted = [chat.id for chat in self._interrupted()]
        has_new = any(session_id not in self._layout.restart_offered for session_id in interrupted)
        self._layout.restart_offered = interrupted
        if has_new:
            self._sessions.tasks.start(self._offer(), "interrupted chats")

    async def _offer(self) -> None:
        interrupted = self._interrupted()
        if (await resumable(interrupted))[0]:
            text = notice_texts.RESTART_INTERRUPTED_CHATS(n=len(interrupted))
            self._banners.show_banner(Banner(text, sheet_texts.RESUME_ALL(), self.ask, key=_KEY, lasting=True))

    def ask(self) -> None:
        """List which of the interrupted chats can be resumed, and ask whether to do so."""
        self._banners.withdraw(_KEY)
        chats = self._interrupted()
        none = sheet_texts.NO_INTERRUPTED_CAN_BE_RESUMED() if chats else sheet_texts.NOTHING_INTERRUPTED()
        self._sessions.tasks.start(self._ask(chats, none), "interrupted chats")

    def resume(self, chats: Sequence[Chat]) -> None:
        """Resume one ended chat; of several, list those that can be resumed, and ask."""
        if len(chats) == 1:
            self._resuming.resume(chats[0])
        elif chats:
            self._sessions.tasks.start(self._ask(chats, sheet_texts.NONE_CAN_BE_RESUMED()), "resume several")

    async def _ask(self, candidates: Sequence[Chat], none: str) -> None:
        """Ask about those that can be resumed; if none can be, say ``none``."""
        chats, others = await resumable(candidates)
        if not chats:
            self._banners.inform(none, key=_KEY)
            return
        details = (
            sheet_texts.SHELLS_BEGIN_ANEW() if any(chat.record.origin.is_shell for chat in chats) else "",
            sheet_texts.NOT_RESUMED(names=", ".join(chat.full_name for chat in others)) if others else "",
        )
        self._sheets.question.ask(
            Question(
                sheet_texts.RESUME_THESE_CHATS(),
                page_texts.RESUME_CHATS(count=len(chats)) if len(chats) > 1 else common_texts.RESUME(),
                lambda: self._sessions.tasks.start(self._resume(chats), "resume all"),
                "\n".join(filter(None, details)),
                "\n".join(self._lines(chats)),
            )
        )

    def _lines(self, chats: list[Chat]) -> list[str]:
        """A line for each chat; equal lines also get what differs."""
        lines, differences = [self._line(chat) for chat in chats], second_lines(chats)
        counts = Counter(lines)
        return [
            f"{line} · {differences[chat.id].difference}" if counts[line] > 1 else line
            for chat, line in zip(chats, lines, strict=True)
        ]

    def _line(self, chat: Chat) -> str:
        directory = chat.workplace.short_directory(chat.record.origin.cwd)
        if chat.record.origin.is_shell:
            return sheet_texts.SHELL_STARTS_AGAIN(name=chat.full_name, directory=directory)
        return sheet_texts.CHAT_AGENT_AND_DIRECTORY(
            name=chat.full_name, agent=chat.agent_and_account, directory=directory
        )

    async def _resume(self, chats: list[Chat]) -> None:
        failed: dict[str, list[str]] = {}
        for chat in chats:
            if reason := await self._resuming.resume_in_place(chat):
                failed.setdefault(reason, []).append(chat.full_name)
        for reason, names in failed.items():  # One agent that is not installed is one line for all its chats.
            text = notice_texts.CANNOT_RESUME(name=", ".join(names), reason=reason)
            self._banners.show_banner(Banner(text, key=f"resume {reason}", lasting=True, kind="failed"))

    def _interrupted(self) -> list[Chat]:
        return sorted(self._sessions.listed.groups()[Group.INTERRUPTED], key=lambda chat: chat.record.origin.created_at)


async def resumable(chats: Sequence[Chat]) -> tuple[list[Chat], list[Chat]]:
    """Those of these ended chats that can be resumed, and the others."""
    try:
        from session_host.client.chats.resumability import resumable_among  # the window's start does not need it

        found: set[str] = set()
        for machine in {chat.machine for chat in chats}:
            found |= await machine.call(resumable_among, [chat.session_id for chat in chats if chat.machine is machine])
    except OutliveError:
        return [], []  # The store is gone or unreadable: its next reader reports this.
    can = [chat for chat in chats if chat.session_id in found]
    return can, [chat for chat in chats if chat not in can]
