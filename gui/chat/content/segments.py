"""Segments: the pieces of an item that are laid out, painted, searched and copied one by one. Values only.

A segment is about as high as a screen at most, so that a message of any length is laid out only where it is visible.
Each segment has its plain text; positions in it are offsets for selection, search and copying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Literal, NamedTuple

from gui.wording import chat_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.values import FileLocation, Image
from session_host.structured.patches import DiffLine

TAB_CHARACTERS = 4
LINES_PER_CHUNK = 32
"""The maximum number of lines of code, output, a table or a diff in one segment."""


_BACKTICKS = re.compile("```+")
TASK_BOXES = {"☐": False, "☑": True}
"""The markers of tasks, and whether the task is done."""

FAILED_AFTER = ", "
"""Before the number of calls that failed."""
Tone = Literal["text", "secondary", "failed", "needs_you", "fine"]
"""The colour of a quiet line or detail: a token of the theme."""


class Face(IntFlag):
    """The style of a run of text."""

    PLAIN = 0
    BOLD = 1
    ITALIC = 2
    CODE = 4
    STRIKE = 8
    SECONDARY = 16
    OBJECT = 32
    """A command or a path in a quiet line, in the font of code."""
    LEAD = 64
    """The first sentence of a prompt: bold, but not in its Markdown."""


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


Cell = tuple[Run, ...]
TableRow = tuple[Cell, ...]
"""The cells of a row, each as runs."""


class Action(NamedTuple):
    """The action of a control: its kind, the item that it concerns, and a value; or the file or image that it opens."""

    # fmt: off
    kind: Literal[
        "fold", "show_all", "withdraw", "send_now", "again", "columns", "copy", "copy_answer", "link", "file", "image",
        "discard", "lines", "fold_lines", "reuse", "end", "send_held", "discard_held", "fold_turn", "offer", "drop",
        "wrap", "numbers", "source", "copy_prompt", "named_image", "take_back", "bring_back", "comment", "more",
        "failures", "edit_comment", "drop_comment", "show_comments", "drop_comments", "open_chat",
        "hand_over", "open_taker", "continue", "edit_later", "later_now", "later_tomorrow", "drop_later",
        "send_asked", "raise_amount",
    ]
    # fmt: on
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
        time: the time at the right of a prompt's first line.
        buttons: what is in its place while the pointer is over the prompt.
    """

    runs: tuple[Run, ...] = ()
    level: int = 0
    marker: str = ""
    tight: bool = False
    time: str = ""
    buttons: tuple[Button, ...] = ()


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
        longest, wordiest: the longest cell of each column of the whole table, and the cells with its longest words, so
            that all of its segments have the same widths; () if this is its only segment.
    """

    rows: tuple[TableRow, ...] = ()
    aligned: tuple[str, ...] = ()
    first: bool = True
    last: bool = True
    longest: TableRow = ()
    wordiest: tuple[TableRow, ...] = ()


@dataclass(frozen=True)
class Code(Segment):
    """Some lines of code or output.

    Attributes:
        language: the name of the language, "" for none.
        first, last: whether the block begins, or ends, here.
        title: the word in the corner of the block, in its first segment.
        copies: whether the block has a button that copies it.
        runs: the styles of output with colours; () for code.
        longest: the number of characters in the block's longest line.
        line, lines: the number of its first line, and that of the block's last line.
    """

    language: str = ""
    first: bool = True
    last: bool = True
    title: str = ""
    copies: bool = False
    runs: tuple[Run, ...] = ()
    longest: int = 0
    line: int = 1
    lines: int = 1

    @property
    def is_output(self) -> bool:
        """Whether it is output of a program: smaller than code, and never wider than the text."""
        return bool(self.runs)


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
        digits, longest, asked: as in the ``Diff`` below it.
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
    digits: int = 1
    longest: int = 0
    asked: bool = False


@dataclass(frozen=True)
class Diff(Segment):
    """Some lines of a file's diff; ``text`` has a line for each, with its sign.

    Attributes:
        first, last: whether the file's lines begin, or end, here.
        digits: the number of digits of the largest line number; 0 if no line numbers are known.
        opens: the id of the item, if the user can show its hidden lines; else "".
        longest: the number of characters in the file's longest line.
        has_head: whether a ``DiffHead`` is above the file's first lines.
        buttons: what the user can do about the hunk that begins here, while it is pointed at.
        asked: whether it is the subject of an open request, and on the ground of that.
    """

    lines: tuple[DiffLine, ...] = ()
    language: str = ""
    first: bool = True
    last: bool = True
    digits: int = 1
    opens: str = ""
    longest: int = 0
    has_head: bool = True
    buttons: tuple[Button, ...] = ()
    asked: bool = False


@dataclass(frozen=True)
class TakenBack(Diff):
    """The line in place of a hunk that the user has taken back; ``lines`` has only the hunk's first line."""


@dataclass(frozen=True)
class FoldLine(Segment):
    """The title line of a tool call, thought, plan or raw message.

    Attributes:
        icon: a name of ``gui.theme.icons.Glyph``.
        detail: the text at the line's end: duration, exit state.
        tone: the colour of ``detail``.
        folded: whether the content is hidden; None if there is no content.
        running: whether it is still running.
        object_at: where the title's command or path begins; None if it has none.
        added, removed: the numbers of changed lines.
        runs: the text in its styles; () for words, and from ``object_at`` on a command or path.
        icon_tone: the colour of the icon.
        head: of a call that changes one file, the head of the diff that follows, which is not shown itself.
    """

    item: str = ""
    icon: str = ""
    detail: str = ""
    tone: Tone = "secondary"
    folded: bool | None = None
    running: bool = False
    object_at: int | None = None
    added: int = 0
    removed: int = 0
    runs: tuple[Run, ...] = ()
    icon_tone: Tone = "secondary"
    head: DiffHead | None = None

    @property
    def is_code(self) -> bool:
        """Whether the title is a command."""
        return self.object_at == 0


@dataclass(frozen=True)
class AskLine(FoldLine):
    """The head of an open request: the line of its tool call, with what is asked in words before its object.

    At its right, the page paints since when the request is open.

    Attributes:
        request: the request's id.
        asker: who asks, before that time; "" for the agent of the page.
        digits, longest: as in the widest ``Diff`` below it; 0 without one.
    """

    request: str = ""
    asker: str = ""
    digits: int = 0
    longest: int = 0


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
    """A short line about the item or the chat, followed by buttons; ``time`` is at its right."""

    tone: Tone = "secondary"
    icon: str = ""
    buttons: tuple[Button, ...] = ()
    time: str = ""


@dataclass(frozen=True)
class StatusLine(QuietLine):
    """What the agent is doing now. If more than this line is selected, the line is not copied."""


@dataclass(frozen=True)
class LiveLine(StatusLine):
    """The line below a running turn: what the agent does, since when, and how much it writes.

    Attributes:
        object_at: where the command or path begins in the text.
        facts: the time and the tokens; they are no part of the text.
        bars: the heights of the marks for its output of the last seconds, each 0 to 4, the newest last.
    """

    object_at: int = 0
    facts: str = ""
    bars: tuple[int, ...] = ()


@dataclass(frozen=True)
class TurnLine(Segment):
    """The line that sums up a turn's steps. It has no text: it is neither found nor selected.

    Attributes:
        item: the turn's prompt.
        files, added, removed: how many files its edits changed, and how many lines.
        commands, failed, declined, steps: how many commands it ran, how many calls failed, how many the user declined,
            and how many items are folded.
        read, looks: how many files it read, if it looked at nothing else, and how often it looked at something.
        duration_ms: how long it took; 0 if unknown.
        folded: whether the steps are hidden.
        changed: the changed files with their numbers of lines, a line for each.
        buttons: what the user can do about the turn.
    """

    item: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    commands: int = 0
    failed: int = 0
    declined: int = 0
    read: int = 0
    looks: int = 0
    steps: int = 0
    duration_ms: int = 0
    folded: bool = True
    changed: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()

    def facts(self) -> list[Run]:
        """The sentence; the page adds the numbers of changed lines after the first part."""
        parts = chat_texts.turn_facts(self.files, self.commands, self.read, self.looks, self.steps)
        failed = chat_texts.FAILED_CALLS(count=self.failed) if self.failed else ""
        declined = chat_texts.DECLINED_CALLS(count=self.declined) if self.declined else ""
        parts_after = filter(None, (declined, told_duration(self.duration_ms)))
        first, *others = parts
        runs = [Run(first), *(Run(f" · {part}") for part in others)]
        if failed:
            runs += [Run(FAILED_AFTER), Run(failed, color="failed")]
        return [*runs, *(Run(f" · {part}") for part in parts_after)]


@dataclass(frozen=True)
class TurnFooter(Segment):
    """The end of a turn: a button that copies the answer, shown while the answer is pointed at; without text.

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
class NamedPicture(Segment):
    """A picture in a text: ``text`` is its name, ``source`` a path or an address; ``image`` is what is known of it."""

    source: str = ""
    image: Image | None = None


@dataclass(frozen=True)
class Subject(Code):
    """Some lines of a request's command or text, on the ground of the request; wrapped lines go on further right."""


@dataclass(frozen=True)
class Card(Segment):
    """The area of a widget: the answers to an open request.

    Attributes:
        subject_segments: the number of segments above it that show the request's subject; 0 if its head does.
    """

    request: str = ""
    subject_segments: int = 0


@dataclass(frozen=True)
class CommentBox(Card):
    """The area of the box in which a comment on lines of a diff is written, below them; ``request`` is its id.

    Attributes:
        last, digits, longest: as in the ``Diff`` around it.
    """

    last: bool = False
    digits: int = 1
    longest: int = 0


@dataclass(frozen=True)
class CommentLine(Segment):
    """A comment on lines of a diff, below them; ``text`` is its first line.

    Attributes:
        place: the number of its line, or those of its lines; "" if unknown.
        buttons: what the user can do about it.
        last, digits, longest: as in the ``Diff`` around it.
    """

    place: str = ""
    buttons: tuple[Button, ...] = ()
    last: bool = False
    digits: int = 1
    longest: int = 0


def code_segments(text: str, segment: Code, *, in_pieces: bool = True) -> list[Code]:
    """A block of code or output in pieces; ``segment`` has what they share, and the title of the first one."""
    pieces, longest = chunks(text) if in_pieces else [text], longest_line(text.split("\n"))
    return [
        replace(
            segment,
            text=piece,
            longest=longest,
            line=number * LINES_PER_CHUNK + 1,
            lines=text.count("\n") + 1,
            first=number == 0,
            last=number == len(pieces) - 1,
            title=segment.title if number == 0 else "",
        )
        for number, piece in enumerate(pieces)
    ]


def chunks(text: str) -> list[str]:
    """The lines of a text in pieces of ``LINES_PER_CHUNK`` lines, each without its last line end."""
    lines = text.split("\n")
    return ["\n".join(lines[start : start + LINES_PER_CHUNK]) for start in range(0, len(lines), LINES_PER_CHUNK)]


def longest_line(lines: Iterable[str]) -> int:
    """The number of characters in the longest of some lines; a tab counts as in a terminal."""
    return max((len(line.expandtabs(TAB_CHARACTERS)) for line in lines), default=0)


def utf16_length(text: str) -> int:
    """The length of a text in UTF-16 code units, as Qt counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, begin: int, end: int) -> str:
    """A part of a text, by offsets in UTF-16 code units, as Qt counts them."""
    if text.isascii():
        return text[begin:end]
    return text.encode("utf-16-le", "surrogatepass")[begin * 2 : end * 2].decode("utf-16-le", "replace")


def cut(segment: Segment, begin: int, end: int) -> Segment:
    """A part of a segment, by offsets in UTF-16 code units, as Qt counts them."""
    text = utf16_slice(segment.text, begin, end)
    if text == segment.text:
        return segment
    if isinstance(segment, Paragraph):
        runs = tuple(_cut_runs(segment.runs, begin, end))
        return replace(segment, text=text, runs=runs, marker=segment.marker if begin == 0 else "")
    if isinstance(segment, Table | DiffHead):
        return Paragraph(text, runs=(Run(text),))
    if isinstance(segment, Diff):
        return Code(text, language="diff")
    return replace(segment, text=text)


def _cut_runs(runs: Iterable[Run], begin: int, end: int) -> Iterable[Run]:
    offset = 0
    for run in runs:
        length = utf16_length(run.text)
        first, last = max(begin - offset, 0), min(end - offset, length)
        if first < last:
            yield run._replace(text=utf16_slice(run.text, first, last))
        offset += length


def as_plain(segments: Sequence[Segment]) -> str:
    """The plain text of segments; a diff that is selected with its file's head becomes a patch."""
    found = ""
    previous: Segment | None = None
    for number, segment in enumerate(segments):
        text = segment.text
        if isinstance(segment, Rule):
            text = "---"
        elif isinstance(segment, DiffHead) and _has_lines(segments, number):
            text = segment.header
        elif isinstance(segment, FoldLine) and segment.head is not None and _has_lines(segments, number):
            text = segment.head.header
        elif isinstance(segment, Paragraph) and segment.marker:
            text = f"{'  ' * (segment.indent - 1)}{segment.marker} {text}"
        if not text:
            continue
        if previous is not None:
            found += "\n" if _is_close(previous, segment) else "\n\n"
        found += text
        previous = segment
    return found


def _has_lines(segments: Sequence[Segment], number: int) -> bool:
    """Whether lines of a diff follow a segment."""
    return number + 1 < len(segments) and isinstance(segments[number + 1], Diff)


def _is_close(previous: Segment, segment: Segment) -> bool:
    """Whether no blank line is between two segments."""
    if isinstance(segment, Paragraph):
        return isinstance(previous, Paragraph) and segment.tight and not (segment.level or previous.level)
    if isinstance(segment, Code):
        return not segment.first or isinstance(previous, FoldLine | QuietLine)
    if isinstance(segment, Table):
        return not segment.first
    return not isinstance(segment, Rule)


def as_markdown(segments: Sequence[Segment]) -> str:
    """The segments as markdown."""
    found: list[str] = []
    number = 0
    while number < len(segments):
        segment = segments[number]
        number += 1
        head = segment.head if isinstance(segment, FoldLine) else segment
        if isinstance(segment, Code | Diff) or (isinstance(head, DiffHead) and _has_lines(segments, number - 1)):
            lines = [head.header if isinstance(head, DiffHead) else segment.text]
            while number < len(segments) and _continues_block(segments[number]):
                lines.append(segments[number].text)
                number += 1
            language = segment.language if isinstance(segment, Code) else "diff"
            longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
            fence = "`" * max(3, longest + 1)
            text = "\n".join([f"{fence}{language}", *lines, fence])
        else:
            text = _markdown_of(segment)
        if not text:
            continue
        prefix = "> " * segment.quotes + "  " * max(segment.indent - (1 if getattr(segment, "marker", "") else 0), 0)
        text = "\n".join(prefix + line for line in text.split("\n"))
        if found and number > 1 and _is_next_line(segments[number - 2], segment):
            found[-1] += f"\n{text}"
        else:
            found.append(text)
    return "\n\n".join(found)


def _is_next_line(previous: Segment, segment: Segment) -> bool:
    """Whether a segment is an entry of the same list, or has rows of the same table."""
    if isinstance(segment, Table):
        return isinstance(previous, Table) and not segment.first
    return _is_list_entry(previous) and _is_list_entry(segment)


def _is_list_entry(segment: Segment) -> bool:
    return isinstance(segment, PlanLine) or bool(getattr(segment, "marker", ""))


def _continues_block(segment: Segment) -> bool:
    return isinstance(segment, Diff) or (isinstance(segment, Code) and not segment.first)


def _markdown_of(segment: Segment) -> str:
    match segment:
        case Paragraph():
            text = "".join(_markdown_run(run) for run in segment.runs) if segment.runs else segment.text
            if segment.level:
                return f"{'#' * segment.level} {text}"
            marker = {"•": "-", "☐": "- [ ]", "☑": "- [x]"}.get(segment.marker, segment.marker)
            return f"{marker} {text}" if marker else text
        case Table():
            rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in segment.rows]
            if segment.first and rows:
                rows.insert(1, "| " + " | ".join("---" for _ in segment.rows[0]) + " |")
            return "\n".join(rows)
        case Rule():
            return "---"
        case FoldLine():
            return f"`{segment.text}`" if segment.is_code else f"**{segment.text}**"
        case DiffHead():
            return f"`{segment.text}`"
        case PlanLine():
            return f"- [{'x' if segment.state == 'completed' else ' '}] {segment.text}"
        case NamedPicture():
            return f"![{segment.text}]({segment.source})"
        case QuietLine():
            return f"_{segment.text}_" if segment.text else ""
        case _:
            return segment.text


def _cell(runs: Iterable[Run]) -> str:
    return "".join(_markdown_run(run) for run in runs).replace("|", "\\|").replace("  \n", "<br>")


def _markdown_run(run: Run) -> str:
    text = run.text
    if not text.strip():
        return text.replace("\n", "  \n")
    if run.face & Face.CODE:
        fence = "``" if "`" in text else "`"
        text = f"{fence}{text}{fence}"
    if run.face & Face.STRIKE:
        text = f"~~{text}~~"
    if run.face & Face.ITALIC:
        text = f"*{text}*"
    if run.face & Face.BOLD:
        text = f"**{text}**"
    if run.link and run.link != run.text:
        text = f"[{text}]({run.link})"
    return text.replace("\n", "  \n") if not run.face & Face.CODE else text
