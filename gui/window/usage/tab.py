"""Usage: what chats used by day, agent, account, project and chat, and the limits; read again while it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui.bridge.usage import ReadUsage
from gui.theme.theme import Theme
from gui.theme.tokens import COPIED_MS, GAP_L_PX, GAP_M_PX, GAP_S_PX, SECONDARY_PX, STATUS_HEIGHT_PX, font
from gui.timers import repeating, single_shot
from gui.window.widgets.parts import (
    UNBOUNDED_PX,
    Area,
    ElidedLabel,
    Hairline,
    button,
    label,
    own_viewport,
    show_text,
    stack,
)
from gui.window.widgets.segments import Segments
from gui.window.widgets.tab_page import TabPage
from gui.wording import common_texts, usage_texts
from session_host.protocol.usage import UsageSum
from session_host.standing.usage import By, begin_of_days_s, missing_words, money_words, tokens_words, total

from .bars import ABOVE_PX, LEFT_PX, Bars, agent_color, paint_square
from .figures import (
    LISTED,
    TOKENS,
    TURNS,
    AgentOf,
    as_csv,
    axis,
    bar_days,
    currencies,
    last_days,
    rows,
)
from .limits import LimitsPanel
from .table import Table

AGAIN_MS = 30_000
"""The days are read again so often while the tab is visible: a day begins, and a limit is reset, without an event."""
CHANGED_MS = 1000
"""How long after a change of a chat they are read: changes come in bursts."""
_DAYS = ("7", "30")
_BYS: tuple[By, ...] = ("agent", "account", "project", "chat")
_LEFT_PX, _RIGHT_PX, _BETWEEN_PX = 812, 348, 64
_SIDE_PX, _NARROW_SIDE_PX, _TOP_PX = 48, 24, 28
_LEAST_LEFT_PX = 520
"""Beside a narrower left column there is no right one: it is below."""
_ONE_LINE_PX = 520
"""From this width of the left column on, title and choices are in one line, and so are the table's choices."""
_BETWEEN_NUMBERS_PX = 48


def current_date() -> date:
    """The current date in local time."""
    return datetime.now().astimezone().date()


class _Legend(QWidget):
    """The agents' colours."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._agents: list[tuple[int, str]] = []

    def show_agents(self, agents: Sequence[tuple[int, str]]) -> None:
        """Show these agents: their indexes in the catalog, and their titles."""
        self._agents = list(agents)
        self.setAccessibleName(", ".join(title for _hue, title in agents))
        self._fit()
        self.update()

    def _fit(self) -> None:
        self.setFixedHeight(20 * (1 + max((line for *_agent, line in self._places()), default=0)))

    def _places(self) -> list[tuple[int, str, int, int]]:
        """The agents with the place and the line of each."""
        metrics, x, line = QFontMetrics(font(SECONDARY_PX)), 0, 0
        found: list[tuple[int, str, int, int]] = []
        for hue, title in self._agents:
            width = 16 + metrics.horizontalAdvance(title)
            if x and x + width > self.width():
                x, line = 0, line + 1
            found.append((hue, title, x, line))
            x += width + GAP_L_PX
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, tokens = QPainter(self), self._theme.tokens
        painter.setFont(font(SECONDARY_PX))
        for hue, title, x, line in self._places():
            paint_square(painter, QPoint(x, 20 * line), agent_color(hue, tokens))
            painter.setPen(tokens.color("secondary"))
            place = QRect(x + 16, 20 * line, self.width(), 20)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        painter.end()


class _Number(QWidget):
    """A number, and what it is."""

    def __init__(self) -> None:
        super().__init__()
        self.value, self.what = label("", "sum"), label("", "secondary")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.value)
        column.addWidget(self.what)
        column.addStretch(1)

    @property
    def whole_px(self) -> int:
        """The width of both in one line each."""
        parts = (self.value, self.what)
        for each in parts:
            each.ensurePolished()  # The style sheet has the sizes of their texts.
        return max(each.fontMetrics().horizontalAdvance(each.text()) for each in parts) + 2

    def show_number(self, value: str, what: str) -> None:
        """Show it; hidden without a value."""
        self.value.setText(value)
        self.what.setText(what)
        self.setVisible(bool(value))


class UsageTab(TabPage):
    """The tab.

    Attributes:
        bars: the days.
        table: the table below them.
        day: the day of which the table lists the chats; None for all days.

    Signals:
        wanted(float): what was used since a time, in seconds since 1970, and the limits, are to be read.
        chat_chosen(str): the user goes to a chat, by its id.
    """

    wanted = Signal(float)
    chat_chosen = Signal(str)

    def __init__(self, theme: Theme, agent_of: AgentOf, *amounts: QWidget) -> None:
        """Make the tab, empty.

        Args:
            theme: the looks.
            agent_of: the agent of a name.
            amounts: the controls of the amounts, below the limits.
        """
        super().__init__(usage_texts.USAGE())
        self.setWindowTitle(usage_texts.WINDOW_TITLE())
        self._theme, self._agent_of = theme, agent_of
        self._read: ReadUsage | None = None
        self.day: date | None = None
        self._lists_all = False
        self._again, self._changed = repeating(self, AGAIN_MS), single_shot(self, CHANGED_MS)
        for timer in (self._again, self._changed):
            timer.timeout.connect(self._want)
        self.bars = Bars(theme, self)
        self.bars.chosen.connect(self._choose_day)
        self.table = Table(theme)
        self.table.chat_chosen.connect(self.chat_chosen)
        self.table.rest_chosen.connect(self._list_all)
        self.measure = Segments(usage_texts.WHAT_IS_SHOWN(), [(TOKENS, usage_texts.TOKENS())])
        self.count = Segments(usage_texts.HOW_LONG(), [(each, usage_texts.DAYS_SHOWN(n=int(each))) for each in _DAYS])
        self.count.choose("30")
        self.by = Segments(usage_texts.TABLE_BY(), [(each, usage_texts.BY[each]()) for each in _BYS])
        self.measure.chosen.connect(lambda _key: self._show())
        self.count.chosen.connect(lambda _key: self._choose_days())
        self.by.chosen.connect(lambda _key: self._show())
        self._numbers = [_Number() for _ in range(4)]
        self._legend = _Legend(theme)
        self._all_days = button(usage_texts.ALL_DAYS(), "link", lambda: self._choose_day(None))
        self._copy = button(usage_texts.COPY_CSV(), "quiet", self._copy_csv)
        self._copied = single_shot(self, COPIED_MS)
        self._copied.timeout.connect(lambda: self._copy.setText(usage_texts.COPY_CSV()))
        self._lacks = label("", "secondary", wraps=True)
        self._problems = label("", "failed", wraps=True)
        self._nothing = label("", wraps=True)
        self._from_now_on = label(usage_texts.FROM_NOW_ON(), "secondary", wraps=True)
        self._empty_line = Hairline(theme)
        self.limits = LimitsPanel(theme)
        self._span, self._note = ElidedLabel("", "secondary"), label(usage_texts.AS_REPORTED(), "secondary")
        self._lay_out(amounts)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self.update)
        self._show()

    # ------------------------------------------------------------ the layout

    def _lay_out(self, amounts: Sequence[QWidget]) -> None:
        self._title_row, self._choices = QBoxLayout(QBoxLayout.Direction.LeftToRight), QHBoxLayout()
        self._choices.setSpacing(GAP_M_PX + 8)
        self._choices.addWidget(self.measure)
        self._choices.addWidget(self.count)
        self._choices.addStretch(0)
        self._title_row.addWidget(label(usage_texts.USAGE(), "sum"))
        self._title_row.addStretch(1)
        self._title_row.addLayout(self._choices)
        self._numbers_grid = QGridLayout()
        self._numbers_grid.setHorizontalSpacing(_BETWEEN_NUMBERS_PX)
        self._numbers_grid.setVerticalSpacing(GAP_M_PX)
        self._below = QWidget()
        self._fill_below()
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addLayout(self._title_row)
        left.addSpacing(20)
        left.addLayout(self._numbers_grid)
        empty = stack(QVBoxLayout(), self._nothing, self._from_now_on, self._empty_line, gap=GAP_S_PX)
        left.addLayout(empty)
        for part in (self._below, self._problems):
            left.addWidget(part)
        left.addStretch(1)
        self._right = QWidget()
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        head = label(usage_texts.LIMITS(), "heading")
        head.setFont(font(11, bold=True, capitals=True))
        right.addWidget(head)
        right.addSpacing(18)
        right.addWidget(self.limits)
        for part in amounts:
            right.addWidget(part)
        right.addStretch(1)
        body = Area("page")
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._columns.addWidget(self._left)
        self._columns.addWidget(self._right)
        self._columns.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        own_viewport(self._scroll)
        self._scroll.setWidget(body)
        foot = Area("sidebar")
        foot.setFixedHeight(STATUS_HEIGHT_PX)
        line = QHBoxLayout(foot)
        line.setContentsMargins(GAP_M_PX, 0, GAP_M_PX, 0)
        line.addWidget(self._span, 1)
        line.addWidget(self._note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scroll, 1)
        column.addWidget(Hairline(self._theme))
        column.addWidget(foot)

    def _fill_below(self) -> None:
        """Lay out what there is once something was used: days, legend, table."""
        column = QVBoxLayout(self._below)
        column.setContentsMargins(0, 28 - ABOVE_PX, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bars)
        column.addSpacing(GAP_S_PX)
        rest = QVBoxLayout()
        rest.setContentsMargins(LEFT_PX, 0, 0, 0)
        rest.setSpacing(0)
        rest.addWidget(self._legend)
        rest.addSpacing(24)
        choices = self._by_row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        choices.setSpacing(GAP_M_PX)
        for part in (self.by, self._all_days, self._copy):
            choices.addWidget(part, 0, Qt.AlignmentFlag.AlignLeft)
        choices.insertStretch(2, 1)
        rest.addLayout(choices)
        rest.addSpacing(GAP_S_PX)
        rest.addWidget(self.table)
        rest.addSpacing(GAP_M_PX)
        rest.addWidget(self._lacks)
        column.addLayout(rest)
        self._rest = rest

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Lay out for the width: the right column beside the left one or below it, the numbers in one line or two."""
        width = self.width()
        is_wide = width >= _LEFT_PX + _RIGHT_PX + _BETWEEN_PX + 2 * _SIDE_PX
        side = _SIDE_PX if is_wide else _NARROW_SIDE_PX
        between = _BETWEEN_PX if is_wide else 2 * _NARROW_SIDE_PX
        room = width - 2 * side
        is_beside = room - _RIGHT_PX - between >= _LEAST_LEFT_PX
        left = min(room - _RIGHT_PX - between if is_beside else room, _LEFT_PX)
        taken = left + (between + _RIGHT_PX if is_beside else 0)
        # Below each other, they are as wide as the tab: a layout asks how high texts are at its own width alone.
        for part, part_px in ((self._left, left), (self._right, _RIGHT_PX)):
            part.setMinimumWidth(max(part_px, 1) if is_beside else 0)
            part.setMaximumWidth(max(part_px, 1) if is_beside else UNBOUNDED_PX)
        free = 0 if is_beside else max(room - _RIGHT_PX, 0)
        self._right.layout().setContentsMargins(0, 62 if is_beside else 0, free, 0)  # type: ignore[union-attr]
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(beside if is_beside else below)
        self._columns.setSpacing(between if is_beside else 36)
        # A wide tab has its columns in the middle.
        before, behind = max((width - taken) // 2 if is_wide else side, side), 0 if is_beside else side
        self._columns.setContentsMargins(before, _TOP_PX, behind, _TOP_PX)
        for row in (self._title_row, self._by_row):
            row.setDirection(beside if left >= _ONE_LINE_PX else below)
        self._title_row.setSpacing(GAP_M_PX)
        self._rest.setContentsMargins(LEFT_PX if left >= _ONE_LINE_PX else 0, 0, 0, 0)
        self._place_numbers(left)
        texts_px = self._span.sizeHint().width() + self._note.sizeHint().width()
        self._note.setVisible(width >= texts_px + 4 * GAP_M_PX)

    def _place_numbers(self, room: int) -> None:
        """Place the numbers in one line if all have room, else in two lines, else below each other."""
        shown = [each for each in self._numbers if each.value.text()]
        widths = [each.whole_px for each in shown]
        for per_row in (4, 2, 1):
            columns = [max(widths[column::per_row], default=0) for column in range(per_row)]
            if sum(columns) + _BETWEEN_NUMBERS_PX * (per_row - 1) <= room:
                break
        for number, each in enumerate(shown):
            each.value.setWordWrap(each.whole_px > room)
            self._numbers_grid.addWidget(each, number // per_row, number % per_row)
        self._numbers_grid.setColumnStretch(4, 1)

    # ------------------------------------------------------------ what it shows

    def show_usage(self, read: ReadUsage) -> None:
        """Show what was read."""
        self._read = read
        self._show()

    def note_change(self) -> None:
        """A chat has changed, and has maybe used something."""
        if self.isVisible() and not self._changed.isActive():
            self._changed.start()

    def _want(self) -> None:
        self.wanted.emit(begin_of_days_s(int(self.count.key), datetime.now().astimezone()))

    def _choose_days(self) -> None:
        self.day = None
        self._show()
        self._want()

    def _choose_day(self, day: date | None) -> None:
        """List the chats of a day; those of all days if that is the listed one, or none."""
        self.day = None if day == self.day else day
        if self.day is not None:
            self.by.choose("chat")
        self._lists_all = False
        self._show()

    def _list_all(self) -> None:
        self._lists_all = True
        self._show()

    def _listed(self, days: dict[date, list[UsageSum]]) -> list[UsageSum]:
        """The sums of the table."""
        if self.day is not None and self.day in days:
            return days[self.day]
        return [one for each in days.values() for one in each]

    def _show(self) -> None:
        read, today, count = self._read, current_date(), int(self.count.key)
        days = last_days(read.sums if read is not None else [], today, count)
        sums = [one for each in days.values() for one in each]
        money = currencies(sums)
        shown = [(each, each) for each in money] if len(money) > 1 else [(each, usage_texts.MONEY()) for each in money]
        self.measure.set_choices([(TOKENS, usage_texts.TOKENS()), *shown, (TURNS, usage_texts.TURNS())])
        is_empty = not sums
        has_keyboard = self.hasFocus() or (self.isVisible() and self._left.isAncestorOf(self.focusWidget()))
        for part in (self._below, *self._numbers, self.measure):
            part.setVisible(not is_empty)
        if has_keyboard and (self.hasFocus() or is_empty):
            (self if is_empty else self.bars).setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_emptiness(read, count, is_empty=is_empty)
        if not is_empty:
            self._show_numbers(total(days[today]), total(sums), count)
            self._show_days(days)
            self._show_table(days)
        show_text(self._problems, "\n".join(read.problems) if read is not None else "")
        if read is not None:
            self.limits.show_limits(read.limits, sums, self._agent_of)
        self._span.set_whole(usage_texts.span(min(days), today, read.since if read is not None else None))
        self._fit()

    def _show_emptiness(self, read: ReadUsage | None, count: int, *, is_empty: bool) -> None:
        is_known = read is not None and is_empty
        is_first = is_known and read is not None and read.since is None
        text = usage_texts.NOTHING_YET() if is_first else usage_texts.NOTHING_IN_DAYS(days=count)
        show_text(self._nothing, text if is_known else "")
        self._from_now_on.setVisible(is_first)
        self._empty_line.setVisible(is_known)
        self.count.setVisible(not is_first)

    def _show_numbers(self, today: UsageSum, every: UsageSum, count: int) -> None:
        shown = (
            (tokens_words(today, today.tokens), usage_texts.TOKENS_TODAY(n=today.turns)),
            (money_words(today) if today.costs else "", usage_texts.MONEY_TODAY()),
            (tokens_words(every, every.tokens), usage_texts.TOKENS_IN_DAYS(n=every.turns, days=count)),
            (money_words(every) if every.costs else "", usage_texts.MONEY_IN_DAYS(days=count)),
        )
        for number, texts in zip(self._numbers, shown, strict=True):
            number.show_number(*texts)

    def _show_days(self, days: dict[date, list[UsageSum]]) -> None:
        measure = self.measure.key
        bars = bar_days(days, measure, self._agent_of)
        self.bars.show_days(bars, axis(max((each.value for each in bars), default=0.0), measure))
        self.bars.set_chosen(self.day)
        agents = {(piece.hue, piece.agent) for day in bars for piece in day.pieces if piece.value}
        self._legend.show_agents(sorted(agents, key=lambda each: (each[0] < 0, each)))

    def _show_table(self, days: dict[date, list[UsageSum]]) -> None:
        by: By = self.by.key  # type: ignore[assignment]
        sums = self._listed(days)
        most = None if self._lists_all else LISTED
        name = usage_texts.BY[by]()
        if self.day is not None:
            name = f"{name} · {usage_texts.day_name(self.day, max(days))}"
        self.table.show_rows(name, rows(sums, by, self._agent_of, most))
        self._all_days.setVisible(self.day is not None)
        show_text(self._lacks, "\n".join(missing_words(sums, lambda agent: self._agent_of(agent).title)))

    def _copy_csv(self) -> None:
        read = self._read
        if read is None:
            return
        by: By = self.by.key  # type: ignore[assignment]
        days = last_days(read.sums, current_date(), int(self.count.key))
        QGuiApplication.clipboard().setText(as_csv(self._listed(days), by, self._agent_of))
        self._copy.setText(common_texts.COPIED())
        self._copied.start()

    # ------------------------------------------------------------ the tab

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.day is not None:
            self._choose_day(None)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again.start()
        self._want()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()
        self._changed.stop()
