"""A shell's prompts and outputs, found by the marks that it writes around them (OSC 133).

A: a prompt begins; B: the user's input begins; C: the command runs, and its output begins; D: the command has ended.

An engine says which row the cursor is in, as a ``RowMark`` that follows its content, and where the row is later. Rows
are enough: shells begin each prompt and each output on a row of its own.

A shell draws a prompt again after ``clear``, or when its window changes: so a prompt ends all marks at its row and
below it, which are older and were overwritten. Rows that the program erases belong to no prompt and no output any more.

Source: https://gitlab.freedesktop.org/Per_Bothner/specifications/blob/master/proposals/semantic-prompts.md
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from session_host.protocol.untrusted_text import plain

from .commands import MAX_INPUTS, CommandLog, Inputs, inputs_in, lasting, options_in, written_inputs
from .events import CommandBegan, CommandEnded

REDRAWS: Final = "redraws"
"""Our own option of a prompt's mark: after a change of the width, the shell draws the prompt again, with the input. The
value is "all" for the whole prompt, "last" for its last line; in a replay, "+" and the number of rows that stay. For
kitty's option "redraw", libghostty-vt erases only the cursor's row, and also rows that are not drawn again."""

_OF_FISH: Final = ({"special_key": "1"}, {"click_events": "1"})
"""The options of the marks that fish writes itself: 4.0, and 4.1 and later. It draws the whole prompt again."""

LAST_ROW: Final = -1
"""The rows that stay are those above the input, which has not begun."""


def kept_rows(options: Mapping[str, str]) -> int | None:
    """The first rows that the shell does not draw again; None if it draws no row."""
    redraws = options.get(REDRAWS, "all" if options in _OF_FISH else "")
    is_count = redraws[:1] == "+" and redraws[1:].isdecimal()
    return int(redraws[1:]) if is_count else {"all": 0, "last": LAST_ROW}.get(redraws)


TURN: Final = "P;k=i;turn"
"""The mark of an agent's turn: not the agent, but its host and its viewers make it."""

COUNT: Final = "Z"
"""The kind of a replay's own mark, which has the count of commands; terminals ignore it."""

MAX_READ_CHARACTERS: Final = 64
"""The characters of a mark that are read; of one that begins a command, all are read: it may have the command line."""

MAX_PROMPTS: Final = 1000
"""Prompts that are kept; a reflow of the grid looks at each mark for each row."""

MAX_ID_CHARACTERS: Final = 32
_KINDS: Final = frozenset({"A", "N", "P", "B", "C", "D", COUNT})
_OTHER_PROMPTS: Final = ("s", "c", "r")
"""Values of ``k``: a secondary prompt, a continued line, a prompt at the right."""


_EXIT_CODE: Final = re.compile("-?[0-9]{1,10}", re.ASCII)
_MAX_CODE: Final = 2**31


def exit_code_of(options: list[str]) -> int | None:
    """The exit code in the options of a D mark; None if it has none."""
    code = int(options[0]) if options and _EXIT_CODE.fullmatch(options[0]) else None
    return code if code is not None and -_MAX_CODE <= code < _MAX_CODE else None


class RowMark(Protocol):
    """A row that is found again after output has moved it."""

    def row_number(self) -> int | None:
        """The row's number, 0 for the oldest of the history; None if the row is gone.

        A resize or a change of screens may end the mark.
        """


class PromptRow(RowMark, Protocol):
    """The mark of a prompt's row."""

    def is_erased(self) -> bool:
        """Whether another row has taken the place of the prompt's."""


Mark = TypeVar("Mark", bound=PromptRow)


class Prompt(NamedTuple):
    """One prompt and the command that was run there; rows count from the oldest of the history."""

    row: int
    """The prompt's first row; that of the output if the prompt's row was erased or not marked."""
    output: int | None
    """The first row of the command's output; None as long as none was run."""
    end: int | None
    """The row after the output; None while the command runs."""
    exit_code: int | None = None
    """None if it is not known."""
    turn: bool = False
    """Whether it is the beginning of an agent's turn, near the user's prompt; it has no output."""
    number: int = 0
    """The command's number, see ``CommandLog``; 0 for none."""
    inputs: Inputs = ()
    """Where each line of the input begins, while the prompt waits: rows below ``row``, and the column."""


class TurnPosition(NamedTuple):
    """A position among an agent's turns."""

    later: int
    """Turns that begin below it."""
    text: str
    """The rows around the beginning of its turn, where the user's prompt is."""


class SavedPrompt(NamedTuple):
    """A prompt in a snapshot."""

    row: int
    output: int | None
    end: int | None
    exit_code: int | None
    shell: str
    partial: bool = False
    """Whether the output ends within the row ``end``."""
    turn: bool = False
    number: int = 0
    inputs: Inputs = ()


class _Marked(Generic[Mark]):
    """A prompt's marks."""

    # fmt: off
    __slots__ = (
        "end", "erased", "exit_code", "inputs", "kept_rows", "number", "output", "partial", "row", "shell", "turn",
    )
    # fmt: on

    def __init__(self, row: Mark, shell: str, *, turn: bool = False) -> None:
        self.row = row
        self.output: Mark | None = None
        self.end: Mark | None = None
        self.exit_code: int | None = None
        self.shell = shell
        self.turn = turn
        self.number = 0
        self.inputs: Inputs = ()
        """Where the input begins, until the command runs; see ``Inputs``."""
        self.erased = False
        """Whether it was erased while it waited, so that its shell draws it again."""
        self.partial = False
        """Whether the output ends within the row of ``end``."""
        self.kept_rows: int | None = None
        """The first rows that the shell does not draw again after a change of the width; None if it draws no row."""


class PromptMarks(Generic[Mark]):
    """The prompts of one terminal's primary screen, oldest first.

    Attributes:
        commands: the texts and times of the commands.
    """

    def __init__(self) -> None:
        self.commands = CommandLog()
        self._is_continued = False
        """Whether the last prompt was a secondary one, before a further line of the input."""
        self._marked: list[_Marked[Mark]] = []
        self._running: list[_Marked[Mark]] = []
        """Those with a command that runs: more than one if it is a shell, too."""

    def __bool__(self) -> bool:
        return bool(self._marked)

    def mark(self, parameters: str, mark_cursor: Callable[[], Mark], column: int) -> None:
        """Handle ``OSC 133 ; parameters``.

        Args:
            parameters: the mark's kind and options.
            mark_cursor: marks the cursor's row.
            column: the cursor's column.
        """
        limit = len(parameters) if parameters.startswith("C") else MAX_READ_CHARACTERS
        kind, *options = plain(parameters, limit).split(";")
        if kind not in _KINDS:
            return
        values = options_in(options)
        shell = values.get("aid", "")[:MAX_ID_CHARACTERS]
        if kind == "C":
            self._start_command(mark_cursor, values)
        elif kind == "B":
            self._start_input(mark_cursor, column)
        elif kind == COUNT:
            self.commands.count_to(values)
        elif kind == "D":
            self._end_command(exit_code_of(options), shell, mark_cursor, partial=column > 0)
        elif values.get("k") not in _OTHER_PROMPTS:
            self._is_continued = False
            self._start_prompt(mark_cursor(), shell, turn="turn" in values)
            self._marked[-1].inputs = inputs_in(values)
            self._marked[-1].kept_rows = kept_rows(values)
        else:
            self._is_continued = values["k"] != "r"
            if self._is_continued and self._marked:
                self._marked[-1].kept_rows = None  # Of the input, only the newest line is drawn again.

    def _start_prompt(self, row: Mark, shell: str, *, turn: bool = False) -> None:
        row_number = row.row_number() or 0
        while self._marked and (
            (last := self._marked[-1]).erased or (above := last.row.row_number()) is None or above >= row_number
        ):
            self._drop(-1)
        while self._marked and (len(self._marked) >= MAX_PROMPTS or self._marked[0].row.row_number() is None):
            self._drop(0)
        self._marked.append(_Marked(row, shell, turn=turn))

    def _drop(self, index: Literal[0, -1]) -> None:
        dropped = self._marked.pop(index)
        if self._running and self._running[index] is dropped:
            self._running.pop(index)

    def _start_input(self, mark_cursor: Callable[[], Mark], column: int) -> None:
        """Note where the user's input begins, or a further line of it."""
        last = self._marked[-1] if self._marked else None
        if last is None or last.output is not None or last.turn:
            return
        below = _row_number(mark_cursor()) - _row_number(last.row)
        if last.kept_rows == LAST_ROW:
            last.kept_rows = max(below, 0)
        before = last.inputs if self._is_continued else ()
        self._is_continued = False
        if self.commands.count and below >= 0 and len(before) < MAX_INPUTS:
            last.inputs = (*before, (below, column))

    def _start_command(self, mark_cursor: Callable[[], Mark], options: dict[str, str]) -> None:
        number = self.commands.count_command(options)
        row = mark_cursor()
        last = self._marked[-1] if self._marked else None
        if last is None or last.end is not None or last.turn or (last.row.row_number() or 0) > (row.row_number() or 0):
            # A shell that does not mark its prompts, or not those that it draws again after the screen was cleared.
            self._start_prompt(row, last.shell if last is not None else "")
            last = self._marked[-1]
        if last.output is None:
            last.output, last.erased = row, False
            if last.row.row_number() == row.row_number():
                last.row = row
            self._running.append(last)
            last.number = number
            if number:
                self.commands.begin(number, options, last.inputs or inputs_in(options))
            last.inputs = ()

    def _end_command(
        self, exit_code: int | None, shell: str, mark_cursor: Callable[[], Mark], *, partial: bool
    ) -> None:
        if not self._running:
            return
        first = len(self._running) - 1
        if shell:
            # A shell that this shell started may have been killed before its last mark.
            first = next((at for at in range(first, -1, -1) if self._running[at].shell == shell), first)
        self._running[first].exit_code = exit_code
        for marked in self._running[first:]:
            marked.end, marked.partial = mark_cursor(), partial
            self.commands.end(marked.number)
        del self._running[first:]

    def width_changed(self) -> None:
        """Forget the positions that another width has moved."""
        self.commands.width_changed()
        for marked in self._marked[-1:]:
            marked.inputs = lasting(marked.inputs)

    @property
    def kept_rows(self) -> int | None:
        """The first rows of the waiting prompt that its shell does not draw again; None if it draws no row."""
        last = self._marked[-1] if self._marked else None
        return None if last is None or last.output is not None or last.row.is_erased() else last.kept_rows

    def redrawn_row(self, is_continued: Callable[[int], bool]) -> int | None:
        """The first row that the shell of the waiting prompt draws again after a change of the width; None for none.

        It draws whole lines. ``is_continued`` tells whether a row's line continues in the next row.
        """
        kept = self.kept_rows
        begin = None if kept is None or kept < 0 else self._marked[-1].row.row_number()
        if begin is None or kept is None:
            return None
        first = begin + kept
        while first > begin and is_continued(first - 1):
            first -= 1
        return first

    def set_redrawn_row(self, row: int) -> None:
        """Note where that row is now: another width has moved the kept rows."""
        if self._marked and (begin := self._marked[-1].row.row_number()) is not None:
            self._marked[-1].kept_rows = max(row - begin, 0)

    # -- erased rows

    def reaches(self, row: int) -> bool:
        """Whether the newest prompt, or the end of its output, is at a row or below it."""
        last = self._marked[-1] if self._marked else None
        return last is not None and (
            _row_number(last.row) >= row or (last.end is not None and _row_number(last.end) >= row)
        )

    def erase(self, first: int, last: int, mark: Callable[[int], Mark]) -> None:
        """Drop the prompts in rows that were erased as a whole, and these rows from the outputs above them.

        The newest command, if it runs, has its output from the first of these rows on; the newest prompt, if it waits,
        is drawn again there.

        Args:
            first: the first row of those that were erased; they begin or end with the screen.
            last: the last of them.
            mark: marks a row.
        """
        end = len(self._marked)
        while end and _row_number(self._marked[end - 1].row) > last:
            end -= 1
        begin = end
        while begin and _row_number(self._marked[begin - 1].row) >= first:
            begin -= 1
        dropped = self._marked[begin:end]
        if dropped and end == len(self._marked) and dropped[-1].end is None and not dropped[-1].turn:
            newest = dropped.pop()
            newest.row = mark(first)
            if newest.output is None:
                newest.erased = True
            else:
                newest.output = newest.row
        del self._marked[begin : begin + len(dropped)]
        self._running = [marked for marked in self._running if marked not in dropped]
        for marked in reversed(self._marked[:begin]):
            if marked.end is not None:
                if (row_number := _row_number(marked.end)) <= first:
                    break
                if row_number <= last + 1:
                    marked.end, marked.partial = mark(first), False

    # -- reading

    def prompts(self, first: int = 0, count: int | None = None, *, last_only: bool = False) -> list[Prompt]:
        """See ``Emulator.prompts``."""
        begin = self._number_at(first) if first > 0 else 0
        end = len(self._marked)
        if last_only and count is not None:
            end = self._number_at(first + count)
        found: list[Prompt] = []
        for number in range(end - 1, begin - 1, -1) if last_only else range(begin, end):
            marked = self._marked[number]
            row = marked.row.row_number()
            if row is None:
                continue
            if count is not None and row >= first + count:
                break
            if marked.row.is_erased():
                continue
            found.append(self._read(marked, row, number))
            if last_only:
                break
        return found

    def _number_at(self, row: int) -> int:
        """The number of the first prompt at a row or below it."""
        return bisect_left(self._marked, row, key=lambda marked: _row_number(marked.row))

    def _read(self, marked: _Marked[Mark], row: int, number: int) -> Prompt:
        output = None if marked.output is None else marked.output.row_number()
        end = None if marked.end is None else marked.end.row_number()
        if output is not None and marked.end is None and number + 1 < len(self._marked):
            end = self._marked[number + 1].row.row_number()
        if end is not None and marked.partial:
            end += 1
        if output is not None:
            output = max(output, row)
        if end is not None:
            end = max(end, row if output is None else output)
        return Prompt(row, output, end, marked.exit_code, marked.turn, marked.number, marked.inputs)

    # -- carrying the marks elsewhere

    def saved(self, row_number_of: Callable[[Mark], int | None] = lambda mark: mark.row_number()) -> list[SavedPrompt]:
        """The prompts for a snapshot; ``row_number_of`` finds rows also while another screen is shown."""
        found: list[SavedPrompt] = []
        for marked in self._marked:
            row = row_number_of(marked.row)
            if row is not None and not marked.row.is_erased():
                output, end = (None if mark is None else row_number_of(mark) for mark in (marked.output, marked.end))
                state = marked.exit_code, marked.shell, marked.partial, marked.turn, marked.number, marked.inputs
                found.append(SavedPrompt(row, output, end, *state))
        return found

    def restore(self, saved: list[SavedPrompt], mark: Callable[[int], Mark], kept_rows: int | None = None) -> None:
        """Set the prompts of a snapshot; ``mark`` marks a row, ``kept_rows`` are those of the newest."""
        self._marked, self._running = [], []
        for row, output, end, exit_code, shell, partial, turn, number, inputs in saved:
            if row < 0:
                continue
            marked = _Marked(mark(row), shell, turn=turn)
            marked.output, marked.end = (None if each is None else mark(each) for each in (output, end))
            marked.exit_code, marked.partial, marked.number, marked.inputs = exit_code, partial, number, inputs
            self._marked.append(marked)
            if marked.output is not None and marked.end is None:
                self._running.append(marked)
        for marked in self._marked[-1:]:
            marked.kept_rows = kept_rows


def _row_number(mark: RowMark) -> int:
    row_number = mark.row_number()
    return -1 if row_number is None else row_number


MAX_MARK_BYTES: Final = 64 * 1024
"""A longer mark is ignored; one may have a command line."""

_FRESH_LINE: Final = re.compile("[AN](?:;.*)?|L", re.DOTALL)


def is_fresh_line(parameters: str) -> bool:
    """Whether ``OSC 133 ; parameters`` begins a new line, unless the cursor is at the beginning of one."""
    return _FRESH_LINE.fullmatch(parameters) is not None


def mark_of(parameters: str) -> CommandBegan | CommandEnded | None:
    """The event of ``OSC 133 ; parameters``; None for a mark without information about a command."""
    kind, *options = plain(parameters, MAX_READ_CHARACTERS).split(";")
    if kind == "C":
        return CommandBegan()
    return CommandEnded(exit_code_of(options)) if kind == "D" else None


def moved(saved: SavedPrompt, rows: int) -> SavedPrompt:
    """The prompt, with its rows moved down."""
    output, end = (None if row is None else max(row + rows, 0) for row in (saved.output, saved.end))
    return saved._replace(row=saved.row + rows, output=output, end=end)


def replayed_marks(saved: list[SavedPrompt], commands: CommandLog, kept_rows: int | None) -> dict[int, str]:
    """The sequences that rebuild the marks, for each row the ones to write at its beginning.

    Args:
        saved: the prompts.
        commands: their commands.
        kept_rows: see ``PromptMarks``; of a prompt before the newest, it means nothing.
    """
    redraws = "" if kept_rows is None else f";{REDRAWS}={'last' if kept_rows < 0 else f'+{kept_rows}'}"
    marks: dict[int, str] = {}

    def add(row: int, mark: str) -> None:
        marks[row] = marks.get(row, "") + f"\x1b]133;{mark}\x07"

    if commands.count:
        add(0, f"{COUNT};n={commands.count}")
    for row, output, end, exit_code, shell, partial, turn, number, inputs in saved:
        if row < 0:
            continue
        identity = f";aid={shell}" if shell else ""
        add(row, TURN if turn else f"P;k=i{redraws}{written_inputs(inputs[:1])}{identity}")
        if output is not None:
            add(output, f"C{commands.options_of(number)}")
        if end is not None:
            add(end + partial, f"D;{'' if exit_code is None else exit_code}{identity}")
    return marks
