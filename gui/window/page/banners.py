"""Banners: one quiet line over the page's upper right, with one action at most.

Banners inform; they never ask a question or take the keyboard focus. They cover part of the page, so that the
terminal's grid keeps its size. They never cover the row of the cursor: where people type, they go to the lower end.
They never cover an open question either: where there is no other room, they wait until it is closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.terminal.drawing.regions import least_covering
from gui.terminal.links.links import FileLocation
from gui.theme.follow import Theme
from gui.theme.icons import Glyph
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.window.page.broadcast_mark import BroadcastMark
from gui.window.page.chat_page import ChatPage
from gui.window.page.end_bar import EndBar
from gui.window.page.find_bar import FindBar
from gui.window.page.state_bars import ConnectionBar, ProblemLine
from gui.window.page.typed_area_watcher import TypedAreaWatcher
from gui.window.sheets.question import QuestionSheet
from gui.window.widgets.accessibility import announce
from gui.window.widgets.parts import Area, IconButton, button, sentence
from gui.wording import common_texts, page_texts
from session_host.protocol.untrusted_text import one_line

INFORM_MS = 10_000
MAX_BANNERS = 20
WIDTH_PX = 520
BESIDE_PX = 80
"""The room beside the text without an action's button: the distance from the page, margins, and the closing button."""
_AROUND = QMargins(GAP_S_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX)
"""The banner's distance from the page's edges and from what it must not cover."""
_FILE = re.compile(r"(?P<path>/.+?):(?P<line>\d+): ")
"""The beginning of a problem in one of the user's files."""


@dataclass
class Banner:
    """A line for the user.

    Attributes:
        text: the line; line breaks in quoted text are removed.
        action: the text of the button, "" for none.
        on_action: the button's function; a click also removes the banner.
        key: banners with the same key replace each other.
        lasting: the banner stays until the user acts on it or closes it; else it disappears after ``INFORM_MS``.
        kind: "" or "failed".
    """

    text: str
    action: str = ""
    on_action: Callable[[], object] | None = None
    key: str = ""
    lasting: bool = False
    kind: str = ""

    def __post_init__(self) -> None:
        self.text = one_line(self.text)


class BannerArea(QWidget):
    """Shows the latest banner; earlier ones wait behind it.

    Signals:
        changed: the area shows another banner, or none.
        file_requested: the user opens the file with the problem that is shown; a ``FileLocation``.
    """

    changed = Signal()
    file_requested = Signal(object)

    def __init__(self, theme: Theme, over: QWidget, top_px: int, page: Callable[[], ChatPage | None]) -> None:
        """Create the area on top of ``over``, ``top_px`` below its upper edge; it follows that widget's size.

        Args:
            theme: the looks.
            over: shows pages.
            top_px: the height of the tabs, which stay visible.
            page: returns the page with the keyboard focus; text that the user types there is not covered.
        """
        super().__init__(over)
        self._page = page
        self._top_px = self._last_top_px = top_px
        self._over = over
        over.installEventFilter(self)
        self._waiting: list[Banner] = []
        self._timer = QTimer(self, singleShot=True, interval=INFORM_MS)
        self._timer.timeout.connect(self.dismiss)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._action = button("", "", self.run_action)
        self._close = IconButton(theme, Glyph.CLOSE, common_texts.dismiss(), self.dismiss)
        for control in (self._action, self._close):
            control.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = Area("banner", self)
        row = QHBoxLayout(body)
        row.setContentsMargins(GAP_M_PX, 4, 4, 4)
        row.setSpacing(GAP_S_PX)
        row.addWidget(self._text, 1)
        row.addWidget(self._action)
        row.addWidget(self._close)
        self._layout = outer = QVBoxLayout(self)
        outer.setContentsMargins(_AROUND)
        outer.addWidget(body)
        self.setVisible(False)
        TypedAreaWatcher(self, self.arrange)

    @property
    def current(self) -> Banner | None:
        """The shown banner."""
        return self._waiting[-1] if self._waiting else None

    def show_banner(self, banner: Banner) -> None:
        """Show a banner, in front of the waiting ones."""
        self._waiting = [one for one in self._waiting if not (banner.key and one.key == banner.key)]
        self._waiting = [one for one in self._waiting if one != banner][-MAX_BANNERS:]
        self._waiting.append(banner)
        self._refresh()

    def inform(self, text: str, *, kind: str = "", key: str = "") -> None:
        """Show a line that disappears by itself."""
        self.show_banner(Banner(text, kind=kind, key=key))

    def show_problems(self, lines: Sequence[str], key: str) -> None:
        """Show problems until they are solved; they replace earlier problems with this key.

        The action opens the file of the first one, if it begins with a file and a line.
        """
        self.withdraw(key)
        if not lines:
            return
        banner = Banner(" ".join(map(sentence, lines)), lasting=True, kind="failed", key=key)
        if (found := _FILE.match(lines[0])) is not None:
            banner.action = page_texts.open_file()
            banner.on_action = partial(self.file_requested.emit, FileLocation(found["path"], int(found["line"])))
        self.show_banner(banner)

    def withdraw(self, key: str) -> None:
        """Remove the banners with this key."""
        kept = [one for one in self._waiting if one.key != key]
        if len(kept) != len(self._waiting):
            self._waiting = kept
            self._refresh()

    def run_action(self) -> None:
        """Run the banner's action."""
        if self._waiting:
            banner = self._waiting.pop()
            self._refresh()
            if banner.on_action is not None:
                banner.on_action()

    def dismiss(self) -> None:
        """Remove the banner in front; the one behind it appears."""
        if self._waiting:
            self._waiting.pop()
            self._refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() in {QEvent.Type.Resize, QEvent.Type.ChildAdded}:
            self.arrange()
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """Move again: only a shown widget has the right height."""
        super().showEvent(event)
        self._move()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._last_top_px = self._top_px

    def arrange(self) -> None:
        """Show the banner where it covers no open question; hide it while there is no such position."""
        if self.current is None:
            return
        is_placed = self._move()
        if is_placed == self.isHidden():
            self.setVisible(is_placed)
            self._start_timer()

    def _move(self) -> bool:
        """Move to the right side of the page, where the area covers no bars, no input area and no open question.

        The first choice is the current position, then the top, then the bottom.

        Returns:
            Whether there is a position without an open question.
        """
        wanted = self._text.fontMetrics().horizontalAdvance(self._text.text()) + BESIDE_PX
        if self._action.text():
            wanted += self._action.sizeHint().width() + GAP_S_PX
        width = min(wanted, WIDTH_PX, self._over.width())
        self._layout.invalidate()  # A new text's size reaches it in the next turn of the event loop.
        height = self._layout.heightForWidth(width)
        bars, typed, questions = self._bars(), self._typed_areas(), self._questions()
        lowest = self._over.height() - height
        tops = [self._last_top_px, self._top_px, *(area.bottom() for area in (*bars, *questions)), lowest]
        tops += [*(rect.top() - height for rect in (*bars, *typed, *questions)), *(rect.bottom() for rect in typed)]
        candidates = [
            QRect(self._over.width() - width, top, width, height).marginsRemoved(_AROUND)
            for top in tops
            if self._top_px <= top <= max(lowest, self._top_px)
        ]
        candidates = [each for each in candidates if not any(map(each.intersects, questions))]
        if not candidates:
            return False
        area = least_covering(candidates, [*bars, *typed]).marginsAdded(_AROUND)
        self._last_top_px = area.top()
        self.setGeometry(area)
        self.raise_()
        return True

    def _start_timer(self) -> None:
        """Start the timer of a visible temporary banner. A hidden banner gets its full time later."""
        self._timer.stop()
        if self.current is not None and not self.current.lasting and not self.isHidden():
            self._timer.start()

    def _bars(self) -> list[QRect]:
        """The areas of open find bars, of bars below ended chats, and of lines about other states of a page."""
        kinds = (FindBar, BroadcastMark, ConnectionBar, ProblemLine, EndBar)
        return self._areas(bar for kind in kinds for bar in self._over.findChildren(kind))

    def _questions(self) -> list[QRect]:
        """The areas of open questions."""
        return self._areas(question.body for question in self._over.findChildren(QuestionSheet))

    def _areas(self, widgets: Iterable[QWidget]) -> list[QRect]:
        return [QRect(each.mapTo(self._over, QPoint()), each.size()) for each in widgets if each.isVisible()]

    def _typed_areas(self) -> list[QRect]:
        """The areas that the user types into."""
        page = self._page()
        if page is None:
            return []
        corner = page.mapTo(self._over, QPoint())
        return [area.translated(corner) for area in page.handle.typed_areas()]

    def _refresh(self) -> None:
        banner = self.current
        if banner is None:
            self.hide()
        else:
            self._text.setText(banner.text)
            self._text.setAccessibleName(banner.text)
            self.setAccessibleName(banner.text)
            if self._text.property("kind") != banner.kind:
                self._text.setProperty("kind", banner.kind)
                self._text.style().polish(self._text)
            self._action.setText(banner.action)
            self._action.setAccessibleName(banner.action)
            self._action.setVisible(bool(banner.action))
            self.arrange()
            announce(self, banner.text)
        self._start_timer()
        self.changed.emit()
