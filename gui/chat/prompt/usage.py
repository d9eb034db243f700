"""The used share of the model's context, and the limit of the user's subscription that is nearly reached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.theme.controls import PlainLabel
from gui.theme.tooltips import show_tooltip
from gui.wording import chat_texts
from gui.wording.chat_texts import used_percent
from session_host.structured.items import UsageChanged, UsageLimit

SHOWN_FROM_PERCENT: Final = 75
WARNS_FROM_PERCENT: Final = 90
WARNING: Final = 2
"""The level from which the user is warned."""
_CHECK_MS: Final = 60_000
"""How often the clock is compared with the limits' ends. A timer for the end itself would come late after the computer
has slept, or if the clock is set."""
_GAP_PX: Final = 12


class UsageLabels(QWidget):
    """The fullest limit, once most of it is used, and the used context; the tooltip has all that the agent reports.

    Signals:
        resized(): the width of a text has changed.
    """

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._usage: UsageChanged | None = None
        self.limit = PlainLabel()
        self.context = PlainLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP_PX)
        for label in (self.limit, self.context):
            label.setProperty("kind", "secondary")
            label.hide()
            row.addWidget(label)
        self._clock = QTimer(self, interval=_CHECK_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._clock.timeout.connect(self._show_all)

    def show_usage(self, usage: UsageChanged | None) -> None:
        """Show this report."""
        if usage != self._usage:
            self._usage = usage
            self._show_all()

    def fit(self, room_px: int) -> int:
        """Show the texts that have room, the limit first; returns their width with gaps, in pixels."""
        taken_px = 0
        for label in (self.limit, self.context):
            needed_px = label.sizeHint().width() + _GAP_PX
            fits = bool(label.text()) and taken_px + needed_px <= room_px
            label.setVisible(fits)
            taken_px += needed_px if fits else 0
        return taken_px

    def _show_all(self) -> None:
        now = present()
        shown = current_limits(self._usage, now)
        level = limit_level(shown)
        context, tips = _context(self._usage)
        tips += chat_texts.all_limits_used(shown, now)
        kind = "warning" if level >= WARNING else "secondary"
        if kind != self.limit.property("kind"):
            self.limit.setProperty("kind", kind)
            self.limit.style().unpolish(self.limit)
            self.limit.style().polish(self.limit)
        texts = chat_texts.limit_used(shown[0], now) if level else "", context
        if texts != (self.limit.text(), self.context.text()):
            self.limit.setText(texts[0])
            self.context.setText(texts[1])
            self.resized.emit()
        self.setAccessibleDescription("\n".join(tips))
        self._follow_clock()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_all()
            show_tooltip(event, self.accessibleDescription(), self)
            return True
        return super().event(event)

    def _follow_clock(self) -> None:
        """Look at the clock while somebody can see a limit."""
        if not (self.isVisible() and self.limit.text()):
            self._clock.stop()
        elif not self._clock.isActive():
            self._clock.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_all()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()


def _context(usage: UsageChanged | None) -> tuple[str, list[str]]:
    """The text of the used context, and what the tooltip says about tokens and cost."""
    text = ""
    tips: list[str] = []
    if usage is None:
        return text, tips
    if usage.used and usage.window:
        text = chat_texts.CONTEXT_USED(percent=min(round(100 * usage.used / usage.window), 100))
        tips.append(chat_texts.TOKENS_OF(used=usage.used, window=usage.window))
    elif usage.total or usage.used:
        text = chat_texts.TOKENS_USED(n=usage.total or usage.used)
    if usage.total and tips:
        tips.append(chat_texts.TOKENS_OF_ALL_TURNS(n=usage.total))
    if usage.cost:
        tips.append(chat_texts.cost(usage.cost, usage.currency))
    return text, tips


def present() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def current_limits(usage: UsageChanged | None, moment: datetime) -> list[UsageLimit]:
    """The limits that were not reset since they were reported, the fullest first; of equal ones, the longest."""
    now_ms = moment.timestamp() * 1000
    limits = [] if usage is None else [limit for limit in usage.limits if _is_current(limit, now_ms)]
    return sorted(limits, key=lambda limit: (-limit.used, -limit.window_min))


def limit_level(limits: list[UsageLimit]) -> int:
    """How the first limit is shown: 0 not at all, 1 its value, 2 as a warning, 3 as reached."""
    used = used_percent(limits[0]) if limits else 0
    return sum(used >= each for each in (SHOWN_FROM_PERCENT, WARNS_FROM_PERCENT, 100))


def _is_current(limit: UsageLimit, now_ms: float) -> bool:
    ends_ms = limit.resets_ms or (limit.at_ms + limit.window_min * 60_000 if limit.window_min else 0)
    return not ends_ms or now_ms < ends_ms
