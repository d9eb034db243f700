"""Bars and texts over a page: connection, problem, missing content, broadcast; what shows them without a live chat.

They move when they would cover the text that the user types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QHideEvent,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.bridge.chat import SHOW_WAITING_AFTER_MS
from gui.screen_readers import announce
from gui.terminal.drawing.canvas import least_covering
from gui.theme.icons import Glyph, mark_color
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.timers import single_shot
from gui.window.widgets.parts import (
    Area,
    ElidedLabel,
    GlyphLabel,
    Hairline,
    IconButton,
    LazyWidget,
    MarkLabel,
    Way,
    button,
    focus_changed,
    label,
    sentence,
)
from gui.wording import common_texts, machine_texts, page_texts, phrases, window_texts
from session_host.protocol.untrusted_text import place_last
from session_host.protocol.values import State
from session_host.standing.groups import Mark

if TYPE_CHECKING:
    from .structured_content import StructuredContent
    from .terminal_content import TerminalContent

INTERVAL_MS: Final = 100
"""The shortest time between two calls: in much output, the cursor moves with each frame."""


class TypedAreaWatcher(QObject):
    """Calls ``place`` when the text cursor or the keyboard focus moves while the notice is shown."""

    def __init__(self, notice: QWidget, place: Callable[[], object]) -> None:
        super().__init__(notice)
        self._place = place
        self._is_following = self._has_moved_again = False
        self._timer = single_shot(self, INTERVAL_MS)
        self._timer.timeout.connect(self._on_interval)
        notice.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Show, QEvent.Type.Hide}:
            self._follow(follows=event.type() == QEvent.Type.Show)
        return False

    def _follow(self, *, follows: bool) -> None:
        """Connect only while the notice is shown, because each typed key moves the cursor."""
        if follows == self._is_following:
            return
        self._is_following = follows
        moved = QGuiApplication.inputMethod().cursorRectangleChanged
        for signal in (moved, focus_changed()):
            if follows:
                signal.connect(self._on_moved)
            else:
                signal.disconnect(self._on_moved)

    def _on_moved(self) -> None:
        self._has_moved_again = self._timer.isActive()
        if not self._has_moved_again:
            self._timer.start()
            self._place()

    def _on_interval(self) -> None:
        if self._is_following and self._has_moved_again:
            self._on_moved()


TypedAreas = Callable[[], list[QRect]]
"""The parts of the page that the user types into."""


class ConnectionBar(QWidget):
    """A thin bar with a short text over a screen that is not live, and a second line about what the user typed.

    It is at the top of the page, or at the bottom if the user types at the top, or only the top has text. A click moves
    it to the other end.

    Attributes:
        text, typed: the texts of the two lines; the second one is hidden if there is nothing to say.
        remedy, send, discard: the buttons.
    """

    LINE_PX = 24

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        content: TerminalContent | StructuredContent,
        bottom_px: Callable[[], int],
        on_moved: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._on_moved = on_moved
        self._is_at_other_end = False
        self._remedy: Way | None = None
        self._parent = parent
        self._bottom_px = bottom_px
        self._areas_in_use = content.areas_in_use
        self._shown_mark = Mark.RECONNECTING
        self._mark = MarkLabel(theme)
        self.text = ElidedLabel("", "secondary")
        self.typed = ElidedLabel("", "secondary")
        self.remedy = button("", "link")
        self.remedy.clicked.connect(self._run_remedy)
        self.send = button(page_texts.SEND_TYPED(), "link", content.source.send_kept)
        self.discard = button(page_texts.DISCARD_TYPED(), "link", content.source.discard_kept)
        self._second = QWidget(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        self._column.setSpacing(0)
        first, second = QHBoxLayout(), QHBoxLayout(self._second)
        second.setContentsMargins(0, 0, 0, 0)
        for row, parts in (
            (first, (self._mark, self.text, self.remedy)),
            (second, (self.typed, self.send, self.discard)),
        ):
            row.setSpacing(GAP_S_PX)
            for part in parts:
                row.addWidget(part, part in {self.text, self.typed})
        self._column.addLayout(first, 1)
        self._column.addWidget(self._second, 1)
        for control in (self.remedy, self.send, self.discard):
            control.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        TypedAreaWatcher(self, self.place)

    @property
    def height_px(self) -> int:
        """Its height with the present texts."""
        return self.LINE_PX * (1 if self._second.isHidden() else 2)

    def place(self) -> None:
        """Move to the top or bottom of the view, away from text."""
        width, height = self._parent.width(), self.height_px
        top, bottom = (QRect(0, at, width, height) for at in (0, self._bottom_px() - height))
        in_use = self._areas_in_use()
        area = least_covering([top, bottom], *in_use)
        if in_use:
            set_tooltip(self, page_texts.CLICK_MOVES())
            if self._is_at_other_end:
                area = bottom if area == top else top
        if area != self.geometry():
            self.setGeometry(area)
            self._on_moved()

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self._is_at_other_end = not self._is_at_other_end
        self.place()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._is_at_other_end = False

    def show_text(
        self, mark: Mark, text: str, typed: str = "", *, remedy: Way | None = None, can_send: bool = False
    ) -> None:
        """Set the mark, with its colour, and the texts; the second line has a button that discards what was typed."""
        self._shown_mark = mark
        self._mark.set_mark(mark)
        self.text.set_whole(text)
        self.typed.set_whole(typed)
        self._second.setVisible(bool(typed))
        self._remedy = remedy
        self.remedy.setText(remedy[0] if remedy is not None else "")
        self.remedy.setVisible(remedy is not None)
        self.send.setVisible(can_send)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=not (typed or remedy))
        self.setAccessibleName(f"{text} {typed}".strip())
        self.update()

    def _run_remedy(self) -> None:
        if self._remedy is not None:
            self._remedy[1]()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens.color("sidebar"))
        painter.fillRect(QRectF(0, 0, self.width(), 2), mark_color(self._shown_mark, tokens))
        thin = 1 / self.devicePixelRatioF()
        painter.fillRect(QRectF(0, self.height() - thin, self.width(), thin), tokens.color("hairline"))
        painter.end()


class Dimming(QWidget):
    """Makes a view look faded. The view stays usable."""

    SHARE = 0.45
    """Of the background, at each point."""

    def __init__(self, theme: Theme, view: QWidget) -> None:
        super().__init__(view)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setGeometry(view.rect())
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QResizeEvent) and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        color = self._theme.tokens.color("page")
        color.setAlphaF(self.SHARE)
        painter = QPainter(self)
        painter.fillRect(event.rect(), color)
        painter.end()


class ProblemLine(Area):
    """A line at the bottom of the page with a problem of a running chat; at the top if the user types at the bottom.
    In a narrow page it wraps, since its end says what to do.

    The line covers part of the terminal and does not change the grid. It is hidden if there is no problem, and when the
    user has dismissed it.
    """

    _BESIDE_PX = 80
    """The room beside the text: margins, the sign and the closing button."""

    def __init__(self, theme: Theme, parent: QWidget, typed_areas: TypedAreas, on_action: Callable[[], object]) -> None:
        super().__init__("banner", parent)
        self._parent = parent
        self._typed_areas = typed_areas
        self._bottom_px: int | None = None
        self._shown_text = ""
        self.text = label("", "secondary")
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.action = button("", "link", on_action)
        self.action.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._close = IconButton(theme, Glyph.CLOSE, common_texts.DISMISS(), self.hide)
        self._close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(GAP_M_PX, 2, 4, 2)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.WARNING, "needs_you_fill"))
        row.addWidget(self.text, 1)
        row.addWidget(self.action)
        row.addWidget(self._close)
        self.hide()
        TypedAreaWatcher(self, lambda: self.place(self._bottom_px))

    def show_text(self, text: str, action: str = "") -> None:
        """Show a problem, and a button with the text ``action`` unless that is ""; without a text, hide the line."""
        if text == self._shown_text:
            return
        self._shown_text = text
        if text:
            shown = sentence(place_last(text))
            self.action.setText(action)
            self.action.setVisible(bool(action))
            self.text.setText(shown)
            self.text.setAccessibleName(shown)
            self.setAccessibleName(shown)
            self.setVisible(True)
            self.place(self._bottom_px)
            self.raise_()
        else:
            self.hide()

    def place(self, bottom_px: int | None) -> None:
        """Move to the right, above ``bottom_px`` of the parent (its height if None), or to its upper end."""
        self._bottom_px = bottom_px
        parent = self._parent
        below = parent.height() if bottom_px is None else bottom_px
        beside = self._BESIDE_PX
        if not self.action.isHidden():
            beside += GAP_S_PX + self.action.sizeHint().width()
        wanted = self.text.fontMetrics().horizontalAdvance(self.text.text()) + beside
        width = min(wanted, max(parent.width() - 2 * GAP_S_PX, 0))
        self._row.invalidate()  # A new text's size reaches it in the next turn of the event loop.
        height = self._row.totalHeightForWidth(width)
        left = parent.width() - width - GAP_S_PX
        candidates = [QRect(left, top, width, height) for top in (below - height - GAP_S_PX, GAP_S_PX)]
        self.setGeometry(least_covering(candidates, self._typed_areas()))


class Notice(Area):
    """A text in the middle of a page, over a terminal without content."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("page", parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.title = label("", "title")
        self.detail = label("", "secondary")
        self.detail.setWordWrap(True)
        for one in (self.title, self.detail):
            one.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            one.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP_L_PX, GAP_L_PX, GAP_L_PX, GAP_L_PX)
        layout.setSpacing(4)
        layout.addStretch(2)
        layout.addWidget(self.title)
        layout.addWidget(self.detail)
        layout.addStretch(3)

    def show_text(self, title: str, detail: str) -> None:
        """Set the title and the detail."""
        self.title.setText(title)
        self.detail.setText(detail)
        self.setAccessibleName(f"{title} {detail}".strip())


class Waiting(QObject):
    """A bar over a page that shows something, or a notice in the middle of an empty one.

    Both cover a part of the view; the view keeps the keyboard focus, and typed text is kept for the host.

    Attributes:
        remedy: returns what helps against the reason why the machine cannot be reached, None for nothing.

    Signals:
        bar_moved: the bar was shown, moved or hidden.
    """

    bar_moved = Signal()

    def __init__(
        self,
        theme: Theme,
        page: QWidget,
        content: TerminalContent | StructuredContent,
        *,
        is_starting: Callable[[], bool],
        bottom_px: Callable[[], int],
    ) -> None:
        """Create it without showing anything.

        Args:
            theme: the theme.
            page: the page below it.
            content: what the page shows of the chat.
            is_starting: returns whether the live chat's agent starts and has written nothing yet.
            bottom_px: returns the upper edge of the bars below the view, or the page's lower edge without them.
        """
        super().__init__(page)
        self._page, self._content, self._source = page, content, content.source
        self._is_starting = is_starting
        self._bottom_px = bottom_px
        moved = self.bar_moved.emit  # The function that makes the bar must not keep this object.
        self._bar = LazyWidget(lambda: ConnectionBar(theme, page, content, bottom_px, moved))
        self._notice = LazyWidget(lambda: Notice(page))
        self._dimming = LazyWidget(lambda: Dimming(theme, content.faded))
        self.remedy: Callable[[], Way | None] = lambda: None
        self._shown_state = ""
        self._show_timer = single_shot(self, SHOW_WAITING_AFTER_MS)
        self._show_timer.timeout.connect(self._show)

    @property
    def bar(self) -> ConnectionBar:
        """The line over a screen."""
        return self._bar.get()

    @property
    def notice(self) -> Notice:
        """The text over an empty page."""
        return self._notice.get()

    @property
    def bar_height_px(self) -> int:
        """The height of the bar; 0 while it is not shown."""
        return self.bar.height_px if self._bar.is_open else 0

    @property
    def free_bottom_px(self) -> int:
        """The upper edge of the bars at the bottom of the page."""
        bottom_px = self._bottom_px()
        return bottom_px - self.bar_height_px if self._bar.is_open and self.bar.y() else bottom_px

    @property
    def is_needed(self) -> bool:
        """Whether the user must know something, or decide."""
        return self._state != "live"

    def _is_empty(self) -> bool:
        """Whether the page shows nothing of the chat."""
        return not (self._content.has_old_content or self._content.has_replica)

    @property
    def _state(self) -> str:
        """The state to show: "asks", "starting", or that of the connection."""
        source = self._source
        if source.is_unresponsive:
            return "unresponsive"
        if source.asks_to_send:
            return "asks"
        state = str(source.connection or "")
        return "starting" if state == "live" and self._is_starting() else state

    @property
    def is_for_start(self) -> bool:
        """Whether the page says that the live chat's agent starts, or will after the delay."""
        return self._shown_state == "starting" or (self._show_timer.isActive() and self._source.connection == "live")

    def wait(self) -> None:
        """Show that the chat is not live, or that its agent starts: at once or after a delay.

        It is shown at once if the chat asks, if its host does not answer, or if its machine cannot be reached and the
        page is empty.
        """
        state, is_shown = self._state, self._bar.is_open or self._notice.is_open
        is_out_of_reach = not self._source.chat.machine.is_reachable and self._is_empty()
        if is_shown or is_out_of_reach or state in {"unresponsive", "asks"}:
            self._show()
        elif not self._show_timer.isActive():
            self._show_timer.start()

    def update(self) -> None:
        """Show changed facts, if something is shown."""
        if self._bar.is_open:
            self._show()

    def stop(self) -> None:
        """Stop the delay; a shown bar or notice stays."""
        self._show_timer.stop()

    def end(self, *, keep_notice: bool = False) -> None:
        """Stop the delay, and hide the bar and the notice."""
        self._show_timer.stop()
        self._shown_state = ""
        self._dimming.hide()
        if self._bar.is_open:
            self.bar.hide()
            self.bar_moved.emit()
        if not keep_notice:
            self._notice.hide()

    def show_notice(self, title: str, detail: str) -> None:
        """Show a text in the middle of the page."""
        self.notice.show_text(title, detail)
        self._show_overlay(self.notice)

    def place(self) -> None:
        """Place the bar and the notice, after a change of the page's size or end bar."""
        if self._bar.widget is not None:
            self.bar.place()
        if self._notice.widget is not None:
            self.notice.setGeometry(0, 0, self._page.width(), self._bottom_px())

    def _show(self) -> None:
        source = self._source
        if source.chat.has_ended:
            return
        self._show_timer.stop()
        state, was_shown = self._state, self._shown_state
        self._shown_state = state
        overlay: Notice | ConnectionBar
        is_cut_off = state == "unreachable"
        if is_empty := state == "starting" or self._is_empty():
            overlay = self.notice
            overlay.show_text(*self._texts(state))
            self._show_overlay(overlay)
        else:
            self._notice.hide()
        if is_cut_off and not is_empty:
            self._dimming.get().show()
            self._dimming.get().raise_()
        else:
            self._dimming.hide()
        if is_cut_off or not is_empty:
            overlay = self.bar
            self._fill_bar(overlay, state)
            self._show_overlay(overlay)
        self.bar_moved.emit()
        if state != was_shown and state in {"unresponsive", "unreachable", "asks"}:
            announce(overlay, overlay.accessibleName())

    def _fill_bar(self, bar: ConnectionBar, state: str) -> None:
        source, count = self._source, self._source.kept_characters
        machine = source.chat.machine
        match state:
            case "unreachable":
                text = machine_texts.unreachable_machine(machine.name, machine.unreachable_since)
                reason = phrases.without_remedy(machine.why_unreachable)
                typed = page_texts.SENT_WHEN_BACK(n=count, machine=machine.name) if count else ""
                line = ": ".join(filter(None, (text, reason)))
                bar.show_text(Mark.UNREACHABLE, line, typed, remedy=self.remedy())
            case "asks":
                text = page_texts.ASKS_SINCE(name=source.chat.name)
                bar.show_text(Mark.NEEDS_YOU, text, page_texts.TYPED_MEANWHILE(n=count), can_send=True)
            case "unresponsive":
                text = page_texts.CHARACTERS_WAIT(n=count) if count else page_texts.CHAT_DOES_NOT_ANSWER()
                bar.show_text(Mark.UNRESPONSIVE, text)
            case _:
                bar.show_text(Mark.RECONNECTING, page_texts.TYPING_IS_KEPT())

    def _texts(self, state: str) -> tuple[str, str]:
        """The notice's title and detail."""
        chat = self._source.chat
        name = chat.machine.name
        known = page_texts.COMMAND_IN(
            command=chat.command, directory=chat.workplace.short_directory(chat.record.origin.cwd)
        )
        match state:
            case "unresponsive":
                return page_texts.DOES_NOT_ANSWER(), page_texts.CHAT_DOES_NOT_ANSWER()
            case "unreachable":
                known = "\n".join(filter(None, (page_texts.SHOWN_WHEN_BACK(machine=name), chat.title, known)))
                return page_texts.UNREACHABLE(machine=name), known
            case "reconnecting":
                return page_texts.RECONNECTING(), known
            case "connecting" if chat.machine.terms.is_far:
                return page_texts.CONNECTING_TO(machine=name), known
            case "connecting" if chat.record.outcome.state is not State.STARTING:
                return common_texts.LOADING(), known
        return common_texts.STARTING(), known

    def _show_overlay(self, overlay: QWidget) -> None:
        self.place()
        overlay.show()
        overlay.raise_()


FRAME_PX = 2
_BUTTON_PX = 20


class _Frame(QWidget):
    """Lines along the edges of the page; the terminal inside is not covered."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_left_out = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def place(self, area: QRect) -> None:
        """Cover the edges of this area."""
        self.setGeometry(area)
        inside = self.rect().adjusted(FRAME_PX, FRAME_PX, -FRAME_PX, -FRAME_PX)
        self.setMask(QRegion(self.rect()) - QRegion(inside))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.tokens.color("disabled" if self.is_left_out else "needs_you_fill"))
        painter.end()


class BroadcastMark(Area):
    """The line below a page's terminal. The terminal gives up its height: a line over it would hide output.

    Signals:
        left: the user takes this pane out of the broadcast.
        moved: the line takes another part of the page, or none.
    """

    left = Signal()
    moved = Signal()

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__("sidebar", page)
        set_tooltip(self, window_texts.HOW_TO_END_BROADCAST())
        self.frame_ = _Frame(theme, page)
        self.text = ElidedLabel("", "secondary")
        self.close_button = IconButton(theme, Glyph.CLOSE, window_texts.LEAVE_BROADCAST(), self.left.emit)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.close_button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 1, 2 * FRAME_PX, FRAME_PX)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.BROADCAST, "needs_you_fill"))
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Hairline(theme))
        column.addLayout(row, 1)
        self.hide()
        theme.changed.connect(self.frame_.update)

    def show_text(self, text: str, *, is_left_out: bool) -> None:
        """Show a line; "" hides the mark. ``is_left_out``: the page gets nothing from other panes now."""
        self.text.set_whole(text)
        self.setAccessibleName(text)
        self.frame_.is_left_out = is_left_out
        self.frame_.update()
        self.frame_.setVisible(bool(text))
        self.setVisible(bool(text))
        if text:
            self.frame_.raise_()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.moved.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()
