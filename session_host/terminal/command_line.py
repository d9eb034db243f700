"""The command line and the output of a shell's command, read from the rows of its prompt."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from session_host.protocol.messages import Peek, Screen
from session_host.protocol.untrusted_text import one_line
from session_host.terminal.base import Emulator
from session_host.terminal.commands import Inputs
from session_host.terminal.prompts import Prompt
from session_host.terminal.rows import Attribute, Row, row_text
from session_host.terminal.text import begins_wide, filled, logical_lines, screen_of

_NO_LINE_END_SIGNS: Final = frozenset("%#⏎¶")
"""The signs that zsh (inverse) and fish (dim) write after output without a line end."""


def output_rows(emulator: Emulator, prompt: Prompt) -> tuple[int, int]:
    """The output's first row, and the row after its last one that is not blank; equal if there is no output."""
    if prompt.output is None:
        return prompt.row, prompt.row
    last = prompt.end
    if last is None:
        last = emulator.scrollback_rows + emulator.cursor.row + 1
    rows = rows_between(emulator, prompt.output, last)
    while rows and not rows[-1].runs:
        rows.pop()
    return prompt.output, prompt.output + len(rows)


def output_text(emulator: Emulator, prompt: Prompt) -> str:
    """The output with soft wraps joined, without the prompt; "" for none."""
    first, end = output_rows(emulator, prompt)
    rows = rows_between(emulator, first, end)
    if rows:
        rows[-1] = _without_sign(rows[-1])
    return "\n".join(logical_lines(rows, emulator.size.columns)).rstrip("\n")


def output_screen(emulator: Emulator, request: Peek) -> Screen:
    """The reply to a Peek at the output of a command; without a line if there is none."""
    prompts = [prompt for prompt in emulator.prompts() if not prompt.turn]
    ended = [prompt for prompt in prompts if prompt.output is not None and prompt.end is not None]
    lines = output_text(emulator, ended[-request.command]).split("\n") if len(ended) >= request.command else []
    whole = screen_of(emulator, Peek(request.request, 1))
    return msgspec.structs.replace(whole, lines=lines, commands=len(ended) if prompts else -1)


def rows_between(emulator: Emulator, first: int, end: int) -> list[Row]:
    """The rows from the first to the one before the end, counted from the oldest of the history."""
    history = emulator.scrollback_rows
    rows = emulator.history(first, min(end, history) - first) if first < history else []
    if end > history:
        rows += emulator.rows()[max(first - history, 0) : end - history]
    return rows


def _without_sign(row: Row) -> Row:
    """The row without the shell's sign for a missing line end."""
    if row.runs:
        last = row.runs[-1]
        if last.text in _NO_LINE_END_SIGNS and last.style.attributes & (Attribute.INVERSE | Attribute.DIM):
            return row._replace(runs=row.runs[:-1])
    return row


_MAX_ROWS: Final = 24
"""The most rows of a prompt that are read; a command may have thousands."""

_MAX_CHARACTERS: Final = 500
_NEIGHBOURS: Final = 2
_NEXT_ROWS: Final = 3
"""The next prompt begins within this number of rows after an output."""

_MAX_INPUT_ROWS: Final = 200
_RIGHT_PROMPT: Final = re.compile(" {8,}[^ ]{1,24}$")
_BLANKS: Final = re.compile(r"\s+")
_GAP: Final = re.compile(" {4,}")
"""Blanks between a command and what a shell shows at the right end of its line."""


def command_line(emulator: Emulator, prompt: Prompt) -> str:
    """The line with the command, as its row shows it after the shell's prompt; "" if the terminal does not have it.

    Both a shell's prompt and a command may have several lines. The prompts nearby tell how many lines the prompt has:
    no more than the shortest of them.
    """
    lines = _lines(emulator, prompt)
    if len(lines) > 1:
        counts = [len(_lines(emulator, near)) for near in _neighbours(emulator, prompt)]
        counts = [count for count in counts if count]
        lines = lines[: min(counts)] if counts else lines
    return _GAP.sub("   ", one_line(lines[-1]).strip())[:_MAX_CHARACTERS] if lines else ""


def command_text(emulator: Emulator, prompt: Prompt) -> str:
    """The whole command as the user typed it, without the shell's prompts; "" if that is not known.

    It is read from the screen, after the mark where the input begins. Any output can report a command: what a shell
    reports counts only if the screen shows it. A part of a command would be another command.
    """
    command = emulator.commands.of(prompt.number)
    if command is None or prompt.output is None:
        return ""
    typed = _typed_lines(emulator, prompt, prompt.output, command.inputs)
    if command.text and _shows(command.text, typed or _lines(emulator, prompt), is_whole=bool(typed)):
        return command.text
    return "\n".join(_without_right_prompt(line).rstrip() for line in typed).strip("\n")


def begins_with_blank(emulator: Emulator) -> bool:
    """Whether the newest command was typed with a leading blank, as far as that is known."""
    for prompt in emulator.prompts(last_only=True):
        command = emulator.commands.of(prompt.number)
        if command is None or prompt.output is None:
            return False
        typed = _typed_lines(emulator, prompt, prompt.output, command.inputs)
        return (command.text or next(iter(typed), ""))[:1].isspace()
    return False


def typed_so_far(emulator: Emulator) -> str | None:
    """What is typed at a shell's prompt up to the cursor; None if no prompt waits, or that is not known.

    What is behind the cursor may be a suggestion of the shell's, or its right prompt. With the cursor at the beginning
    of the line, it may as well be what was typed.
    """
    for prompt in emulator.prompts(last_only=True):
        if prompt.turn or prompt.output is not None or not prompt.inputs:
            return None
        (below, column), *_ = prompt.inputs
        first, at, end = prompt.row + below, emulator.scrollback_rows + emulator.cursor.row, emulator.cursor.column
        if not first <= at < first + _MAX_INPUT_ROWS or column >= emulator.size.columns:
            return None
        rows = [row_text(row) for row in rows_between(emulator, first, at + 1)]
        behind = _without_right_prompt(rows[-1][end:])
        rows[-1] = rows[-1][:end]
        typed = "\n".join([rows[0][column:], *rows[1:]])
        return None if not typed.strip() and behind.strip() else typed
    return None


def _shows(text: str, lines: list[str], *, is_whole: bool) -> bool:
    """Whether the last of these lines show a command; ``is_whole``: no prompt is before it in the first one."""
    reported = [found for line in text.split("\n") if (found := _BLANKS.sub("", line))]
    last = [line for line in lines if line.strip()][-len(reported) :] if reported else []
    if len(last) < len(reported):
        return False
    for number, (shown, wanted) in enumerate(zip(last, reported, strict=True)):
        ends = [len(shown), *(gap.start() for gap in _GAP.finditer(shown))]  # The shell's right prompt is after a gap.
        forms = [_BLANKS.sub("", shown[:end]) for end in ends]
        if not any(form == wanted if is_whole and not number else form.endswith(wanted) for form in forms):
            return False
    return True


def _typed_lines(emulator: Emulator, prompt: Prompt, output: int, inputs: Inputs) -> list[str]:
    """The lines of the user's input, with what the shell shows at their right ends; [] if they are not known."""
    if not inputs:
        return []
    (below, column), *others = inputs
    first, columns = prompt.row + below, emulator.size.columns
    if output - first > _MAX_INPUT_ROWS:
        return []
    rows = rows_between(emulator, first, output)
    if not rows:
        return []  # The command erased its own line, as `clear; make` does.
    begins = {each - below: begin for each, begin in others}
    while len(rows) > 1 and column >= columns and rows[0].wrapped:
        # The grid is narrower than it was, and the prompt takes more rows.
        rows, column = rows[1:], column - columns
    begins[0] = column
    lines = [""]
    for number, (row, following) in enumerate(zip(rows, [*rows[1:], None], strict=True)):
        has_more = row.wrapped and following is not None
        full = filled(row, columns) if has_more else row
        if full != row and following is not None and begins_wide(following):
            return []  # The last cell is a blank of the command, or was too narrow for the next character.
        lines[-1] += _text_from(full, begins.get(number, 0))
        if not has_more:
            lines.append("")
    return lines


def _text_from(row: Row, column: int) -> str:
    """The text of a row from a column on."""
    runs = []
    for run in row.runs:
        begin = 0 if run.cluster else max(column - run.column, 0)
        if run.column + run.cells > column and run.column + begin >= column:
            runs.append(run._replace(column=run.column + begin, text=run.text[begin:], cells=run.cells - begin))
    return row_text(row._replace(runs=tuple(runs)))[column:]


def _without_right_prompt(line: str) -> str:
    """The line without the shell's right prompt, which follows after a gap."""
    return _RIGHT_PROMPT.sub("", line)


def _lines(emulator: Emulator, prompt: Prompt) -> list[str]:
    """The lines of a prompt with its command, without blank ones."""
    if prompt.output is None:
        return []
    rows = rows_between(emulator, prompt.row, min(prompt.output, prompt.row + _MAX_ROWS))
    return [line for line in logical_lines(rows, emulator.size.columns) if line.strip()]


def _neighbours(emulator: Emulator, prompt: Prompt) -> list[Prompt]:
    """The prompts before and after a prompt, as far as commands were run there."""
    found: list[Prompt] = []
    row = prompt.row
    for _ in range(_NEIGHBOURS):
        if before := emulator.prompts(0, row, last_only=True):
            found += before
            row = before[0].row
    if prompt.end is not None:
        found += emulator.prompts(max(prompt.end, prompt.row + 1), _NEXT_ROWS)[:1]
    return found
