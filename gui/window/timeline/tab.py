"""The timeline: a day of all chats, when each worked, waited for the user, and failed; read again while it is shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from gui.bridge.chat_days import ReadDay
from gui.screen_readers import announce
from gui.theme.icons import Glyph, paint_mark
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX, HEADING_PX, font
from gui.timers import repeating
from gui.window.widgets.parts import IconButton, label, own_viewport, show_text
from gui.window.widgets.tab_page import TabPage
from gui.wording import chat_texts, dates, phrases, timeline_texts
from session_host.standing.groups import Mark

from .bands import BandDelegate, DayModel

_LEGEND_FROM_PX, _LONGEST_FROM_PX = 860, 700
"""Narrower tabs do not have the legend, and the longest wait."""
_LONGEST = 2
"""The number of the longest wait among the sums."""
AGAIN_MS = 30_000
"""The shown day of today is read again so often, while the tab is visible."""
_AXIS_PX = 28


def current_date() -> date:
    """The current date in local time."""
    return datetime.now().astimezone().date()


class _Axis(QWidget):
    """The hours above the bands."""

    def __init__(self, theme: Theme, delegate: BandDelegate, view: QListView) -> None:
        super().__init__()
        self._theme, self._delegate, self._view = theme, delegate, view
        self.setFixedHeight(_AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(font(HEADING_PX))
        painter.setPen(self._theme.tokens.color("secondary"))
        scale = self._delegate.scale(self._view.viewport().width())
        for at_s, moment in scale.hours():
            area = QRectF(scale.x(at_s) - 40, 0, 80, _AXIS_PX)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, dates.time_of_day(moment))
        painter.end()


class _Legend(QWidget):
    """What the marks of the bands mean."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        names = (timeline_texts.WORKING, timeline_texts.WAITING, timeline_texts.YOUR_PROMPT, timeline_texts.FAILED)
        self._texts = [name() for name in names]
        self.setAccessibleName(", ".join(self._texts))
        self.setFixedHeight(20)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(sum(metrics.horizontalAdvance(text) + 24 + GAP_M_PX for text in self._texts), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, tokens = QPainter(self), self._theme.tokens
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 0.0
        for number, text in enumerate(self._texts):
            painter.setPen(Qt.PenStyle.NoPen)
            match number:
                case 0:
                    painter.fillRect(QRectF(x, 7, 14, 6), tokens.color("accent"))
                case 1:
                    painter.fillRect(QRectF(x + 5, 2, 5, 16), tokens.color("needs_you_fill"))
                case 2:
                    painter.setBrush(tokens.color("secondary"))
                    painter.drawPolygon([QPointF(x + 7, 7), QPointF(x + 10, 12), QPointF(x + 4, 12)])
                case _:
                    paint_mark(painter, Mark.TURN_FAILED, QPointF(x + 7, 10), tokens, 12)
            painter.setPen(tokens.color("secondary"))
            width = self.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRectF(x + 20, 0, width + 4, 20), Qt.AlignmentFlag.AlignVCenter, text)
            x += width + 24 + GAP_M_PX
        painter.end()


class _Rows(QListView):
    """The list of the chats' days.

    Signals:
        chosen(QModelIndex, float): the user goes to a chat at a time in seconds since 1970; 0 for no time.
    """

    chosen = Signal(QModelIndex, float)

    def __init__(self, theme: Theme, model: DayModel) -> None:
        super().__init__()
        self._model = model
        self.delegate = BandDelegate(theme, self, model)
        self.setModel(model)  # Calls currentChanged.
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self.setAccessibleName(timeline_texts.CHATS())
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setProperty("kind", "pages")
        own_viewport(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            found = self.delegate.time_at(event.position().x(), self.viewport().width(), self._model.listed(index))
            self.chosen.emit(index, found[0] if found is not None else 0.0)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self.delegate.chosen = -1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if not index.isValid():
            super().keyPressEvent(event)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            spans, at = self._model.listed(index).day.spans, self.delegate.chosen
            self.chosen.emit(index, spans[at].begin_s if 0 <= at < len(spans) else 0.0)
        elif event.key() in steps and not event.modifiers():
            self._step(index, steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _step(self, index: QModelIndex, by: int) -> None:
        """Go to the next time of the current row, and say it."""
        spans = self._model.listed(index).day.spans
        if not spans:
            return
        at = self.delegate.chosen
        first = 0 if by > 0 else len(spans) - 1
        self.delegate.chosen = min(max(at + by, 0), len(spans) - 1) if at >= 0 else first
        self.viewport().update()
        announce(self, ". ".join(timeline_texts.span_lines(spans[self.delegate.chosen])))


class TimelineTab(TabPage):
    """The tab.

    Attributes:
        day: the day that is shown.
        rows: the list of the chats.

    Signals:
        day_wanted(date): a day is to be read.
        chat_chosen(str, float): the user goes to a chat, by its id, at a time in seconds since 1970; 0 for no time.
    """

    day_wanted = Signal(object)
    chat_chosen = Signal(str, float)

    def __init__(self, theme: Theme) -> None:
        """Make the tab, at the current day."""
        super().__init__(timeline_texts.TIMELINE())
        self.setWindowTitle(timeline_texts.WINDOW_TITLE())
        self.day = current_date()
        self._again = repeating(self, AGAIN_MS)
        self._again.timeout.connect(self._read_again)
        self._model = DayModel(self)
        self.rows = _Rows(theme, self._model)
        self.setFocusProxy(self.rows)
        self.rows.chosen.connect(lambda index, at_s: self.chat_chosen.emit(self._model.listed(index).id, at_s))
        self._axis = _Axis(theme, self.rows.delegate, self.rows)
        self._title = label("", "sum")
        self._date = label("", "secondary")
        self._back = IconButton(theme, Glyph.BACK, timeline_texts.PREVIOUS_DAY(), lambda: self.go(-1))
        self._forward = IconButton(theme, Glyph.FOLDED, timeline_texts.NEXT_DAY(), lambda: self.go(1))
        self._sums: list[tuple[QLabel, QLabel]] = []
        self._nothing = label("", "secondary", wraps=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._problems = label("", "failed", wraps=True)
        self._foot = label(timeline_texts.KEPT(), "secondary", wraps=True)
        self._legend = _Legend(theme)
        self._lay_out()
        theme.changed.connect(self.update)
        self._name_day()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GAP_S_PX)
        for part in (self._title, self._date, self._back, self._forward):
            head.addWidget(part)
        head.addStretch(1)
        head.addWidget(self._legend)
        sums = QHBoxLayout()
        sums.setSpacing(2 * GAP_L_PX)
        for number in range(4):
            value, what = label("", "sum_waiting" if number == 1 else "sum"), label("", "secondary")
            pair = QVBoxLayout()
            pair.setSpacing(2)
            pair.addWidget(value)
            pair.addWidget(what)
            sums.addLayout(pair)
            self._sums.append((value, what))
        sums.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GAP_L_PX, 0, GAP_S_PX)
        column.setSpacing(GAP_M_PX)
        for line in (head, sums):
            line.setContentsMargins(GAP_L_PX, 0, GAP_L_PX, 0)
            column.addLayout(line)
        bands = QVBoxLayout()
        bands.setSpacing(0)
        bands.addWidget(self._axis)
        bands.addWidget(self.rows, 1)
        bands.addWidget(self._nothing, 1)
        column.addLayout(bands, 1)
        for text in (self._problems, self._foot):
            text.setContentsMargins(GAP_L_PX, 0, GAP_L_PX, 0)
            column.addWidget(text)
        self._problems.hide()

    # ------------------------------------------------------------ the day

    def go(self, days: int) -> None:
        """Show another day, so many days later; none after today."""
        self.day = min(self.day + timedelta(days=days), current_date())
        self._name_day()
        self.day_wanted.emit(self.day)

    def _name_day(self) -> None:
        today = current_date()
        self._title.setText(timeline_texts.day_name(self.day, today))
        self._date.setText(dates.whole_date(self.day))
        self._forward.setEnabled(self.day < today)

    def _read_again(self) -> None:
        self._name_day()
        if self.day >= current_date() - timedelta(days=1):
            self.day_wanted.emit(self.day)

    def show_day(self, day: ReadDay) -> None:
        """Show what was read."""
        self._model.show(day)
        listed = day.listed
        self.rows.setVisible(bool(listed))
        self._axis.setVisible(bool(listed))
        is_known = current_date() - self.day <= timedelta(days=30)
        nothing = timeline_texts.NOTHING() if is_known else timeline_texts.NOTHING_KEPT()
        show_text(self._nothing, nothing if not listed else "")
        show_text(self._problems, "\n".join(day.problems))
        self._show_sums(day)
        self._axis.update()

    def _show_sums(self, day: ReadDay) -> None:
        spans = [(each.name, span) for each in day.listed for span in each.day.spans]
        worked = sum(each.day.worked_s for each in day.listed)
        waited = sum(each.day.waited_s for each in day.listed)
        longest = max(((s.end_s - s.begin_s, name) for name, s in spans if s.waits), default=None)
        prompts = sum(len(each.day.prompts_s) for each in day.listed)
        count = sum(bool(each.day.worked_s) for each in day.listed)
        shown = (
            (phrases.whole_duration(worked), timeline_texts.WORKED(n=count)) if worked else None,
            (phrases.whole_duration(waited), timeline_texts.WAITED()) if waited else None,
            (phrases.whole_duration(longest[0]), chat_texts.joined(timeline_texts.LONGEST_WAIT(), longest[1]))
            if longest is not None
            else None,
            (str(prompts), timeline_texts.PROMPTS()) if prompts else None,
        )
        for number, ((value, what), texts) in enumerate(zip(self._sums, shown, strict=True)):
            has_room = number != _LONGEST or self.width() >= _LONGEST_FROM_PX
            for part, text in zip((value, what), texts or ("", ""), strict=True):
                part.setText(text)
                part.setVisible(bool(text) and has_room)

    # ------------------------------------------------------------ the tab

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.AltModifier
        if alt and event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self.go(-1 if event.key() == Qt.Key.Key_Left else 1)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._legend.setVisible(self.width() >= _LEGEND_FROM_PX)
        for part in self._sums[_LONGEST]:
            part.setVisible(self.width() >= _LONGEST_FROM_PX and bool(part.text()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again.start()
        self.day_wanted.emit(self.day)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()
