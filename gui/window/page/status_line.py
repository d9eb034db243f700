"""The status line: one line about the shown chat."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QHelpEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout
from shiboken6 import Shiboken

from gui.bridge.chat import Chat
from gui.bridge.chat_words import activity_and_age
from gui.bridge.git_status import GitStatusWatcher
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, STATUS_HEIGHT_PX
from gui.theme.tooltips import show_tooltip
from gui.timers import single_shot
from gui.window.widgets.parts import Area, ElidedLabel, Hairline, button
from gui.wording import chat_texts, phrases, window_texts
from gui.wording.chat_texts import joined
from session_host.protocol.untrusted_text import one_line

from .chat_page import ChatPage
from .terminal_content import TerminalContent

SETTLED_MS = 250
"""Delay before showing a size that differs from the page's; the host usually follows the page sooner."""


class _LinkedLabel(ElidedLabel):
    """A text with a part that runs an action at a click; the tool tip there names the action and its key.

    Attributes:
        action: the action; the keyboard reaches it elsewhere.
    """

    def __init__(self) -> None:
        super().__init__("", "secondary")
        self.action = QAction(self)
        self._link = ""
        self.setMouseTracking(True)

    def set_linked(self, text: str, link: str) -> None:
        """Show ``text``; its last part that reads ``link`` is the link."""
        self.set_whole(text)
        self._link = link

    def _is_on_link(self, x: float) -> bool:
        before, link, _after = self.accessibleName().rpartition(self._link) if self._link else ("", "", "")
        begin = self.fontMetrics().horizontalAdvance(before)
        return begin <= x < begin + self.fontMetrics().horizontalAdvance(link)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._is_on_link(event.pos().x()):
            key = self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            name = self.action.text()
            show_tooltip(event, chat_texts.OPTION_WITH_KEY(name=name, key=key) if key else name, self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        is_on_link = self._is_on_link(event.position().x())
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_on_link else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._is_on_link(event.position().x()):
            self.action.trigger()


class StatusLine(Area):
    """Machine, agent, directory and branch at the left, then the status; the terminal's size if another viewer set it.

    A click on how many files are changed opens them, one on the status its details.

    The directory is the one that the program reported, as a shell does after ``cd``. The path of a worktree that
    Outlive made says nothing beside its repository and branch, so it is left out.
    """

    def __init__(self, theme: Theme, git_status_watcher: GitStatusWatcher) -> None:
        super().__init__("sidebar")
        self._git_status_watcher = git_status_watcher
        self.setAccessibleName(window_texts.STATUS())
        self.left = _LinkedLabel()
        self.known = _LinkedLabel()
        self.known.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        """The chat's status."""
        self.right = ElidedLabel("", "secondary")
        self.right.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.take_over = button(window_texts.FIT_TO_WINDOW(), "status", self._take_over)
        self.take_over.setAccessibleName(window_texts.FIT_TO_WINDOW_HINT())
        self.take_over.hide()
        self._chat: Chat | None = None
        self._terminal: TerminalContent | None = None
        self._settle = single_shot(self, SETTLED_MS)
        self._settle.timeout.connect(lambda: self._show_size(settled=True))
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        row.setSpacing(GAP_M_PX)
        row.addWidget(self.left, 1)
        row.addWidget(self.known)
        row.addWidget(self.take_over)
        row.addWidget(self.right)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Hairline(theme))
        layout.addLayout(row, 1)
        self.setFixedHeight(STATUS_HEIGHT_PX)

    def describe(self, chat: Chat | None, page: ChatPage | None) -> None:
        """Describe this chat, shown on this page."""
        terminal = page.terminal if page is not None else None
        is_another = terminal is not self._terminal
        self._chat, self._terminal = chat, terminal
        if chat is None:
            self.left.set_linked("", "")
            self.known.set_linked("", "")
            self._say_size("")
            self.take_over.hide()
            return
        directory = chat.workplace.current_directory
        is_own = directory == chat.workplace.directory
        status = self._git_status_watcher.follow_shown(self, chat, directory)
        if is_own and directory == chat.workplace.worktree:
            where = [chat.workplace.location if status is None or chat.has_ended else status.words]
        else:
            where = [one_line(chat.workplace.short_directory(directory))]
            if status is not None and not chat.has_ended:
                is_named = phrases.last_part(directory) == status.repository
                where.append(status.words_without_repository if is_named else status.words)
        changed = "" if status is None or chat.has_ended else status.changed
        self.left.set_linked(joined(chat.machine.name, chat.agent_and_account, *where, chat.handed_words), changed)
        waits_for_limit = chat.record.status.waits_for_limit
        is_told_here = (chat.needs_you or waits_for_limit) and page is not None and terminal is None
        known = "" if is_told_here else activity_and_age(chat)
        self.known.set_linked(known, known)
        kind = "problem" if chat.record.status.failed and not waits_for_limit else "secondary"
        if self.known.property("kind") != kind:
            self.known.setProperty("kind", kind)
            self.known.style().polish(self.known)
        self._show_size(settled=not is_another and not self.take_over.isHidden())

    def _show_size(self, *, settled: bool) -> None:
        """Show the terminal's size if it differs from the page's; ``settled``: the difference has lasted."""
        chat, terminal = self._chat, self._terminal
        if chat is None or terminal is None or not Shiboken.isValid(terminal):
            self._settle.stop()
            self.take_over.hide()
            self._say_size("")
            return
        grid, size = terminal.grid, ""
        is_live = not chat.has_ended and chat.looks.first.is_live
        differs = bool(grid.columns) and is_live and terminal.terminal_size != grid
        if not differs:
            self._settle.stop()
        elif not settled and not self._settle.isActive():
            self._settle.start()
        if differs and settled:
            is_attach = chat.last_size_event is not None and chat.last_size_event.set_by == "attach"
            size = f"{terminal.terminal_size.columns}×{terminal.terminal_size.rows}"
            size = window_texts.SIZED_BY(
                size=size, viewer="outlive attach" if is_attach else window_texts.ANOTHER_PANE()
            )
        self.take_over.setVisible(differs and settled)
        self._say_size(size)

    def _say_size(self, text: str) -> None:
        self.right.set_whole(text)
        self.right.setVisible(bool(text))

    def _take_over(self) -> None:
        if self._terminal is not None:
            self._terminal.take_over_size()
