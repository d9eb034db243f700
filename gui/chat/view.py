"""The view of a structured chat: the transcript, the find bar over it, and the prompt box below.

The view never feeds the transcript: its owner does, and then calls ``changed``, or ``set_transcript`` if there is
another one.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.chat.content.segments import Action
from gui.chat.drawing.style import MOST_WIDTH_PX
from gui.theme.follow import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from session_host.structured.transcript import Transcript

from .announcing import Announcer
from .content.items import Mode
from .find_bar import FindBar
from .page.finding import WHOLE, Finder, Hit
from .page.page import TranscriptPage
from .page.scrolling import BAR_PX
from .prompt.box import PromptBox

_SEARCH_AGAIN_MS = 400
"""After a change of the transcript, while the find bar is open."""


class ChatView(QWidget):
    """A chat without a terminal.

    Signals:
        prompt_sent(str, str, tuple): the user sends a prompt: text, mode ("queue", "steer", "interrupt"), images.
        interrupted: the user stops the running turn.
        answered(str, str, str, dict): the user answers a request: its id, the option's id, the digest of what was
            shown, texts by the ids of questions.
        withdrawn(str): the user takes a queued prompt back.
        setting_changed(str, str): the user chose another value of a setting.
        link_activated(str): the user opens a link, with any scheme, or a path.
        noticed(str): one line for the user.
    """

    prompt_sent = Signal(str, str, object)
    interrupted = Signal()
    answered = Signal(str, str, str, object)
    withdrawn = Signal(str)
    setting_changed = Signal(str, str)
    link_activated = Signal(str)
    noticed = Signal(str)

    def __init__(self, theme: Theme, directory: str = "", parent: QWidget | None = None) -> None:
        """``directory`` is the chat's, of which files are offered after "@"."""
        super().__init__(parent)
        self.setProperty("area", "page")
        self.theme = theme
        self.page = TranscriptPage(theme, self)
        self.prompt = PromptBox(theme, self)
        self.prompt.completion.files.set_directory(directory)
        self.find_bar = FindBar(theme, self)
        self._finder = Finder(self)
        self._announcer = Announcer(self.page)
        self._hit = -1
        self._unfolded: tuple[str, Mode] | None = None
        """The item that the search unfolded, and how it was shown before."""
        self._search_soon = QTimer(self, singleShot=True, interval=_SEARCH_AGAIN_MS)
        self._search_soon.timeout.connect(self._search_again)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.page, 1)
        self.prompt.setMaximumWidth(MOST_WIDTH_PX + 2 * GAP_S_PX)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_S_PX, 4, GAP_S_PX + BAR_PX, GAP_M_PX)
        row.addStretch(1)
        row.addWidget(self.prompt, 1000)
        row.addStretch(1)
        self._column.addLayout(row)
        self.setFocusProxy(self.prompt.editor)
        self._connect()

    def _connect(self) -> None:
        self.page.acted.connect(self._on_action)
        self.page.answered.connect(self.answered)
        self.page.typed.connect(self._on_typed)
        self.page.interrupt_wanted.connect(self.prompt.interrupt)
        self.page.arranged.connect(self.page.look_at_cards)
        self.page.framed.connect(self._on_frame)
        self.page.restyled.connect(lambda: self.prompt.editor.setFont(self.page.style_.font()))
        self.prompt.editor.page_wanted.connect(lambda pages: self.page.scroll_by(pages * self.page.height() * 0.9))
        self.prompt.editor.back_wanted.connect(self._go_back)
        self.prompt.sent.connect(self._on_sent)
        self.prompt.interrupted.connect(self.interrupted)
        self.prompt.setting_changed.connect(self.setting_changed)
        self.prompt.noticed.connect(self.noticed)
        self.find_bar.searched.connect(self._search)
        self.find_bar.moved.connect(self._go_to_hit)
        self.find_bar.closed.connect(self.close_find)
        self._finder.progressed.connect(self._on_found)
        for keys in ("Ctrl+Shift+F", "Ctrl+F"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.open_find)

    # ------------------------------------------------------------ content

    @property
    def transcript(self) -> Transcript:
        """The transcript that the page shows."""
        return self.page.transcript

    def set_transcript(self, transcript: Transcript) -> None:
        """Show a transcript; the place, the prompt that is written and what is unfolded stay."""
        self.page.set_transcript(transcript)
        self._announcer.start(transcript)
        self._learn_history()
        self._show_status()
        if self.find_bar.isVisible():
            self._search(self.find_bar.field.text())

    def changed(self) -> None:
        """The transcript was fed: show it with the next frame."""
        self.page.changed()

    def _on_frame(self) -> None:
        self._announcer.look(self.transcript)
        self._show_status()
        if self.find_bar.isVisible() and not self._search_soon.isActive():
            self._search_soon.start()

    def refused(self, request_id: str, reason: str) -> None:
        """An answer of this view had no effect: show why at the request, which is open again."""
        card = self.page.card(request_id) if request_id not in self.transcript.answers else None
        if card is not None:
            card.refuse(reason)

    def _show_status(self) -> None:
        self.prompt.show_status(self.transcript.status)

    def _learn_history(self) -> None:
        """Let Up bring back the prompts of the transcript's end."""
        transcript = self.transcript
        first = max(len(transcript) - 500, 0)
        items = (transcript[position] for position in range(first, len(transcript)))
        self.prompt.editor.history.set([item.text for item in items if item.kind == "user" and item.text])

    # ------------------------------------------------------------ what the user does

    def _on_sent(self, text: str, mode: str, images: object) -> None:
        self.page.scroll_to_end()
        self.prompt_sent.emit(text, mode, images)

    def _on_typed(self, text: str) -> None:
        self.prompt.editor.setFocus()
        self.prompt.editor.insertPlainText(text)

    def _on_action(self, action: Action) -> None:
        match action.verb:
            case "withdraw":
                self.withdrawn.emit(action.item)
            case "again":
                item = self.transcript.get(action.item)
                if item is not None:
                    self._on_sent(item.text, "queue", item.images)
            case "link":
                self.link_activated.emit(action.value)
            case _:
                pass

    def _go_back(self) -> None:
        """Go from the prompt to the request that waits, or to the messages."""
        if not self.show_request():
            self.page.setFocus(Qt.FocusReason.BacktabFocusReason)

    def show_request(self) -> bool:
        """Show the oldest open request and give it the keyboard; returns whether there is one."""
        waiting = self.transcript.open_requests
        if waiting:
            self.page.show_request(waiting[0].id)
        return bool(waiting)

    # ------------------------------------------------------------ find

    def open_find(self) -> None:
        """Open the find bar, with the selected text if it is one line."""
        selected = self.page.selection.text(self.page.rows, markdown=False)
        self.find_bar.show()
        self._place_find()
        if selected and "\n" not in selected:
            self.find_bar.field.setText(selected)
        self.find_bar.field.setFocus()
        self.find_bar.field.selectAll()
        self._search(self.find_bar.field.text())

    def close_find(self) -> None:
        """Close the find bar."""
        self.find_bar.hide()
        self._finder.stop()
        self._unfolded = None
        self.page.needle, self.page.current_hit = "", None
        self.page.update()
        self.prompt.editor.setFocus()

    def _fold_again(self) -> None:
        """Show the item that the search unfolded as before; the one that is shown when the bar closes stays."""
        if self._unfolded is not None:
            self.page.rows.set_mode(*self._unfolded)
            self._unfolded = None

    def _search(self, text: str) -> None:
        self._fold_again()
        self._hit = -1
        self.page.needle, self.page.current_hit = text, None
        self._finder.start(self.transcript, text)
        self.page.update()

    def _search_again(self) -> None:
        """Search the transcript as it is now; the match that is shown stays."""
        if self.find_bar.isVisible() and self.page.needle:
            self._finder.start(self.transcript, self.page.needle)

    def _on_found(self) -> None:
        hits = self._finder.hits
        if self.page.current_hit is None and hits:
            self._show_hit(len(hits) - 1)
        elif self.page.current_hit is not None:
            current = Hit(*self.page.current_hit)
            self._hit = hits.index(current) if current in hits else -1
        self._show_count()

    def _show_count(self) -> None:
        self.find_bar.show_count(self._hit + 1, len(self._finder.hits), more=not self._finder.is_done)

    def _go_to_hit(self, step: int) -> None:
        hits = self._finder.hits
        if hits:
            self._show_hit((self._hit + step) % len(hits))
            self._show_count()

    def _show_hit(self, number: int) -> None:
        """Show one match; the item is unfolded if it is in the folded part."""
        self._hit = number
        hit = self._finder.hits[number]
        page = self.page
        position = page.rows.position(hit.item)
        if position is None:
            return
        if self._unfolded is not None and self._unfolded[0] != hit.item:
            self._fold_again()
        segments = page.rows.row(position).segments
        needle = page.needle.lower()
        if hit.segment >= len(segments) or needle not in segments[hit.segment].text.lower():
            if self._unfolded is None:
                self._unfolded = hit.item, page.rows.mode(hit.item)
            page.rows.set_mode(hit.item, WHOLE)
        page.current_hit = (hit.item, hit.segment, hit.begin, hit.end)
        page.reveal(hit.item, hit.segment, hit.begin)

    # ------------------------------------------------------------ arranging

    def _place_find(self) -> None:
        size = self.find_bar.sizeHint()
        width = min(max(size.width(), 380), self.width() - 24)
        self.find_bar.setGeometry(self.width() - width - 20, 8, width, size.height())
        self.find_bar.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.prompt.set_most_height(self.height() // 3)
        self._place_find()
