"""Segments: the pieces of an item that are laid out, painted and searched one by one. Values only.

A segment is about as high as a screen at most, so that a message of any length is laid out only where it is visible.
Each segment has its plain text; positions in it are offsets for selection, search and copying.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Literal, NamedTuple

from gui.terminal.links.links import FileLocation
from session_host.protocol.values import Image

LINES_PER_CHUNK = 32
"""The maximum number of lines of code, output, a table or a diff in one segment."""


Tone = Literal["secondary", "failed", "needs_you", "fine"]
"""The colour of a quiet line or detail: a token of the theme."""


class Face(IntFlag):
    """The style of a run of text."""

    PLAIN = 0
    BOLD = 1
    ITALIC = 2
    CODE = 4
    STRIKE = 8
    SECONDARY = 16


class Run(NamedTuple):
    """A text in one style.

    Attributes:
        link: the address that a click opens, "" for none.
        color: a name of ``gui.theme.tokens``, or "#rrggbb"; "" for the segment's own.
    """

    text: str
    face: Face = Face.PLAIN
    link: str = ""
    color: str = ""


TableRow = tuple[tuple[Run, ...], ...]
"""The cells of a row, each as runs."""


class Action(NamedTuple):
    """The action of a control: its kind, the item that it concerns, and a value; or the file or image that it opens."""

    kind: Literal[
        "fold", "show_all", "withdraw", "send_now", "again", "columns", "copy", "copy_answer", "link", "file", "image",
        "discard", "lines", "fold_lines", "reuse", "end",
    ]  # fmt: skip
    item: str = ""
    value: str = ""
    file: FileLocation | None = None
    image: Image | None = None


@dataclass(frozen=True)
class Segment:
    """Base of all segments.

    Attributes:
        text: the plain text.
        indent: the depth of lists around it.
        quotes: the number of quotations around it.
        inner: whether it is a part of an unfolded tool call, thought or raw message.
    """

    text: str = ""
    indent: int = 0
    quotes: int = 0
    inner: bool = False


@dataclass(frozen=True)
class Paragraph(Segment):
    """A paragraph, a heading or an entry of a list.

    Attributes:
        runs: the text in its styles; together they are ``text``.
        level: the level of a heading, 1 to 6; 0 if it is no heading.
        marker: the sign before the first line: a bullet, a number, a box.
        tight: whether there is little space above it.
    """

    runs: tuple[Run, ...] = ()
    level: int = 0
    marker: str = ""
    tight: bool = False


@dataclass(frozen=True)
class Rule(Segment):
    """A horizontal rule."""


@dataclass(frozen=True)
class Table(Segment):
    """Some rows of a table. In ``text``, cells end with a tab and rows with a line end.

    A line end within a cell is a blank there.

    Attributes:
        rows: the cells; ``rows[0]`` is the table's head, if the table begins here.
        aligned: the alignment of each column.
        first, last: whether the table begins, or ends, here.
        longest: the longest cell of each column of the whole table, so that all of its segments have the same widths;
            () if this is its only segment.
    """

    rows: tuple[TableRow, ...] = ()
    aligned: tuple[str, ...] = ()
    first: bool = True
    last: bool = True
    longest: TableRow = ()


@dataclass(frozen=True)
class Code(Segment):
    """Some lines of code or output.

    Attributes:
        language: the name of the language, "" for none.
        first, last: whether the block begins, or ends, here.
        title: the line above the block, in its first segment.
        copies: whether the block has a button that copies it.
        runs: the styles of output with colours; () for code.
    """

    language: str = ""
    first: bool = True
    last: bool = True
    title: str = ""
    copies: bool = False
    runs: tuple[Run, ...] = ()


class DiffLine(NamedTuple):
    """One line of a diff.

    Attributes:
        kind: "+", "-", " ", "@" (the first line of a hunk) or "\\" (a remark on the line above).
        old, new: its line numbers, 0 if unknown or none; for a hunk, the number of unchanged lines hidden above it.
        text: the text without the sign; for a hunk and a remark, the whole line.
        partner: the text of the line that it replaces, or that replaces it; None for none. ``patches`` sets it.
        first_hidden: for a hunk, the old number of the first line hidden above it; 0 if none is, or it is unknown.
    """

    kind: str
    old: int
    new: int
    text: str
    partner: str | None = None
    first_hidden: int = 0

    @property
    def has_sign(self) -> bool:
        """Whether it is a line of the file, before or after the change."""
        return self.kind in {"+", "-", " "}

    @property
    def signed_text(self) -> str:
        """The line as in a patch."""
        return self.kind + self.text if self.has_sign else self.text


@dataclass(frozen=True)
class DiffHead(Segment):
    """The first line of a file's diff; ``text`` is the path.

    Attributes:
        file: the file as the agent names it, and the first changed line; None if there is no text to open.
        note: the change of the file itself, as the user reads it: it is new, deleted, renamed or binary.
        empty: whether no lines follow.
        can_pair: whether it has removed and added lines, which two columns show side by side.
        header: the lines above the hunks in a patch.
        patch: header and hunks, as the agent sent them.
        discards: whether it has a button that discards the change.
        folds: whether it has a button that hides the unchanged lines that the user has opened.
    """

    item: str = ""
    added: int = 0
    removed: int = 0
    note: str = ""
    empty: bool = False
    can_pair: bool = False
    header: str = ""
    patch: str = ""
    file: FileLocation | None = None
    discards: bool = False
    folds: bool = False


@dataclass(frozen=True)
class Diff(Segment):
    """Some lines of a file's diff; ``text`` has a line for each, with its sign.

    Attributes:
        first, last: whether the file's lines begin, or end, here.
        digits: the number of digits of the largest line number; 0 if no line numbers are known.
        opens: the id of the item, if the user can show its hidden lines; else "".
    """

    lines: tuple[DiffLine, ...] = ()
    language: str = ""
    first: bool = True
    last: bool = True
    digits: int = 1
    opens: str = ""


@dataclass(frozen=True)
class FoldLine(Segment):
    """The title line of a tool call, thought, plan or raw message.

    Attributes:
        icon: a name of ``gui.theme.icons.Glyph``.
        detail: the text at the line's end: duration, exit state.
        tone: the colour of ``detail``.
        folded: whether the content is hidden; None if there is no content.
        running: whether it is still running.
        code: whether the title is a command.
    """

    item: str = ""
    icon: str = ""
    detail: str = ""
    tone: Tone = "secondary"
    folded: bool | None = None
    running: bool = False
    code: bool = False


class Button(NamedTuple):
    """A control in a line of text.

    Attributes:
        tone: its colour, "" for that of controls.
    """

    name: str
    action: Action
    tone: Tone | Literal[""] = ""


@dataclass(frozen=True)
class QuietLine(Segment):
    """A short line about the item or the chat, followed by buttons."""

    tone: Tone = "secondary"
    icon: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class StatusLine(QuietLine):
    """What the agent is doing now. If more than this line is selected, the line is not copied."""


@dataclass(frozen=True)
class TurnFooter(Segment):
    """The end of a turn: a button that copies the answer. It has no text, so it is neither found nor selected.

    Attributes:
        item: the last message of the turn.
        label: when the turn ended, and how long it took; "" if unknown.
    """

    item: str = ""
    label: str = ""


@dataclass(frozen=True)
class PlanLine(Segment):
    """One step of a plan."""

    state: Literal["pending", "in_progress", "completed"] = "pending"


@dataclass(frozen=True)
class Picture(Segment):
    """An image; ``text`` is shown instead if it cannot be decoded."""

    image: Image = field(default_factory=lambda: Image("", b""))


@dataclass(frozen=True)
class Card(Segment):
    """The area of a widget: an open request.

    Attributes:
        subject_segments: the number of segments above it that show the request's subject; 0 if the widget shows it.
    """

    request: str = ""
    subject_segments: int = 0


def code_segments(text: str, segment: Code) -> list[Code]:
    """A block of code or output in pieces; ``segment`` has what they share, and the title of the first one."""
    pieces = chunks(text)
    return [
        replace(
            segment, text=piece, first=number == 0, last=number == len(pieces) - 1,
            title=segment.title if number == 0 else "",
        )
        for number, piece in enumerate(pieces)
    ]  # fmt: skip


def chunks(text: str) -> list[str]:
    """The lines of a text in pieces of ``LINES_PER_CHUNK`` lines, each without its last line end."""
    lines = text.split("\n")
    return ["\n".join(lines[start : start + LINES_PER_CHUNK]) for start in range(0, len(lines), LINES_PER_CHUNK)]
