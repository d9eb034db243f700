"""A distant terminal's screen with predictions over it; they are judged by what the program has shown in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from session_host.protocol.messages import Input
from session_host.system.event_loop import Timer
from session_host.terminal.base import Frame
from session_host.terminal.rows import Row

from .prediction import Predictions, Screen


class PredictedScreen:
    """The frames of a replica, with predictions over them."""

    def __init__(self, on_damage: Callable[[], None]) -> None:
        """``on_damage`` is called when the predictions are to be painted again."""
        self._on_damage = on_damage
        self._predictions = Predictions()
        self._timer = Timer()
        self._screen: Screen | None = None
        """The shown screen, without the predictions; None while it is scrolled back, or has no cursor."""
        self._rows: dict[int, Row] = {}
        self._predicted_row = -1

    def over(self, frame: Frame) -> Frame:
        """The frame with the predictions, and without those of the frame before."""
        rows = self._rows
        if frame.full:
            rows.clear()
        rows.update(frame.rows)
        self._screen = screen = None
        if not frame.scroll_offset and frame.cursor is not None:
            self._screen = screen = Screen(frame.size, frame.cursor, rows)
        changed = dict(frame.rows)
        if self._predicted_row in rows:
            changed.setdefault(self._predicted_row, rows[self._predicted_row])
        self._predicted_row = -1
        if screen is None or not self._predictions.is_pending:
            return frame._replace(rows=changed)
        now_s = asyncio.get_running_loop().time()
        overlay = self._predictions.overlay(screen, now_s)
        self._judge_when_due(now_s)
        cursor = screen.cursor
        if overlay is not None and overlay.row in rows:
            self._predicted_row = overlay.row
            changed[overlay.row] = overlay.over(rows[overlay.row])
            if overlay.cursor is not None:
                cursor = cursor._replace(row=overlay.row, column=overlay.cursor)
        return frame._replace(rows=changed, cursor=cursor)

    def typed(self, message: Input) -> None:
        """Predict an input; once it is sent, ``repaint``."""
        self._predictions.typed(message, self._screen, asyncio.get_running_loop().time())

    def repaint(self) -> None:
        """Have the predictions painted, if there are any."""
        if self._predictions.is_pending:
            self._on_damage()

    def acknowledged(self, sequence: int) -> None:
        """The program has all inputs up to this one."""
        now_s = asyncio.get_running_loop().time()
        self._predictions.acknowledged(sequence, now_s)
        self._judge_when_due(now_s)

    def drop(self) -> None:
        """Forget all predictions."""
        self._predictions.drop()
        self._screen = None

    def close(self) -> None:
        """Have nothing painted any more."""
        self._timer.cancel()

    def _judge_when_due(self, now_s: float) -> None:
        """Have the predictions painted again once the program has had the time to answer."""
        if (due_s := self._predictions.due_s) is not None:
            self._timer.set(max(due_s - now_s, 0.001), self._on_damage)
