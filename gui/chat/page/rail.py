"""The prompts of a long chat as ticks at the page's right edge: what became of each, and where one is.

The ticks are in order, not by height. *Outline…* lists the same, for the keyboard.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal, NamedTuple

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.theme.painting import paint_frame
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, TEXT_PX, blend, font
from gui.timers import single_shot
from gui.wording import changes_texts, chat_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.untrusted_text import one_line
from session_host.structured.transcript import Changes, is_unconfirmed
from session_host.structured.turns import TurnSpan, took_ms, turn_at

from .page import TranscriptPage
from .painting import BAR_PX, RAIL_PX
from .rows import Rows
from .scrolling import BELOW_PX

_FROM_SCREENS = 3
"""Shorter chats have no rail."""
_STEP_PX, _MIN_STEP_PX = 8, 4
_NARROW_PX = 12
_WIDTHS_PX = {"plain": 8, "asked": 14, "edited": 14, "failed": 10}
_HERE_PX = 24
_SLICE = 400
"""So many items are looked through at once; the window handles events in between."""
_SOON_MS = 500
_FLYOUT_PX = 272
_WRAPPED_PX = 48
"""About as much of a line is left free where a text is wrapped."""
_LINE_CHARACTERS = 400
_EDGE_PX = 40
"""The space above and below the ticks."""

Kind = Literal["plain", "asked", "edited", "failed"]


class Tick(NamedTuple):
    """A prompt: its id, and whether its turn failed, asked the user something, and edited files."""

    key: str
    failed: bool = False
    asked: bool = False
    edited: bool = False

    @property
    def kind(self) -> Kind:
        """The most important of these: failed, then asked, then edited."""
        return "failed" if self.failed else "asked" if self.asked else "edited" if self.edited else "plain"

    def words(self, turn: TurnSpan) -> str:
        """The result of the prompt in words, from its turn; "" for a plain answer."""
        return chat_texts.turn_result(turn.work.files if self.edited else 0, failed=self.failed, asked=self.asked)


class Ticks:
    """The prompts of a transcript, read some items at a time.

    Attributes:
        found: those that were read so far, oldest first.
    """

    def __init__(self, rows: Rows) -> None:
        self.transcript = rows.transcript
        self.found: list[Tick] = []
        self._rows = rows
        self._new: list[Tick] = []
        """Those that are read until now, if not all are; ``found`` are those of before, unless fewer."""
        self._read = 0
        self._numbered: list[Tick] | None = None
        self._numbers: dict[str, int] = {}
        """The numbers of prompts, for the list that they were counted in."""

    def note(self, changes: Changes) -> None:
        """Read the turns of items again that changed with a frame."""
        transcript = self.transcript
        known = (transcript.position(key) for key in changes.items if key in transcript)
        first = 0 if changes.removed else min(known, default=self._read)
        if changes.items or changes.status:
            first = min(first, self._open_from())
        if first < self._read:
            # A prompt may be of the turn above it now.
            while self._new and (
                self._new[-1].key not in transcript or transcript.position(self._new[-1].key) >= first
            ):
                self._new.pop()
            self._read = transcript.position(self._new.pop().key) if self._new else 0

    def _open_from(self) -> int:
        """The position from which on turns may go on, or depend on the state of the chat."""
        known = (self.transcript.position(tick.key) for tick in reversed(self._new) if tick.key in self.transcript)
        return next((at for at in known if not is_unconfirmed(self.transcript[at])), 0)

    def place_of(self, key: str) -> tuple[int, int]:
        """The number of a prompt, from 1, and how many there are; 0 while it, or not all of them, are read."""
        if self._read < self.transcript.queue_start:
            return 0, 0
        if self._numbered is not self.found:
            self._numbered, self._numbers = self.found, {tick.key: at for at, tick in enumerate(self.found, 1)}
        return self._numbers.get(key, 0), len(self.found)

    def read_on(self) -> bool:
        """Read some more items; returns whether there are more."""
        transcript, end = self.transcript, self.transcript.queue_start
        stop = min(self._read + _SLICE, end)
        while self._read < stop:
            turn = turn_at(transcript, self._read)
            if turn.prompts:
                self._new.append(_tick_of(turn))
            self._read = turn.end
        if self._read >= end or len(self._new) >= len(self.found):
            self.found = self._with_questions()
        return self._read < end

    def _with_questions(self) -> list[Tick]:
        """The ticks, and whether their turns asked the user something."""
        transcript, begins = self.transcript, [self.transcript.position(tick.key) for tick in self._new]
        items = (
            request.item if request.item in transcript else self._rows.item_at(request.at_ms)
            for request in transcript.requests.values()
        )
        asked = {bisect_right(begins, transcript.position(item)) - 1 for item in items if item in transcript}
        return [tick._replace(asked=number in asked) for number, tick in enumerate(self._new)]


def _tick_of(turn: TurnSpan) -> Tick:
    facts = turn.facts
    edited = any(item.changes and item.status == "done" for item in turn.items)
    is_edited = edited if facts.work is None else facts.work.files > 0  # Lines are counted where they are shown.
    return Tick(facts.prompt, failed=facts.outcome in {"error", "limit"}, edited=is_edited)


class PromptRail(QWidget):
    """The rail; hidden in short chats. It takes no keyboard focus.

    Attributes:
        ticks: the prompts.

    Signals:
        read(): there are other prompts.
    """

    read = Signal()

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self.ticks = Ticks(page.rows)
        self._hovered = ""
        self._here = ""
        self._flyout = _Flyout(page)
        self._timer = single_shot(self)
        self._timer.timeout.connect(self._read)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # Not painted anew when the page is scrolled.
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        page.scroller.arranged.connect(self._arrange)
        page.scroller.framed.connect(self._on_frame)
        page.scroller.scrolled.connect(self._flyout.hide)
        page.restyled.connect(self.update)
        self.hide()

    # ------------------------------------------------------------ content

    def _on_frame(self) -> None:
        if self.ticks.transcript is not self._page.transcript:
            self.ticks = Ticks(self._page.rows)
            self._timer.start(0)
            return
        self.ticks.note(self._page.rows.changes)
        if not self._timer.isActive():
            self._timer.start(_SOON_MS)

    def _read(self) -> None:
        before = self.ticks.found[-_SLICE:]
        if self.ticks.read_on():
            self._timer.start(0)
        if before != self.ticks.found[-_SLICE:]:
            self._arrange()
            self.update()
            self.read.emit()

    def _is_long(self) -> bool:
        page = self._page
        return page.grows and page.scroller.bar.maximum() > (_FROM_SCREENS - 1) * page.height()

    # ------------------------------------------------------------ arranging

    def _arrange(self) -> None:
        page = self._page
        if not self._is_long() or not self.ticks.found:
            self.hide()
            self._flyout.hide()
            return
        width = RAIL_PX if page.has_wide_rail else _NARROW_PX
        self.setGeometry(page.width() - BAR_PX - width, 0, width, page.height() - BELOW_PX)
        if (here := self.prompt_in_view()) != self._here:
            self._here = here
            self.update()
        self.show()

    def prompt_in_view(self) -> str:
        """The prompt that is named as the one that the user reads; "" for none."""
        turn = self._page.scroller.turn_here()
        return turn.prompts[0].id if turn is not None else ""

    def _step_px(self) -> float:
        room = self.height() - 2 * _EDGE_PX
        return min(_STEP_PX, max(room / max(len(self.ticks.found), 1), _MIN_STEP_PX))

    def placed(self) -> list[tuple[Tick, float]]:
        """The ticks that are drawn, with the heights of their middles: of very many, not every plain one."""
        found, step, room = self.ticks.found, self._step_px(), max(self.height() - 2 * _EDGE_PX, 1)
        fits = max(int(room / step), 1)
        every = -(-len(found) // fits)
        if every > 1:
            step = room / len(found)
        top = (self.height() - step * len(found)) / 2
        last = -float(_MIN_STEP_PX)
        shown: list[tuple[Tick, float]] = []
        for number, tick in enumerate(found):
            y = top + step * (number + 0.5)
            is_needed = tick.key in {self._here, self._hovered} or tick.kind != "plain"
            if number % every == 0 or (is_needed and y - last >= 2) or tick.key == self._here:
                shown.append((tick, y))
                last = y
            elif is_needed and shown[-1][0].kind == "plain":
                shown[-1] = (tick, y)
        return shown

    def tick_at(self, y: float) -> tuple[Tick, float] | None:
        """The tick that is nearest to a height, and its middle; None if none is near."""
        nearest = min(self.placed(), key=lambda each: abs(each[1] - y), default=None)
        return nearest if nearest is not None and abs(nearest[1] - y) <= _STEP_PX else None

    # ------------------------------------------------------------ painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        style = self._page.style_
        tokens = style.tokens
        colors = {
            "plain": blend(tokens.secondary, tokens.page, 0.65),
            "asked": style.color("needs_you_fill"),
            "edited": style.color("fine"),
            "failed": style.color("failed"),
        }
        painter = QPainter(self)
        painter.fillRect(self.rect(), style.color("page"))
        share = min(self.width() / RAIL_PX, 1.0)
        for tick, y in self.placed():
            is_here = tick.key == self._here
            px = round((_HERE_PX if is_here else _WIDTHS_PX[tick.kind]) * share)
            color = style.text if is_here else colors[tick.kind]
            if tick.key == self._hovered:
                px, color = round(_HERE_PX * share), style.text
            self._paint_tick(painter, tick.kind, QRectF(self.width() - px - 2, round(y) - 1, px, 2), color)
        painter.end()

    def _paint_tick(self, painter: QPainter, kind: Kind, area: QRectF, color: QColor) -> None:
        painter.fillRect(area, color)
        if kind == "asked":  # Told apart also without colours: in two pieces, or with a square.
            painter.fillRect(
                QRectF(area.center().x() - 1, area.top(), 2, area.height()), self._page.style_.color("page")
            )
        elif kind == "failed":
            painter.fillRect(QRectF(area.left(), area.top() - 1, 4, 4), color)

    # ------------------------------------------------------------ the mouse

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.tick_at(event.position().y())
        key = found[0].key if found is not None else ""
        if key != self._hovered:
            self._hovered = key
            self.update()
            self._show_flyout(found)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.tick_at(event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self._page.scroller.go_to_prompt(found[0].key)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = ""
        self._flyout.hide()
        self.update()

    def _show_flyout(self, found: tuple[Tick, float] | None) -> None:
        page = self._page
        position = page.rows.position(found[0].key) if found is not None else None
        if found is None or position is None:
            self._flyout.hide()
            return
        self._flyout.show_turn(found[0], turn_at(page.transcript, position))
        height = self._flyout.height()
        top = min(max(round(found[1]) - height // 2, page.covered_px + 4), page.height() - height - 4)
        self._flyout.move(max(self.x() - _FLYOUT_PX - GAP_S_PX, 4), top)
        self._flyout.raise_()
        self._flyout.show()


class _Flyout(QWidget):
    """The prompt of a tick, and what its turn did."""

    def __init__(self, page: TranscriptPage) -> None:
        super().__init__(page)
        self._page = page
        self._text = ""
        self._facts = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_turn(self, tick: Tick, turn: TurnSpan) -> None:
        """Show a prompt and its turn."""
        prompt = turn.prompts[0]
        self._text = one_line(prompt.text[:_LINE_CHARACTERS]).strip() or chat_texts.PROMPT_WITHOUT_TEXT()
        time = chat_texts.time_of(prompt.at_ms) if prompt.at_ms else ""
        lines = changes_texts.changed_lines(turn.work.added, turn.work.removed)
        self._facts = chat_texts.joined(tick.words(turn), lines, time, told_duration(took_ms(turn.facts)))
        metrics = QFontMetrics(font(TEXT_PX, bold=True))
        room = _FLYOUT_PX - 2 * GAP_M_PX
        lines_of_text = 2 if metrics.horizontalAdvance(self._text) > room else 1
        height = lines_of_text * metrics.lineSpacing() + self.fontMetrics().lineSpacing() + 2 * GAP_M_PX + 4
        self.resize(_FLYOUT_PX, height)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._page.style_.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_frame(painter, QRectF(self.rect()), tokens.color("border"), tokens.color("raised"), radius_px=8)
        inside = self.rect().adjusted(GAP_M_PX, GAP_M_PX, -GAP_M_PX, -GAP_M_PX)
        painter.setFont(font(TEXT_PX, bold=True))
        metrics = painter.fontMetrics()
        painter.setPen(tokens.color("text"))
        facts_px = painter.fontMetrics().lineSpacing() + 2
        area = QRect(inside.topLeft(), QPoint(inside.right(), inside.bottom() - facts_px))
        count = max(area.height() // metrics.lineSpacing(), 1)
        room = count * area.width() - (count - 1) * _WRAPPED_PX
        text = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop, text)
        painter.setFont(font(SECONDARY_PX))
        painter.setPen(tokens.color("secondary"))
        facts = painter.fontMetrics().elidedText(self._facts, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, facts)
        painter.end()
