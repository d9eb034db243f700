"""A transcript as readable text, for ``peek``, ``search``, ``attach`` and text files. Pure.

Lines contain no control characters of agents or prompts, so that they can be printed to a terminal.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from session_host.protocol.messages import Peek, Screen
from session_host.protocol.shown_duration import exact_duration
from session_host.protocol.untrusted_text import escaped, legible, one_line, without_controls
from session_host.protocol.values import Image

from .doing import done_title
from .engine import SIZE
from .fences import NestedFences, is_markdown
from .items import INCOMPLETE, PLACES, AgentRequest, FileChange, Item, ItemStatus, RequestResolved, ToolKind
from .patches import DiffLine, counts, lines_of
from .shortening import cut, shown_command
from .transcript import Transcript
from .turns import facts_of

LineStyle = Literal["", "prompt", "heading", "code", "dim", "added", "removed", "failed", "asking"]

_TAB_COLUMNS: Final = 8
_SEQUENCES: Final = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-~])")
"""Escape sequences in a tool's output."""

_MARGIN: Final = re.compile("[ │]*(?:[>?—∴○✓✗◐■⊘▸·-] )?")


class TextLine(NamedTuple):
    """One line, and its style; of a diff's hunk also what it is there."""

    text: str
    style: LineStyle = ""
    changed: DiffLine | None = None


_STYLES: Final[Mapping[str, LineStyle]] = {"+": "added", "-": "removed", " ": "", "@": "dim", "\\": "dim"}
"""The styles of a diff's lines, by their kinds."""

OUTPUT_LINES: Final = 5
"""How many of the last lines of a tool's output are shown while it is folded."""

PATCH_LINES: Final = 20
"""How many lines of one file's diff are shown while it is folded."""

_MARKS: Final[dict[ItemStatus, str]] = {
    "running": "◐",
    "failed": "✗",
    "declined": "⊘",
    "interrupted": "■",
    "cut": "✗",
    "withdrawn": "⊘",
    "queued": "○",
}
"""The marks of tool items; "✓" for all others."""

_VERBS: Final[dict[ToolKind, tuple[str, str]]] = {
    "execute": ("Ran", "Running"),
    "edit": ("Edited", "Editing"),
    "read": ("Read", "Reading"),
    "search": ("Searched", "Searching"),
    "fetch": ("Fetched", "Fetching"),
    "delete": ("Deleted", "Deleting"),
    "move": ("Moved", "Moving"),
    "think": ("Thought", "Thinking"),
    "other": ("Used a tool", "Using a tool"),
    "": ("Used a tool", "Using a tool"),
}
"""A tool's verb when it is done, and while it runs."""

REMARKS: Final[dict[ItemStatus, str]] = {
    "queued": "queued: sent when the turn ends",
    "held": "waits, since the turn was stopped",
    "unsent": "not sent: the agent ended before; send it again if you want",
    "unconfirmed": "the agent ended before it confirmed this; send it again if you want",
    "withdrawn": "taken back",
    "failed": "refused by the agent",
    "cut": "cut: the agent ended here",
    "interrupted": "interrupted",
    "declined": "declined",
}
"""Remarks below prompts and messages."""

MAX_LAID_OUT_CHARACTERS: Final = 512 * 1024
"""The most text of an item that is laid out where only the end of a transcript is wanted."""

CANNOT_BE_ALLOWED: Final = f"{INCOMPLETE[0].upper()}{INCOMPLETE[1:]}."

_PLAN_MARKS: Final = {"completed": "✓", "in_progress": "▸", "pending": "○"}

Answered = dict[int, list[tuple[AgentRequest, RequestResolved]]]
"""Requests and their answers, by the position of the item that they follow."""


def all_lines(transcript: Transcript, *, width: int = 0, folded: bool = True) -> list[TextLine]:
    """The transcript as lines of text.

    Args:
        transcript: the transcript.
        width: the columns to wrap the lines to; 0 for whole lines.
        folded: whether only the beginning or end of a long output or diff is shown.
    """
    return [
        *block_lines(transcript, 0, len(transcript), width=width, folded=folded),
        *ending_lines(transcript, width=width),
    ]


def last_lines(transcript: Transcript, count: int) -> list[TextLine]:
    """The last lines of the transcript, more if open requests have more, folded, and without reading the rest.

    Of a very long item, only the end is laid out (``end_of``).
    """
    ending = ending_lines(transcript)
    first, lines = len(transcript), ending
    while first and len(lines) < count:
        end, first = first, max(0, first - count)
        lines = [*block_lines(transcript, first, end, is_cut=True), *lines]
    return lines[-max(count, len(ending)) :]


def block_lines(
    transcript: Transcript,
    first: int,
    end: int,
    *,
    width: int = 0,
    folded: bool = True,
    by_position: Answered | None = None,
    is_cut: bool = False,
) -> Iterator[TextLine]:
    """The lines of the items at the positions from ``first`` to before ``end``, with the requests answered there.

    ``by_position`` is the result of ``answered``, if the caller has it; with ``is_cut``, only the ends of long items
    are read.
    """
    by_position = answered(transcript) if by_position is None else by_position
    previous: Item | None = transcript[first - 1] if 0 < first <= len(transcript) else None
    for position in range(first, end):
        item = end_of(transcript[position]) if is_cut else transcript[position]
        if previous is not None and not (_is_short(previous) and _is_short(item)):
            yield TextLine("")
        answers = by_position.get(position, ())
        yield from item_lines(item, width=width, folded=folded, allowed_ms=allowed_ms(item, answers))
        for request, answer in answers:
            yield from wrapped(TextLine(answer_line(request, answer), "dim"), width)
        previous = item


def end_of(item: Item) -> Item:
    """An item with a text that is too long to be laid out in a moment: only its end, below a line that says so."""
    if len(item.text) <= MAX_LAID_OUT_CHARACTERS:
        return item
    start = len(item.text) - MAX_LAID_OUT_CHARACTERS
    start = item.text.find("\n", start) + 1 or start
    return msgspec.structs.replace(item, text=f"… {start:,} characters before this\n\n{item.text[start:]}")


def ending_lines(transcript: Transcript, *, width: int = 0) -> list[TextLine]:
    """The lines after the last item: open requests, whole, and the agent's state."""
    lines: list[TextLine] = []
    for request in transcript.open_requests:
        lines += [TextLine(""), *request_lines(request, width=width)]
    if text := state_line(transcript):
        style: LineStyle = "failed" if text.startswith("✗") else "dim"
        lines += [TextLine(""), *wrapped(TextLine(text, style), width)]
    return lines


# ---------------------------------------------------------------- items


def item_lines(item: Item, *, width: int = 0, folded: bool = True, allowed_ms: int = 0) -> list[TextLine]:
    """The lines of one item; see ``all_lines``, and for ``allowed_ms`` see ``tool_title``."""
    margin = "  " if item.parent else ""
    match item.kind:
        case "user":
            lines = _prompt(item)
        case "agent":
            lines = _message(item)
        case "thought":
            lines = _thought(item, folded=folded)
        case "tool":
            lines = _tool(item, folded=folded, allowed_ms=allowed_ms)
        case "plan":
            lines = [TextLine("Plan", "heading")]
            lines += [TextLine(f"  {_PLAN_MARKS[step.status]} {one_line(step.text)}") for step in item.plan]
        case "notice":
            lines = [TextLine(f"— {line}", "dim") for line in clean_lines(item.text)]
        case _:
            lines = [TextLine(f"· {one_line(item.title or 'a message of the agent')}", "dim")]
            if not folded:
                lines += [TextLine(f"  {line}", "dim") for line in clean_lines(item.text)]
    if item.kind != "user":
        lines += _image_lines(item)
    return [part for line in lines for part in wrapped(line._replace(text=margin + line.text), width)]


def _prompt(item: Item) -> list[TextLine]:
    texts = clean_lines(item.text) or [""]
    lines = [TextLine(f"{'  ' if number else '> '}{text}", "prompt") for number, text in enumerate(texts)]
    lines += _image_lines(item)
    if remark := item.title if item.is_asked_about else REMARKS.get(item.status):
        lines.append(TextLine(f"  ({remark})", "dim"))
    return lines


def _image_lines(item: Item) -> list[TextLine]:
    """A line for each picture of an item."""
    return [TextLine(f"  [image: {one_line(image.mime)}, {image_size(image)}]", "dim") for image in item.images]


def _message(item: Item) -> list[TextLine]:
    lines: list[TextLine] = []
    fence, inside = "", None
    for text in clean_lines(item.text):
        bare = text.lstrip()
        if fence:
            lines.append(TextLine(text, "code"))
            is_bare = bare.startswith(fence) and not bare.strip(fence[0]).strip()
            if inside.ends_with(text) if inside is not None else is_bare:
                fence = ""
        elif bare.startswith(("```", "~~~")):
            fence = bare[: len(bare) - len(bare.lstrip(bare[0]))]
            inside = NestedFences(fence) if is_markdown(bare.removeprefix(fence)) else None
            lines.append(TextLine(text, "code"))
        else:
            lines.append(TextLine(text, "heading" if bare.startswith("#") else ""))
    if item.status in {"cut", "interrupted", "failed"}:
        lines.append(TextLine(f"({REMARKS[item.status] if item.status != 'failed' else 'failed'})", "dim"))
    return lines


def _thought(item: Item, *, folded: bool) -> list[TextLine]:
    texts = [line for line in clean_lines(item.text) if line.strip()]
    word = "Thinking" if item.status == "running" else "Thought"
    if not folded:
        return [TextLine(f"∴ {word}", "dim"), *(TextLine(f"  {line}", "dim") for line in texts)]
    more = f" … {len(texts) - 1} more lines" if len(texts) > 1 else ""
    return [TextLine(f"∴ {word}: {texts[0].strip('*# ')}{more}" if texts else f"∴ {word}", "dim")]


def _tool(item: Item, *, folded: bool, allowed_ms: int) -> list[TextLine]:
    style: LineStyle = "failed" if item.status in {"failed", "cut"} else "heading"
    lines = [TextLine(tool_title(item, allowed_ms), style)]
    if item.text.strip():
        lines += [TextLine(f"  {line}") for line in clean_lines(item.text)]
    for change in item.changes:
        if item.title or len(item.changes) > 1:  # else the tool's line names the file
            lines.append(TextLine(f"  {change_title(change)}", "heading"))
        lines += _patch(change, folded=folded)
    output = clean_lines(item.output)
    shown = output[-OUTPUT_LINES:] if folded else output
    if len(shown) < len(output):
        lines.append(TextLine(f"  │ … {len(output) - len(shown)} lines above", "dim"))
    return lines + [TextLine(f"  │ {line}", "dim") for line in shown]


def tool_title(item: Item, allowed_ms: int = 0) -> str:
    """A tool's work in one line: ``✓ Ran npm test (0, 3.2 s)``.

    Args:
        item: the tool call.
        allowed_ms: when the user allowed it, in milliseconds since 1970; 0 if nobody was asked. A command's duration
            begins then.
    """
    running = item.status == "running"
    verb = "Declined:" if item.status == "declined" else _VERBS[item.tool][running]
    if item.tool == "execute" and item.command:
        first, *more = shown_command(item.command).strip().splitlines() or [""]
        words = f"{verb} {first}{' …' if more else ''}"
    else:
        words = done_title(item) or f"{verb} {', '.join(map(change_title, item.changes))}"
    facts = [str(item.exit_code)] if item.exit_code is not None else []
    if item.ended_ms and item.at_ms and item.tool == "execute" and item.status != "declined":
        facts.append(exact_duration(item.ended_ms - max(item.at_ms, min(allowed_ms, item.ended_ms))))
    if item.status in {"interrupted", "cut"}:
        facts.append(item.status)
    mark = _MARKS.get(item.status, "✓")
    return one_line(f"{mark} {words.strip()}" + (f" ({', '.join(facts)})" if facts else ""))


def _patch(change: FileChange, *, folded: bool) -> Iterator[TextLine]:
    patch = patch_lines(without_sequences(change.patch), clean_lines(change.patch))
    shown = patch[:PATCH_LINES] if folded else patch
    yield from (line._replace(text=f"  {line.text}") for line in shown)
    if len(shown) < len(patch):
        yield TextLine(f"  … {len(patch) - len(shown)} more lines", "dim")


def change_title(change: FileChange) -> str:
    """A file's change in one line: ``src/a.py (+3 −1)``."""
    added, removed = counts([change])
    words = {"add": "new file ", "delete": "deleted "}.get(change.kind, "") + change.path
    words += f" → {change.moved_to}" if change.moved_to else ""
    return one_line(words + (f" (+{added} −{removed})" if change.patch else ""))


def patch_lines(patch: str, shown: Iterable[str]) -> list[TextLine]:
    """The lines of a diff with their styles; ``shown`` are their texts without what may not be shown."""
    return [
        TextLine(text, _STYLES[line.kind] if line is not None else "dim", line)
        for text, line in zip(shown, lines_of(patch), strict=False)
    ]


# ---------------------------------------------------------------- requests


def repeats_command(request: AgentRequest) -> bool:
    """Whether a request's title only repeats its command, which is shown below it."""
    title = " ".join(request.title.split()[1:]).removesuffix("?")  # Without the verb, such as "Run".
    return request.kind == "command" and bool(title) and title == " ".join(cut(request.shown_subject).split())


def subject_lines(request: AgentRequest, subject: str) -> list[TextLine]:
    """What a request is about, to the letter: its command or text, or its changes.

    Args:
        request: the request.
        subject: its subject, its short one, or a part of one.
    """
    lines = exact_lines(subject)
    return patch_lines(subject, lines) if request.kind == "edit" else [TextLine(line, "code") for line in lines]


def request_lines(request: AgentRequest, *, width: int = 0, keys: Mapping[str, str] | None = None) -> list[TextLine]:
    """All lines of a request.

    Args:
        request: the request.
        width: the columns to wrap the lines to; 0 for whole lines.
        keys: the key that answers with an option, by the option's id; None to name no keys.
    """
    lines = [TextLine(f"? {one_line(request.title)}", "asking")]
    lines += [line._replace(text=f"    {line.text}") for line in subject_lines(request, request.shown_subject)]
    if request.directory:
        lines.append(TextLine(f"  in {one_line(request.directory)}"))
    lines += [TextLine(f"  {line}") for line in clean_lines(request.reason)]
    for number, question in enumerate(request.questions, 1):
        lines.append(TextLine(f"  {number}. {one_line(question.shown_text)}", "asking"))
        lines += [
            TextLine(f"     {index}) {one_line(f'{option}: {meaning}' if meaning else option)}")
            for index, (option, meaning) in enumerate(question.described(), 1)
        ]
    if not request.complete:
        lines.append(TextLine(f"  {CANNOT_BE_ALLOWED}", "failed"))
    names = []
    for option in request.options:
        key = keys.get(option.id) if keys is not None else ""
        names.append(f"[{key}] {one_line(option.label)}" if key else one_line(option.label))
    if names:
        lines.append(TextLine(f"  {' · '.join(names)}"))
    if request.has_more:
        lines.append(TextLine("  Exactly, as the agent states it:", "dim"))
        exact = [request.subject] if request.short_subject else []
        exact += [option.name for option in request.options if option.short]
        lines += [TextLine(f"    {line}", "dim") for text in exact for line in exact_lines(text)]
    return [part for line in lines for part in wrapped(line._replace(text=escaped(line.text)), width)]


def answer_line(request: AgentRequest, answer: RequestResolved) -> str:
    """A request's answer, one line."""
    if not answer.option:
        return one_line(f"? {request.title} → no longer asked")
    where = PLACES.get(answer.by, "")
    return one_line(f"? {request.title} → {answer.name or answer.option}{f' ({where})' if where else ''}")


def allowed_ms(item: Item, answers: Iterable[tuple[AgentRequest, RequestResolved]]) -> int:
    """The time of the last answer to a request about an item, in milliseconds since 1970; 0 for none."""
    return max((answer.at_ms for request, answer in answers if request.item == item.id), default=0)


def answered(transcript: Transcript) -> Answered:
    """The answered requests by the position of the item that they follow."""
    by_position: Answered = {}
    for answer in transcript.answers.values():
        request = transcript.requests.get(answer.id)
        if request is None:
            continue
        if request.item in transcript:
            position = transcript.position(request.item)
        else:
            indexes = range(transcript.queue_start)
            position = bisect_right(indexes, answer.at_ms, key=lambda index: transcript[index].at_ms) - 1
        by_position.setdefault(max(position, 0), []).append((request, answer))
    return by_position


# ---------------------------------------------------------------- the agent's state


def state_line(transcript: Transcript) -> str:
    """The agent's state, one line; "" while it is idle after a completed turn."""
    status = transcript.status
    turn = status.last_turn
    match status.state:
        case "starting":
            return "◐ Starting…"
        case "running":
            return one_line(f"◐ Working… {status.detail}").strip()
        case "background":
            return one_line(f"◐ In the background: {status.detail}")
        case "requires_action":
            return ""
    if turn is None or turn.outcome == "completed":
        return ""
    if turn.outcome == "failed":
        is_said = not turn.error or _ends_with_notice(transcript, turn.error)
        words = "✗ A limit stopped the turn" if facts_of(turn).outcome == "limit" else "✗ The turn failed"
        return words if is_said else one_line(f"{words}: {turn.error}")
    if turn.outcome == "interrupted":
        return " · ".join(filter(None, ("■ The turn was interrupted", held_words(transcript.held))))
    return "✗ The turn was cut: the agent ended"


def held_words(count: int) -> str:
    """How many queued prompts wait since a stop; "" for none."""
    return f"{count} queued prompt{'s wait' if count > 1 else ' waits'}" if count else ""


def _ends_with_notice(transcript: Transcript, error: str) -> bool:
    """Whether the last item is a notice of an error, so that the error needs no second line."""
    last = transcript[len(transcript) - 1] if len(transcript) else None
    return last is not None and last.kind == "notice" and one_line(last.text).startswith(error.removesuffix("…"))


def _is_short(item: Item) -> bool:
    """Whether the item has one line, so that no blank line separates it from another short one."""
    return item.kind in {"tool", "thought", "raw", "notice"} and not (item.output or item.changes or item.text)


# ---------------------------------------------------------------- a terminal's screen

# fmt: off
SGR: Final[dict[LineStyle, str]] = {
    "": "", "prompt": "1;36", "heading": "1", "code": "", "dim": "2", "added": "32", "removed": "31", "failed": "31",
    "asking": "1;33",
}
"""The parameters of the escape sequence that shows a style."""
# fmt: on


def screen_of(transcript: Transcript, request: Peek) -> Screen:
    """The reply to a Peek, in one piece.

    The screen is the end of the transcript: a terminal's height, or more if the last item or open requests need it. Of
    a very long item it has only the end; with ``scrollback``, all of it.
    """
    if request.scrollback and not request.lines:
        lines = all_lines(transcript)
    else:
        lines = last_lines(transcript, request.lines or _height(transcript))
    return Screen(
        request=request.request,
        lines=[ansi_line(line) if request.ansi else line.text for line in lines],
        cursor_column=0,
        cursor_row=min(len(lines), SIZE.rows) - 1 if lines else 0,
        cursor_visible=False,
        title=transcript.status.title,
        size=SIZE,
        alternate_screen=False,
        scrollback_lines=0,
    )


def ansi_line(line: TextLine) -> str:
    """A line with the escape sequences that show its style."""
    style = SGR[line.style]
    return f"\x1b[{style}m{line.text}\x1b[0m" if style and line.text else line.text


def _height(transcript: Transcript) -> int:
    if not len(transcript):
        return SIZE.rows
    last = item_lines(end_of(transcript[len(transcript) - 1]))
    return max(SIZE.rows, len(last) + len(ending_lines(transcript)))


# ---------------------------------------------------------------- single lines


def without_sequences(text: str) -> str:
    """A text without escape sequences."""
    return _SEQUENCES.sub("", text)


def clean_lines(text: str) -> list[str]:
    """The lines of an agent's text, without control characters and blank lines at the end; what misleads is shown.

    If a line was overwritten from its start, as by a progress bar, only its last state is returned.
    """
    if not text.strip():
        return []
    lines = without_sequences(text).rstrip().split("\n")
    last = (line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return [legible(without_controls(line.expandtabs(_TAB_COLUMNS))).rstrip() for line in last]


def exact_lines(text: str) -> list[str]:
    """The lines of a text that the user approves: complete, with escapes in place of misleading characters."""
    return [line.expandtabs(_TAB_COLUMNS) for line in escaped(text).removesuffix("\n").split("\n")] if text else []


def wrapped(line: TextLine, width: int) -> list[TextLine]:
    """Wrap a line to a width in columns; further lines keep its margin. 0 does not wrap."""
    text = line.text
    if not width or (len(text) <= width and text.isascii()):
        return [line]
    import wcwidth  # whole lines do not need it

    if wcwidth.width(text) <= width:
        return [line]
    begin = _MARGIN.match(text)
    assert begin is not None  # the pattern fits an empty text, too
    margin = "".join(character if character == "│" else " " for character in begin.group())
    margin = margin if len(margin) <= width // 2 else ""
    keeps_blanks = line.style in {"code", "added", "removed"}
    parts = wcwidth.wrap(
        text, width, subsequent_indent=margin, replace_whitespace=False, drop_whitespace=not keeps_blanks
    )
    return [TextLine(part.rstrip(), line.style) for part in parts]


def image_size(image: Image) -> str:
    """The length of a picture, if it is still there."""
    return size(len(image.data)) if image.data else "no longer in the recording"


def size(length_bytes: int) -> str:
    """A number of bytes: ``12 kB``."""
    return f"{length_bytes} bytes" if length_bytes < 1000 else f"{length_bytes / 1000:,.0f} kB"
