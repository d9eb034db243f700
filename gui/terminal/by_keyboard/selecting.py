"""The mode in which the keyboard moves a caret over the history and the screen, and selects.

The caret is painted as the cursor. A row keeps its number while the history drops older rows; the engine moves the
selection with the text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Final, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from gui.input.latin_keys import latin_letter
from gui.terminal.display import TerminalDisplay
from gui.terminal.input import clipboard
from session_host.terminal.base import Cursor, Emulator, Frame
from session_host.terminal.prompts import Prompt

from . import motions
from .mode import HeldView, Mode
from .motions import GridText, Position

_K = Qt.Key
_NAMED: Final[Mapping[int, str]] = {
    key.value: name
    for key, name in {
        _K.Key_Left: "Left",
        _K.Key_Right: "Right",
        _K.Key_Up: "Up",
        _K.Key_Down: "Down",
        _K.Key_Home: "Home",
        _K.Key_End: "End",
        _K.Key_PageUp: "PgUp",
        _K.Key_PageDown: "PgDown",
        _K.Key_Return: "Enter",
        _K.Key_Enter: "Enter",
        _K.Key_Escape: "Esc",
        _K.Key_Backspace: "Backspace",
        _K.Key_Space: "Space",
    }.items()
}
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_OTHERS = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

# fmt: off
MOTIONS: Final[Mapping[str, str]] = {
    "h": "left", "Left": "left", "Backspace": "left",
    "l": "right", "Right": "right",
    "k": "up", "Up": "up",
    "j": "down", "Down": "down",
    "b": "word_back", "Ctrl+Left": "word_back",
    "w": "word_forward", "Ctrl+Right": "word_forward",
    "e": "word_end",
    "B": "big_word_back", "W": "big_word_forward", "E": "big_word_end",
    "0": "line_start", "Home": "line_start",
    "^": "line_text",
    "$": "line_end", "End": "line_end",
    "{": "paragraph_back", "Ctrl+Up": "paragraph_back",
    "}": "paragraph_forward", "Ctrl+Down": "paragraph_forward",
    "H": "view_top", "M": "view_middle", "L": "view_bottom",
    "PgUp": "page_up", "Ctrl+b": "page_up",
    "PgDown": "page_down", "Ctrl+f": "page_down",
    "Ctrl+u": "half_page_up", "Ctrl+d": "half_page_down",
    "g": "text_start", "Ctrl+Home": "text_start",
    "G": "text_end", "Ctrl+End": "text_end",
    "[": "prompt_back", "]": "prompt_forward",
}
"""The motion of each key; with Shift held, the motions of named keys extend the selection."""

COMMANDS: Final[Mapping[str, str]] = {
    "v": "characters", "Space": "characters",
    "V": "lines",
    "Ctrl+v": "block",
    "o": "other_end",
    "y": "copy", "Enter": "copy", "Ctrl+c": "copy", "Ctrl+Shift+c": "copy",
    "/": "find", "?": "find",
    "Esc": "leave", "q": "leave", "i": "leave", "Ctrl+[": "leave",
}
# fmt: on


def key_name(event: QKeyEvent) -> str:
    """The name of a key event; "" for a modifier, and for keys with Alt or Super."""
    held = event.modifiers()
    if held & _OTHERS:
        return ""
    prefix = "Ctrl+" if held & _CTRL else ""
    name = _NAMED.get(event.key(), "")
    if not name and prefix:
        name = _letter(event)
    if name:
        return f"{prefix}{'Shift+' if held & _SHIFT else ''}{name}"
    return typed(event)


def typed(event: QKeyEvent) -> str:
    """The character that a key types; "" for none.

    On a layout without Latin letters, it is the Latin letter at the key's position.
    """
    text = event.text()
    if len(text) != 1 or not text.isprintable() or text.isspace():
        return ""
    if text.isascii() or not text.isalpha():
        return text
    letter = _letter(event)
    return letter.upper() if text.isupper() else letter or text


def _letter(event: QKeyEvent) -> str:
    """The character of a key without modifiers."""
    if 0x20 < event.key() < 0x7F:
        return chr(event.key()).lower()
    return latin_letter(event.nativeScanCode(), event.nativeVirtualKey())


Kind = Literal["", "characters", "lines", "block"]
_MAX_COUNT_DIGITS = 4
_LAST_COLUMN = sys.maxsize

_BY_TEXT: dict[str, Callable[[GridText, Position], Position]] = {
    "word_forward": motions.word_forward,
    "word_end": motions.word_end,
    "word_back": motions.word_back,
    "big_word_forward": lambda text, position: motions.word_forward(text, position, is_big=True),
    "big_word_end": lambda text, position: motions.word_end(text, position, is_big=True),
    "big_word_back": lambda text, position: motions.word_back(text, position, is_big=True),
    "line_start": motions.line_start,
    "line_text": motions.line_text,
    "line_end": motions.line_end,
    "paragraph_back": motions.paragraph_back,
    "paragraph_forward": motions.paragraph_forward,
    "text_start": lambda text, _position: Position(text.first, 0),
    "text_end": lambda text, _position: motions.text_end(text),
}


FindPrompts = Callable[[Emulator], list[Prompt]]


class KeyboardSelection(Mode):
    """Selecting by keyboard in one view.

    Attributes:
        kind: what is being selected; "" for nothing.
    """

    def __init__(
        self,
        display: TerminalDisplay,
        on_change: Callable[[], None],
        find_prompts: FindPrompts,
        request_find: Callable[[], object],
    ) -> None:
        """Set up the mode; ``request_find`` opens the find bar."""
        super().__init__(display, on_change)
        self._find_prompts = find_prompts
        self._request_find = request_find
        self._caret = Position(0, 0)
        self._anchor = Position(0, 0)
        self._goal_column = 0
        """The column to which motions up and down return."""
        self._count_digits = ""
        """The digits typed before a motion."""
        self._was_scrolled = False
        self._match_is_selected = False
        self.kind: Kind = ""

    @property
    def caret(self) -> Position:
        """The caret's cell; rows are counted from the oldest of the history."""
        dropped = self._view.dropped if self._view is not None else 0
        return Position(self._caret.row - dropped, self._caret.column)

    # ------------------------------------------------------------ entering and leaving

    def enter(self) -> bool:
        """Show the caret, at the program's cursor if that is in view; returns whether the mode is on."""
        emulator = self._display.emulator
        if emulator is None or self.is_on:
            return self.is_on
        emulator.clear_selection()
        view = self._hold(emulator)
        cursor_row = view.dropped + emulator.scrollback_rows + emulator.cursor.row
        if view.top <= cursor_row < view.top + view.rows:
            self._caret = Position(cursor_row, emulator.cursor.column)
        else:
            self._caret = Position(view.top + view.rows - 1, 0)
        self._goal_column = self._caret.column
        self.kind, self._count_digits, self._match_is_selected = "", "", False
        self._display.surface.has_caret = True
        self._on_change()
        self._display.repaint_all()
        return True

    def _forget(self, view: HeldView) -> None:
        self.kind = ""
        self._display.surface.has_caret = False
        if self._display.emulator is view.emulator:  # the previous one may be closed
            view.emulator.clear_selection()

    # ------------------------------------------------------------ keys

    def press(self, event: QKeyEvent) -> None:
        """Handle a key of the mode."""
        view, name = self._view, key_name(event)
        if view is None or not name:
            return
        if len(name) == 1 and name.isdigit() and (self._count_digits or name != "0"):
            self._count_digits = (self._count_digits + name)[:_MAX_COUNT_DIGITS]
            return
        count, self._count_digits = int(self._count_digits or 1), ""
        self._follow(view)
        extends = "Shift+" in name and len(name.rpartition("+")[2]) > 1
        motion = MOTIONS.get(name.replace("Shift+", "") if extends else name)
        command = COMMANDS.get(name)
        if motion is not None:
            self._move(view, motion, count, extends=extends)
        elif command == "leave":
            self.leave()
        elif command == "copy":
            self._copy(view)
        elif command == "find":
            self._request_find()
        elif command == "other_end":
            self._swap(view)
        elif command in {"characters", "lines", "block"}:
            self._choose(view, command)
        self._on_change()

    def _choose(self, view: HeldView, kind: str) -> None:
        """Begin to select, change the kind of the selection, or end it if it is of this kind already."""
        if kind == self.kind:
            self.kind = ""
            view.emulator.clear_selection()
        else:
            if not self.kind:
                self._anchor = self._caret
            self.kind = "characters" if kind == "characters" else "lines" if kind == "lines" else "block"
            self._select_from_anchor(view)
        self._display.request_frame()

    def _copy(self, view: HeldView) -> None:
        if self.kind:
            self._select_from_anchor(view)  # While it is open, the find bar clears the selection.
        text = view.emulator.selected_text()
        clipboard.copy_text(text)
        clipboard.offer_selection(text)
        self.leave()

    def _swap(self, view: HeldView) -> None:
        if self.kind:
            self._anchor, self._caret = self._caret, self._anchor
            self._goal_column = self._caret.column
            view.show(self._caret.row)
            self._select_from_anchor(view)
            self._display.request_frame()

    # ------------------------------------------------------------ moving

    def _move(self, view: HeldView, motion: str, count: int, *, extends: bool) -> None:
        if extends and not self.kind:
            self.kind, self._anchor = "characters", self._caret
            self._select_from_anchor(view)
        elif not self.kind and self._match_is_selected:
            view.emulator.clear_selection()
        self._match_is_selected = False
        text = GridText(view.emulator, view.dropped)
        before = None
        for _ in range(count):
            if self._caret == before:
                break
            before = self._caret
            self._step(view, text, motion)
        view.show(self._caret.row)
        self._extend(view)

    def _step(self, view: HeldView, text: GridText, motion: str) -> None:
        """Move the caret once."""
        caret, is_free, half = self._caret, self.kind == "block", max(view.rows // 2, 1)
        page = max(view.rows - 1, 1)
        by_rows = {"up": -1, "down": 1, "page_up": -page, "page_down": page}
        by_rows |= {"half_page_up": -half, "half_page_down": half}
        in_view = {"view_top": 0, "view_middle": (view.rows - 1) // 2, "view_bottom": view.rows - 1}
        if motion in by_rows:
            if motion not in {"up", "down"}:
                view.scroll_to(view.top + by_rows[motion])
            self._caret = motions.at(text, caret.row + by_rows[motion], self._goal_column, is_free=is_free)
            return
        if motion in in_view:
            self._caret = motions.at(text, view.top + in_view[motion], self._goal_column, is_free=is_free)
            return
        if motion in {"left", "right"}:
            step = motions.left if motion == "left" else motions.right
            self._caret = step(text, caret, is_free=is_free)
        elif motion in {"prompt_back", "prompt_forward"}:
            row = self._prompt_row(view.emulator, caret.row - view.dropped, is_back=motion == "prompt_back")
            self._caret = caret if row is None else Position(row + view.dropped, 0)
        else:
            self._caret = _BY_TEXT[motion](text, caret)
        self._goal_column = _LAST_COLUMN if motion == "line_end" and not is_free else self._caret.column

    def _prompt_row(self, emulator: Emulator, row: int, *, is_back: bool) -> int | None:
        """The row of the prompt above or below a row; rows are counted from the oldest of the history."""
        rows = [prompt.row for prompt in self._find_prompts(emulator)]
        if is_back:
            return max((each for each in rows if each < row), default=None)
        return min((each for each in rows if each > row), default=None)

    def _point(self, view: HeldView, position: Position) -> tuple[int, int]:
        return position.column, position.row - view.top

    def _extend(self, view: HeldView) -> None:
        """Move the selection's head to the caret, which is in view."""
        if self.kind:
            view.emulator.extend_selection(self._point(view, self._caret))
        self._display.request_frame()

    def _select_from_anchor(self, view: HeldView) -> None:
        """Select from the anchor to the caret; the engine takes both as cells of the viewport."""
        top, anchor = view.top, self._anchor
        view.show(anchor.row)
        unit: Literal["cell", "line"] = "line" if self.kind == "lines" else "cell"
        point = self._point(view, anchor)
        view.emulator.select(point, point, unit, rectangle=self.kind == "block")
        if view.top != top:
            view.scroll_to(top)
        view.show(self._caret.row)
        view.emulator.extend_selection(self._point(view, self._caret))

    # ------------------------------------------------------------ the view's side

    def go_to(self, column: int, row: int) -> None:
        """Move the caret to a cell of the viewport, where a match is selected; extend the user's selection to it."""
        view = self._view
        if view is None:
            return
        self._caret = Position(view.top + row, column)
        self._goal_column = column
        self._match_is_selected = not self.kind
        if self.kind:
            self._select_from_anchor(view)

    def before_frame(self) -> None:
        """Keep the view's scroll position."""
        if self._view is not None:
            self._follow(self._view)

    def _follow(self, view: HeldView) -> None:
        """Keep the scroll position although output has arrived; caret and anchor stay on rows that exist."""
        if not view.follow():
            self._renumber(view)
        self._anchor = Position(max(self._anchor.row, view.dropped), self._anchor.column)
        self._caret = Position(max(self._caret.row, view.dropped), self._caret.column)

    def _renumber(self, view: HeldView) -> None:
        """Renumber the rows: keep the caret's position in the view, and clear the selection."""
        row = self._caret.row - view.top
        frame = view.emulator.frame()
        view.emulator.damage_all()
        view.renumber(frame)
        self.kind = ""
        view.emulator.clear_selection()
        row = min(max(row, 0), view.rows - 1)
        self._caret = Position(view.top + row, min(self._caret.column, view.emulator.size.columns - 1))
        self._on_change()

    def keep_caret_in_view(self) -> None:
        """The user scrolled: move the caret into view at the next frame."""
        self._was_scrolled = self.is_on

    def on_scrolled(self) -> None:
        """The view was scrolled: keep the new position from now on."""
        if self._view is not None:
            self._view.on_scrolled()

    def _change_frame(self, emulator: Emulator, frame: Frame) -> Frame:
        """A frame with the caret as its cursor."""
        view = self._view
        if view is None or emulator is not view.emulator:
            return frame
        view.update(frame)
        if self._was_scrolled:
            self._was_scrolled = False
            row = min(max(self._caret.row, view.top), view.top + view.rows - 1)
            if row != self._caret.row:
                self._caret = Position(row, self._caret.column)
                self._extend(view)
        column, row = self._point(view, self._caret)
        is_in_view = 0 <= row < frame.size.rows
        return frame._replace(cursor=Cursor(column, row, visible=True, blinking=False) if is_in_view else None)
