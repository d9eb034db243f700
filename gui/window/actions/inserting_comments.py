"""Puts the comments on changes where the user writes to a chat, in the window that shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.tasks import Tasks
from gui.window.page.chat_page import ChatPage
from gui.window.page.structured_page import StructuredPage
from gui.wording import changes_texts
from session_host.protocol.values import Activity

WAIT_S = 15.0
"""How long a chat that is opened for the comments may take to connect."""


class CommentInserter:
    """Opens a chat and puts a text into its prompt box, or pastes it into its terminal."""

    def __init__(self, tasks: Tasks, open_chat: Callable[[Chat], ChatPage], resume: Callable[[Chat], object]) -> None:
        """Set up; ``open_chat`` shows a chat in front, ``resume`` resumes an ended one in its tab."""
        self._tasks, self._open_chat, self._resume = tasks, open_chat, resume

    def resume(self, chat: Chat) -> None:
        """Resume an ended chat."""
        self._resume(chat)

    def insert(self, chat: Chat, text: str, report: Callable[[str], object]) -> None:
        """Put a text where the user writes to a running chat; ``report`` gets "", or one line about what hinders it."""
        asks = chat.record.runtime == "terminal" and chat.activity is Activity.NEEDS_INPUT
        page = self._open_chat(chat)
        if asks or page.is_question_open:
            report(changes_texts.answer_first(chat.name))  # The text could become the answer.
        elif _is_ready(page):
            page.append_prompt(text)
            report("")
        else:
            self._tasks.start(self._insert_when_ready(page, text, report), "comments")

    async def _insert_when_ready(self, page: ChatPage, text: str, report: Callable[[str], object]) -> None:
        """Insert the text once the page shows the running chat."""
        ready = asyncio.Event()
        chat = page.chat
        page.settled.connect(ready.set)
        try:
            async with asyncio.timeout(WAIT_S):
                while not _is_ready(page) and not chat.has_ended:
                    ready.clear()
                    await ready.wait()
        except TimeoutError:
            pass
        if _is_ready(page) and not page.is_question_open:
            page.append_prompt(text)
            report("")
        else:
            report(changes_texts.not_connected(chat.name))


def _is_ready(page: ChatPage) -> bool:
    """Whether a text can be inserted now: always into a prompt box; into a terminal once it shows the running chat."""
    return (
        Shiboken.isValid(page)
        and not page.chat.has_ended
        and page.can_insert
        and (page.is_settled or isinstance(page, StructuredPage))
    )
