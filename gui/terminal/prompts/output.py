"""The text of one command's output."""

from __future__ import annotations

from typing import Final

from session_host.terminal.base import Emulator
from session_host.terminal.prompts import Prompt
from session_host.terminal.rows import Attribute, Row
from session_host.terminal.text import logical_lines

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
