"""Banners: one quiet line over the page's upper right, with one action at most.

Banners inform; they never ask a question or take the keyboard focus. They cover part of the page, so that the
terminal's grid keeps its size. They never cover the row of the cursor: where people type, they go to the lower end.
They never cover an open question either: where there is no other room, they wait until it is closed.

A mere information does not hide a banner with an action that disappears by itself, such as Undo: it is shown below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import Struct
from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui.screen_readers import announce
from gui.terminal.drawing.canvas import least_covering
from gui.theme.controls import PlainLabel, set_look
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.timers import single_shot
from gui.window.sheets.question import QuestionSheet
from gui.window.widgets.parts import Area, IconButton, button, sentence
from gui.wording import common_texts, page_texts
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import FileLocation

from .chat_page import ChatPage
from .end_bar import EndBar
from .find_bar import FindBar
from .state_bars import BroadcastMark, ConnectionBar, ProblemLine, TypedAreaWatcher

INFORM_MS = 10_000
MAX_BANNERS = 20
WIDTH_PX = 520
BESIDE_PX = 80
"""The room beside the text without an action's button: the distance from the page, margins, and the closing button."""
_MIN_ROOM_PX = (220, 120)
"""A smaller page has no room for banners of its own."""
_AROUND = QMargins(GAP_S_PX, GAP_S_PX, GAP_S_PX, GAP_S_PX)
"""The banner's distance from the page's edges and from what it must not cover."""
_FILE = re.compile(r"(?P<path>/.+?):(?P<line>\d+): ")
"""The beginning of a problem in one of the user's files."""


class Banner(Struct):
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

    @property
    def is_information(self) -> bool:
        """Whether the user can only read it."""
        return not self.action and not self.lasting

    @property
    def is_offer(self) -> bool:
        """Whether it has an action that will soon be gone."""
        return bool(self.action) and not self.lasting


class BannerArea(QWidget):
    """Shows the latest banner; earlier ones wait behind it. An information leaves an offer in front of it.

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
        self._timer = single_shot(self)
        self._timer.timeout.connect(lambda: self._remove(self.current))
        self._below_timer = single_shot(self)
        self._below_timer.timeout.connect(lambda: self._remove(self.below))
        self._timed: dict[QTimer, Banner | None] = {self._timer: None, self._below_timer: None}
        """The banner of each timer."""
        self._text, self._text_below = _line(), _line()
        self._action = button("", "", self.run_action)
        self._close = IconButton(theme, Glyph.CLOSE, common_texts.DISMISS(), self.dismiss)
        for control in (self._action, self._close):
            control.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._body = body = Area("banner", self)
        column = QVBoxLayout(body)
        column.setContentsMargins(GAP_M_PX, 4, 4, 4)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(GAP_S_PX)
        column.addLayout(row)
        column.addWidget(self._text_below)
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
        """The shown banner: the latest one, but an offer if there are only informations after it."""
        front = next((one for one in reversed(self._waiting) if not one.is_information), None)
        return front if front is not None and front.is_offer else self._latest

    @property
    def below(self) -> Banner | None:
        """The information that is shown below an offer."""
        return self._latest if self._latest is not self.current else None

    @property
    def _latest(self) -> Banner | None:
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
            banner.action = page_texts.OPEN_FILE()
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
        if (banner := self.current) is not None:
            self._remove(banner)
            if banner.on_action is not None:
                banner.on_action()

    def dismiss(self) -> None:
        """Remove what is shown; the banner behind it appears."""
        self._remove(self.current, self.below)

    def _remove(self, *banners: Banner | None) -> None:
        kept = [one for one in self._waiting if not any(one is each for each in banners)]
        if len(kept) != len(self._waiting):
            self._waiting = kept
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
        """Move to the right side of the shown page, where it covers no bars, no input area and no open question.

        It is over no other pane, unless the page is very narrow or low. The first choice is the current position, then
        the top, then the bottom.

        Returns:
            Whether there is a position without an open question.
        """
        advance = self._text.fontMetrics().horizontalAdvance
        wanted = advance(self._text.text()) + BESIDE_PX
        if self._action.text():
            wanted += self._action.sizeHint().width() + GAP_S_PX
        wanted = max(wanted, advance(self._text_below.text()) + BESIDE_PX)
        room = self._room()
        width = min(wanted, WIDTH_PX, room.width())
        self._body.updateGeometry()  # A new text's size reaches the layout in the next turn of the event loop.
        height = self._layout.heightForWidth(width)
        bars, typed, questions = self._bars(), self._typed_areas(), self._questions()
        highest, lowest = max(self._top_px, room.top()), room.bottom() + 1 - height
        tops = [self._last_top_px, highest, *(area.bottom() for area in (*bars, *questions)), lowest]
        tops += [*(rect.top() - height for rect in (*bars, *typed, *questions)), *(rect.bottom() for rect in typed)]
        candidates = [
            QRect(room.right() + 1 - width, top, width, height).marginsRemoved(_AROUND)
            for top in tops
            if highest <= top <= max(lowest, highest)
        ]
        candidates = [each for each in candidates if not any(map(each.intersects, questions))]
        if not candidates:
            return False
        area = least_covering(candidates, [*bars, *typed]).marginsAdded(_AROUND)
        self._last_top_px = area.top()
        self.setGeometry(area)
        self.raise_()
        return True

    def _room(self) -> QRect:
        """The area for banners: the shown page, or everything if that is too small."""
        page, whole = self._page(), self._over.rect()
        if page is None or page.width() < _MIN_ROOM_PX[0] or page.height() < _MIN_ROOM_PX[1]:
            return whole
        return QRect(page.mapTo(self._over, QPoint()), page.size()) & whole

    def _start_timer(self) -> None:
        """Start the timers of visible temporary banners. A hidden banner gets its full time later."""
        left_ms = INFORM_MS
        if self.current is self._timed[self._below_timer] and self._below_timer.isActive():
            left_ms = self._below_timer.remainingTime()  # It has been read below an offer, which is gone.
        for timer, banner in ((self._timer, self.current), (self._below_timer, self.below)):
            if banner is None or banner.lasting or self.isHidden():
                timer.stop()
            elif banner is not self._timed[timer] or not timer.isActive():
                timer.start(left_ms if timer is self._timer else INFORM_MS)
            self._timed[timer] = banner

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
        return [area.translated(corner) for area in page.content.typed_areas()]

    def _refresh(self) -> None:
        banner = self.current
        if banner is None:
            self.hide()
        else:
            self.setAccessibleName(banner.text)
            _show(self._text, banner)
            _show(self._text_below, self.below)
            self._action.setText(banner.action)
            self._action.setAccessibleName(banner.action)
            self._action.setVisible(bool(banner.action))
            self.arrange()
            announce(self, (self.below or banner).text)
        self._start_timer()
        self.changed.emit()


def _line() -> QLabel:
    """The label of a banner's text."""
    line = PlainLabel()
    line.setWordWrap(True)
    line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    line.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return line


def _show(line: QLabel, banner: Banner | None) -> None:
    """Show a banner's text in its label, which is hidden without a banner."""
    text, kind = (banner.text, banner.kind) if banner is not None else ("", "")
    line.setText(text)
    line.setAccessibleName(text)
    set_look(line, "kind", kind)
    line.setVisible(banner is not None)
