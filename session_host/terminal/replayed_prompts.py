"""A shell's prompts of a snapshot: moved to other rows, and as the marks that rebuild them."""

from __future__ import annotations

from .commands import CommandLog, written_inputs
from .prompts import COUNT, TURN, SavedPrompt
from .redrawn_rows import REDRAWS


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
