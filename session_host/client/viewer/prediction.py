"""Predicts what a typed character will look like, so that a distant machine feels near. Pure; times are arguments.

A prediction is the text of one cell, or the cursor's place. It is judged by the replica: the host acknowledges an input
when the program has it, and the program's answer follows in the same stream. What is not there a little later was
predicted wrong.

Nothing is shown before the program has echoed a letter or digit where it was expected, and after each key of unknown
effect (Enter, Escape, a paste) that has to be seen again: so a password is never shown. Predictions stay in one row,
and Backspace, Left and Right in what was typed there. After a wrong one everything is dropped; each one that the user
saw doubles the number of echoes that must be seen first.

The ideas are those of mosh (Winstein and Balakrishnan, "Mosh: An Interactive Remote Shell for Mobile Clients", 2012).
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from session_host.protocol.messages import Focus, Input, Key, Typed
from session_host.protocol.values import MODIFIER_KEYS, GridSize, KeyAction, Modifiers
from session_host.terminal.base import Cursor
from session_host.terminal.rows import PLAIN, Row, Run, Underline

SLOW_S, FAST_S = 0.03, 0.02
"""Predictions are shown from the first round trip on, and no more from the second one."""

ANSWER_S, BUSY_ANSWER_S = 0.1, 0.3
"""The time in which a program answers an input that it has; half a round trip if that is longer.

While its echoes are where they were predicted, it gets the second one: an agent at work is slow to draw its input line.
"""

MAX_NEEDED_ECHOES = 8
FORGIVING_ECHOES = 16
"""So many right predictions make up for half of the echoes that wrong ones demand."""

MAX_TEXT = 16
"""A longer text was not typed by hand."""

BACKSPACE, LEFT, RIGHT = "\b", "\x1b[D", "\x1b[C"
"""Edits; any other edit is the character that is typed."""

_LOCKS = Modifiers.CAPS_LOCK | Modifiers.NUM_LOCK
_EDIT_KEYS = {"Backspace": BACKSPACE, "ArrowLeft": LEFT, "ArrowRight": RIGHT}


_BLANK = Row((), wrapped=False)


class Screen(NamedTuple):
    """The replica's active screen, as painted last."""

    size: GridSize
    cursor: Cursor
    rows: Mapping[int, Row]


class Overlay(NamedTuple):
    """Predictions to show over one row."""

    row: int
    cells: dict[int, str]
    """The texts of the predicted cells by column."""
    cursor: int | None
    """The predicted cursor's column; None if the cursor is where the replica has it."""

    def over(self, row: Row) -> Row:
        """The row with the predicted cells, underlined, in the style of the text before them."""
        cells = {
            part.column: part
            for run in row.runs
            for part in _parts(run)
            if part.cells == 1 or self.cells.keys().isdisjoint(range(part.column, part.column + part.cells))
        }
        for column in sorted(self.cells):
            text = self.cells[column]
            before = cells.get(column - 1)
            style = (before.style if before is not None else PLAIN)._replace(link="")
            underline = Underline.NONE if text == " " else Underline.SINGLE
            cells[column] = Run(column, 1, text, style._replace(underline=underline), len(text) > 1)
        return row._replace(runs=tuple(cells[column] for column in sorted(cells)))


class _Cell:
    """A predicted cell.

    Attributes:
        text: its text.
        sequence: the input after which it has this text.
        is_typed: whether the text was typed, rather than moved here by an edit before it.
        previous: the cell's texts before, which are no evidence of an echo.
    """

    __slots__ = ("is_typed", "previous", "sequence", "text")

    def __init__(self, text: str, sequence: int, previous: set[str], *, is_typed: bool) -> None:
        self.text, self.sequence, self.previous, self.is_typed = text, sequence, previous, is_typed

    @property
    def is_evidence(self) -> bool:
        """Whether an echo of it shows that the program echoes what is typed; asterisks do not."""
        return self.is_typed and self.text.isalnum() and self.text not in self.previous


class Predictions:
    """The predictions of one viewer."""

    def __init__(self) -> None:
        self._cells: dict[int, _Cell] = {}
        self._edits: list[tuple[int, str]] = []
        """The inputs that the replica does not show yet, oldest first, each with an edit."""
        self._row = self._begin = self._end = 0
        """The row of the typed text, its first column, and the column after its last one."""
        self._cursor: int | None = None
        """The column of the predicted cursor; None before the first prediction of an epoch."""
        self._size: GridSize | None = None
        self._barrier = 0
        """The last input of unknown effect; 0 if it is answered. No cell is predicted before."""
        self._unanswered: deque[tuple[int, float]] = deque()
        self._acknowledgements: deque[tuple[int, float]] = deque()
        self._acknowledged = self._answered = 0
        self._round_trips: deque[float] = deque(maxlen=9)
        self._is_slow = False
        self._echoes = self._all_echoes = 0
        self._needed_echoes = 1

    # ------------------------------------------------------------ events

    def typed(self, message: Input, screen: Screen | None, now_s: float) -> None:
        """The user typed something; ``screen``: None if it is not shown."""
        if screen is not None:
            self._see_size(screen.size)
        self._unanswered.append((message.sequence, now_s))
        edits = _edits(message)
        if edits == ():
            return
        if screen is None:
            self._edits.clear()
            self._barrier = message.sequence
            return
        for edit in edits or [""]:
            self._edit(message.sequence, edit, screen)

    def acknowledged(self, sequence: int, now_s: float) -> None:
        """The program has all inputs up to this one."""
        if sequence <= self._acknowledged:
            return
        self._acknowledged = sequence
        self._acknowledgements.append((sequence, now_s))
        while self._unanswered and self._unanswered[0][0] <= sequence:
            typed_s = self._unanswered.popleft()[1]
            if not self._unanswered or self._unanswered[0][0] > sequence:
                self._round_trips.append(now_s - typed_s)

    def drop(self) -> None:
        """The screen or the input is another one: nothing is known. Inputs are numbered anew after another attach."""
        self._forget()
        self._edits.clear()
        self._unanswered.clear()
        self._acknowledgements.clear()
        self._barrier = self._acknowledged = self._answered = 0

    # ------------------------------------------------------------ the overlay

    @property
    def is_pending(self) -> bool:
        """Whether a prediction has still to be judged."""
        return bool(self._cells or self._edits or self._barrier)

    @property
    def due_s(self) -> float | None:
        """The time by which the program has answered, to judge again then; None if nothing waits for an answer."""
        return self._acknowledgements[0][1] + self._answer_s if self.is_pending and self._acknowledgements else None

    def overlay(self, screen: Screen, now_s: float) -> Overlay | None:
        """Judge the predictions by the screen; returns those to show."""
        self._judge(screen, now_s)
        waited_s = now_s - self._unanswered[0][1] if self._unanswered else 0.0
        round_trip_s = max(self._round_trip_s, waited_s)
        if round_trip_s > SLOW_S or (round_trip_s < FAST_S and not self.is_pending):
            self._is_slow = round_trip_s > SLOW_S
        is_here = screen.cursor.row == self._row  # Else output above has moved the input line.
        if not (self._is_slow and self._is_proven and is_here and (self._cells or self._edits)):
            return None
        cells = {column: cell.text for column, cell in self._cells.items()}
        return Overlay(self._row, cells, self._cursor)

    @property
    def _answer_s(self) -> float:
        return max(BUSY_ANSWER_S if self._is_proven else ANSWER_S, self._round_trip_s / 2)

    @property
    def _round_trip_s(self) -> float:
        """The median of the last round trips."""
        return sorted(self._round_trips)[len(self._round_trips) // 2] if self._round_trips else 0.0

    @property
    def _is_proven(self) -> bool:
        return self._echoes >= self._needed_echoes

    # ------------------------------------------------------------ judging

    def _judge(self, screen: Screen, now_s: float) -> None:
        self._see_size(screen.size)
        while self._acknowledgements and self._acknowledgements[0][1] + self._answer_s <= now_s:
            self._answered = self._acknowledgements.popleft()[0]
        if self._barrier and self._acknowledged >= self._barrier:
            self._forget()
            if self._answered >= self._barrier:
                self._barrier = 0
                self._predict_again(screen)
        elif not self._judge_cells(screen):
            if self._is_proven and screen.cursor.row == self._row:
                self._needed_echoes = min(2 * self._needed_echoes, MAX_NEEDED_ECHOES)
            self._forget()
            self._predict_again(screen)
        elif not self._barrier:
            self._judge_cursor(screen)

    def _see_size(self, size: GridSize) -> None:
        """Drop what was predicted for another size."""
        if size != self._size:
            self._size = size
            self._barrier = self._unanswered[-1][0] if self.is_pending and self._unanswered else 0
            self._forget()
            self._edits.clear()

    def _judge_cells(self, screen: Screen) -> bool:
        """Drop the confirmed cells; returns whether no cell is wrong."""
        if not self._cells:
            return True
        line = _texts(screen.rows.get(self._row, _BLANK), screen.size.columns)
        is_in_order = True
        for column, cell in sorted(self._cells.items(), key=lambda item: item[1].sequence):
            if cell.sequence > self._acknowledged:
                break
            if line[column] == cell.text:
                del self._cells[column]
                if cell.is_evidence and is_in_order:
                    self._count_echo()
            elif cell.sequence <= self._answered:
                if cell.is_typed:
                    return False
                del self._cells[column]
            else:
                is_in_order = False
        return True

    def _judge_cursor(self, screen: Screen) -> None:
        """Forget the inputs that the screen shows."""
        is_last = self._is_cursor_at(screen) and bool(self._edits) and self._edits[-1][0] <= self._acknowledged
        shown = self._acknowledged if is_last else self._answered
        self._edits = [each for each in self._edits if each[0] > shown]

    def _is_cursor_at(self, screen: Screen) -> bool:
        """Whether the replica's cursor is at the predicted place."""
        return (screen.cursor.row, screen.cursor.column) == (self._row, self._cursor)

    def _count_echo(self) -> None:
        self._echoes += 1
        self._all_echoes += 1
        if self._all_echoes % FORGIVING_ECHOES == 0:
            self._needed_echoes = max(1, self._needed_echoes // 2)

    def _forget(self) -> None:
        """Begin an epoch: the next prediction begins where the replica's cursor is then."""
        self._cells.clear()
        self._cursor = None
        self._echoes = 0

    def _predict_again(self, screen: Screen) -> None:
        """Predict the inputs that the program does not have yet, from where the cursor is."""
        edits = [each for each in self._edits if each[0] > self._acknowledged]
        self._edits = []
        for sequence, edit in edits:
            self._edit(sequence, edit, screen)

    # ------------------------------------------------------------ predicting

    def _edit(self, sequence: int, edit: str, screen: Screen) -> None:
        """Predict an edit; "" for an input of unknown effect."""
        if self._barrier and edit:
            self._edits.append((sequence, edit))
            return
        if edit and not self._edits and not self._is_cursor_at(screen):
            self._forget()
            self._row, self._cursor = screen.cursor.row, screen.cursor.column
            self._begin = self._end = self._cursor
        if edit and self._is_predicted(sequence, edit, screen):
            self._edits.append((sequence, edit))
        else:
            self._edits.clear()
            self._barrier = sequence

    def _is_predicted(self, sequence: int, edit: str, screen: Screen) -> bool:
        assert self._cursor is not None
        column, columns = self._cursor, screen.size.columns
        if edit in (BACKSPACE, LEFT) and column <= self._begin:
            return False
        if edit == LEFT:
            self._cursor -= 1
        elif edit == RIGHT:
            if column >= self._end:
                return False
            self._cursor += 1
        else:
            line = _texts(screen.rows.get(self._row, _BLANK), columns)
            for at, cell in self._cells.items():
                line[at] = cell.text
            if "" in line[self._begin : self._end + 2]:
                return False  # A wide character: what is typed over its half is the program's matter.
            after = line[column : self._end]
            if edit == BACKSPACE:
                self._place(column - 1, [*after, " "], sequence, screen, typed=0)
                self._cursor -= 1
                self._end -= 1
            elif _is_narrow(edit) and self._end < columns - 1:
                self._place(column, [edit, *after], sequence, screen, typed=1)
                self._cursor += 1
                self._end += 1
            else:
                return False
        return True

    def _place(self, column: int, texts: list[str], sequence: int, screen: Screen, *, typed: int) -> None:
        """Predict neighbouring cells, of which so many were typed."""
        line = _texts(screen.rows.get(self._row, _BLANK), screen.size.columns)
        for at, text in enumerate(texts, column):
            before = self._cells.get(at)
            previous = {line[at]} if before is None else {line[at], before.text, *before.previous}
            is_typed = at < column + typed or (before is not None and before.is_typed and before.text == text)
            self._cells[at] = _Cell(text, sequence, previous, is_typed=is_typed)


def _edits(message: Input) -> tuple[str, ...] | None:
    """The edits of an input: none for one without an effect, None for one of unknown effect."""
    match message:
        case Focus():
            return ()
        case Key(key=key, action=action) if key in MODIFIER_KEYS or action is KeyAction.RELEASE:
            return ()
        case Key(key=key, text=text, modifiers=modifiers):
            held = modifiers & ~_LOCKS
            if not held and key in _EDIT_KEYS:
                return (_EDIT_KEYS[key],)
            if not held & ~Modifiers.SHIFT and len(text) == 1 and text.isprintable():
                return (text,)
        case Typed(text=text) if text.isprintable() and 0 < len(text) <= MAX_TEXT:
            return tuple(text)
    return None


def _is_narrow(text: str) -> bool:
    """Whether a character takes a cell of its own, and one only, in every terminal."""
    return (
        len(text) == 1
        and text.isprintable()
        and unicodedata.category(text)[0] != "M"
        and unicodedata.east_asian_width(text) not in "WF"
    )


def _texts(row: Row, columns: int) -> list[str]:
    """The text of each cell; "" for both halves of a wide character."""
    texts = [" "] * columns
    for run in row.runs:
        for at, part in enumerate(_parts(run), run.column):
            if part.cells == 1:
                texts[at] = part.text
            else:
                texts[at : at + part.cells] = [""] * part.cells
    return texts[:columns]


def _parts(run: Run) -> list[Run]:
    """The cells of a run; a cluster is not divided."""
    if run.cluster:
        return [run]
    return [run._replace(column=at, cells=1, text=text) for at, text in enumerate(run.text, run.column)]
