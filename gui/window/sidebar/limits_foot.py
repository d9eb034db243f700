"""The foot of the list: the tightest limit of each account; of the rail, a ring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from gui.bridge.account_limits import LimitsOn
from gui.theme.painting import RING_PX, paint_frame, paint_ring
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.limits import FOOT_LINE_PX, LimitSaid, foot_columns, paint_foot_limit
from gui.wording import usage_texts
from gui.wording.machine_texts import on_machine
from session_host.client.usage import tightest
from session_host.standing.accounts import account_name
from session_host.standing.limits import limit_name, used_percent
from session_host.system.clock import moment_of

_AROUND_PX = 5
_MOST = 4
"""Of more accounts, those with the tightest limits are shown."""


def foot_lines(accounts: Sequence[LimitsOn], title_of: Callable[[str], str], now: datetime) -> list[LimitSaid]:
    """A line for each account, by its name; of a single one, by the limit's name."""
    found: list[LimitSaid] = []
    for machine, account in accounts:
        if (limit := tightest(account.limits)) is None:
            continue
        is_only = len(accounts) == 1
        own = account_name(title_of(account.agent), account.account)
        name = limit_name(limit.window_min, limit.name) if is_only else on_machine(own, machine)
        moment = moment_of(limit.resets_ms) if limit.resets_ms else None
        found.append(LimitSaid(name, used_percent(limit.used), usage_texts.until(moment, now, is_short=True)))
    kept = sorted(found, key=lambda each: -each.percent)[:_MOST]
    return [each for each in found if each in kept]


class LimitsFoot(QAbstractButton):
    """The lines, as one button."""

    def __init__(self, theme: Theme, on_click: Callable[[], object]) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[LimitSaid] = []
        self._is_collapsed = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(lambda _checked: on_click())
        theme.changed.connect(self.update)

    def show_limits(self, accounts: Sequence[LimitsOn], title_of: Callable[[str], str], *, is_collapsed: bool) -> None:
        """Show the limits of accounts; hidden if none says one."""
        self._lines, self._is_collapsed = foot_lines(accounts, title_of, datetime.now(UTC)), is_collapsed
        spoken = [each.spoken for each in self._lines]
        self.setAccessibleName(usage_texts.OPENS_USAGE(lines=", ".join(spoken)))
        set_tooltip(self, "\n".join(spoken))
        count = 1 if is_collapsed else len(self._lines)
        self.setFixedHeight(1 + 2 * _AROUND_PX + FOOT_LINE_PX * max(count, 1))
        self.setVisible(bool(self._lines))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        thin = 1 / self.devicePixelRatioF()
        painter.fillRect(QRectF(0, 0, self.width(), thin), tokens.color("hairline"))
        ground = tokens.color("hover" if self.underMouse() else "sidebar")
        if self.underMouse() or self.hasFocus():
            line = tokens.color("accent") if self.hasFocus() else None
            paint_frame(painter, QRectF(self.rect()).adjusted(4, 4, -4, -3), line, ground)
        if self._is_collapsed and self._lines:
            ring = QRectF(0, 0, RING_PX, RING_PX)
            ring.moveCenter(QRectF(0, 1, self.width(), self.height() - 1).center())
            paint_ring(painter, ring, max(each.percent for each in self._lines), tokens)
        else:
            area = QRect(GAP_M_PX, 1 + _AROUND_PX, self.width() - 2 * GAP_M_PX, FOOT_LINE_PX)
            columns = foot_columns(self._lines, area.width())
            for each in self._lines:
                paint_foot_limit(painter, area, each, columns, tokens, ground)
                area.translate(0, FOOT_LINE_PX)
        painter.end()
