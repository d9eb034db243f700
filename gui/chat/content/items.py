"""An item of a transcript as segments."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from gui.theme.icons import Glyph
from gui.wording import chat_texts
from session_host.protocol.shown_duration import told_duration
from session_host.protocol.untrusted_text import legible, one_line
from session_host.structured.decisions import Decision, Resolved, decision, of_declined
from session_host.structured.doing import done_title
from session_host.structured.items import AgentRequest, Item
from session_host.structured.patches import counts

from . import ansi, decisions, patches
from .markdown import MarkdownText, plain_paragraphs
from .requests import USUAL_LOOK, RequestLook, request_segments
from .segments import (
    LINES_PER_CHUNK,
    Action,
    Button,
    Code,
    Diff,
    DiffHead,
    Face,
    FoldLine,
    Paragraph,
    Picture,
    PlanLine,
    QuietLine,
    Run,
    Segment,
    Tone,
    code_segments,
    longest_line,
)

MAX_LINES = 40
"""The middle of a longer output is hidden."""
_LAST_LINES = 3
"""As much is shown of the output of a failed call."""
_PROMPT_LINES = 6
"""The rest of a longer prompt is hidden."""
_LINE_CHARACTERS = 88
"""About as many letters fit into a prompt's line."""
_MAX_LEAD_CHARACTERS = 2 * _LINE_CHARACTERS
_SENTENCE_END = re.compile(r"(?:(?<!\b\w)(?<!\b\w\w)\.|[!?…。！？])(?=\s)|\n")
"""A stop behind one or two letters ends an abbreviation, such as "St." or "e.g.", sooner than a sentence."""
_SHORTEST_SENTENCE = 16
_QUOTING = re.compile(r"[\s'\"\\]")
_MAX_CHARACTERS = 20_000
_MAX_WITHDRAWN_CHARACTERS = 80
_MAX_LINE_CHARACTERS = 2_000
_MAX_OPEN_CHANGES = 120
"""Edits with more lines are folded at first."""

_ICONS = {
    "execute": Glyph.TERMINAL,
    "edit": Glyph.PENCIL,
    "read": Glyph.FILE,
    "search": Glyph.SEARCH,
    "fetch": Glyph.GLOBE,
    "delete": Glyph.TRASH,
    "move": Glyph.MOVE,
    "think": Glyph.BRAIN,
}


_WITH_PATHS = frozenset({"edit", "read", "delete", "move"})
"""Tools with titles such as "Read src/client.py"."""


class ItemRequests(NamedTuple):
    """The requests of an item, open and answered.

    Attributes:
        looks: how the open ones are shown, by their ids; the others as usual.
        asker: the name of the chat that asks; "" for that of the page.
    """

    open: tuple[AgentRequest, ...] = ()
    answered: tuple[Resolved, ...] = ()
    looks: Mapping[str, RequestLook] = MappingProxyType({})
    asker: str = ""

    def open_segments(self, row: str, directory: str) -> list[Segment]:
        """The segments of the open ones in a row; files below ``directory`` are named relative to it."""
        return [
            segment
            for each in self.open
            for segment in request_segments(each, row, directory, self.looks.get(each.id, USUAL_LOOK), self.asker)
        ]


class Mode(NamedTuple):
    """How an item is shown.

    Attributes:
        unfolded: whether its content is shown; None for the default of its kind.
        whole: whether long output is shown completely.
    """

    unfolded: bool | None = None
    whole: bool = False


Content = Callable[[Item, Mode, MarkdownText, ItemRequests, str], list[Segment]]
"""A function that returns the segments of an item, as ``segments`` does."""


def is_unfolded(item: Item, mode: Mode) -> bool:
    """Whether an item's content is shown."""
    if mode.unfolded is not None:
        return mode.unfolded
    if item.kind == "tool":
        lines = sum(change.patch.count("\n") for change in item.changes)
        return 0 < lines <= _MAX_OPEN_CHANGES
    return item.kind not in {"thought", "raw"}


def segments(
    item: Item, mode: Mode, markdown: MarkdownText, requests: ItemRequests, directory: str = ""
) -> list[Segment]:
    """The segments of an item of a chat in a directory."""
    match item.kind:
        case "user":
            found = _prompt(item, mode)
        case "agent":
            found = [*markdown.segments(item.text), *_pictures(item), *_ending_line(item)]
        case "thought":
            found = _thought(item, mode, markdown)
        case "tool":
            # The head of an open request is the line of its call.
            found = [] if requests.open else _tool(item, mode, markdown, directory, requests)
        case "plan":
            found = _plan(item)
        case "notice":
            found = [QuietLine(legible(item.text), icon=Glyph.INFO, time=_clock(item.at_ms))]
        case _:
            found = _raw(item, mode)
    found += requests.open_segments(item.id, directory)
    if item.kind != "tool" or requests.open:
        found += decision_lines(requests, directory)
    if item.parent:
        found = [dataclasses.replace(segment, indent=segment.indent + 1) for segment in found]
    return found


def decision_lines(requests: ItemRequests, directory: str) -> list[Segment]:
    """The lines of what the user decided."""
    return [decisions.decision_line(decision(*answer), directory) for answer in requests.answered]


def _prompt(item: Item, mode: Mode) -> list[Segment]:
    if item.status == "withdrawn":
        return [QuietLine(chat_texts.withdrawn(one_line(item.text[:_MAX_WITHDRAWN_CHARACTERS])))]
    shown = item.text if mode.whole else _beginning(item.text)
    found = plain_paragraphs(shown) if shown else []
    if found and isinstance(first := found[0], Paragraph):
        lead = first_sentence(first.text)
        runs = (Run(lead, Face.LEAD), Run(first.text[len(lead) :]))
        found[0] = dataclasses.replace(first, runs=runs, time=_clock(item.at_ms))
    if len(shown) < len(item.text):
        show = Button(chat_texts.show_all_lines(item.text.count("\n") + 1), Action("show_all", item.id), "secondary")
        found.append(QuietLine(buttons=(show,)))
    found += _pictures(item)
    match item.status:
        case "sent":
            line = QuietLine(chat_texts.SENT())
        case "unsent":
            reuse = Button(chat_texts.PUT_BACK(), Action("reuse", item.id))
            send = Button(chat_texts.SEND(), Action("again", item.id))
            line = QuietLine(chat_texts.UNSENT(), tone="needs_you", buttons=(reuse, send))
        case "unconfirmed":
            again = Button(chat_texts.SEND_AGAIN(), Action("again", item.id))
            line = QuietLine(chat_texts.UNCONFIRMED(), tone="needs_you", buttons=(again,))
        case "failed":
            again = Button(chat_texts.SEND_AGAIN(), Action("again", item.id))
            line = QuietLine(chat_texts.NOT_ACCEPTED(), tone="failed", buttons=(again,))
        case _:
            return found
    return [*found, line]


def _beginning(text: str) -> str:
    """As much of a prompt as is shown at first: all of it, if the rest would be short."""
    lines, shown, room = text.split("\n", 2 * _PROMPT_LINES), 0, _PROMPT_LINES
    for line in lines:
        used = max(-(-len(line) // _LINE_CHARACTERS), 1)
        if used > room:
            break
        room -= used
        shown += len(line) + 1
    if shown >= len(text):
        return text
    if room == _PROMPT_LINES:  # one long line
        cut = text[: _PROMPT_LINES * _LINE_CHARACTERS]
        return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…" if len(text) > 2 * len(cut) else text
    return text[: shown - 1]


def first_sentence(text: str) -> str:
    """A prompt's beginning that is in weight: its first sentence or line, and at most two lines."""
    found = _SENTENCE_END.search(text, _SHORTEST_SENTENCE - 1)
    end = found.end() if found is not None else len(text)
    if end > _MAX_LEAD_CHARACTERS:
        end = max(text.rfind(" ", 0, _MAX_LEAD_CHARACTERS), 0) or _MAX_LEAD_CHARACTERS
    return text[:end]


def _clock(at_ms: int) -> str:
    return chat_texts.time_of(at_ms) if at_ms else ""


def _pictures(item: Item) -> list[Segment]:
    return [
        Picture(chat_texts.described_image(image.mime, len(image.data)), image=image, inner=item.kind == "tool")
        for image in item.images
    ]


def _ending_line(item: Item) -> list[Segment]:
    if item.status == "cut":
        return [QuietLine(chat_texts.AGENT_ENDED_HERE(), icon=Glyph.WARNING, tone="needs_you")]
    if item.status == "interrupted":
        return [QuietLine(chat_texts.INTERRUPTED(), icon=Glyph.STOP)]
    return []


def _inner(found: Sequence[Segment]) -> list[Segment]:
    return [dataclasses.replace(segment, inner=True) for segment in found]


def _thought(item: Item, mode: Mode, markdown: MarkdownText) -> list[Segment]:
    running = item.status == "running"
    duration = item.ended_ms - item.at_ms if item.ended_ms else 0
    title = chat_texts.THINKING() if running else chat_texts.thought(duration)
    unfolded = is_unfolded(item, mode)
    head = FoldLine(
        title, item=item.id, icon=Glyph.BRAIN, folded=not unfolded if item.text.strip() else None, running=running
    )
    return [head, *_inner(markdown.segments(item.text))] if unfolded else [head]


def _tool(item: Item, mode: Mode, markdown: MarkdownText, directory: str, requests: ItemRequests) -> list[Segment]:
    """The segments of a tool call. What the user decided about it takes the place of its title."""
    earlier = [decision(*answer) for answer in requests.answered]
    decided = earlier.pop() if earlier else None
    if decided is None and item.status == "declined":
        decided = of_declined(item)
    if decided is not None and decided.kind != "allowed" and mode.unfolded is None:
        mode = mode._replace(unfolded=False)
    unfolded = is_unfolded(item, mode)
    content = _tool_content(item, mode, markdown, directory) if unfolded else []
    if not unfolded and mode.unfolded is None and has_failed(item):
        content = _last_lines(item)
    has_content = bool(item.command or item.output or item.changes or item.text or item.images)
    title, is_code = tool_title(item, directory)
    detail, tone = _tool_state(item, requests)
    added, removed = counts(item.changes) if decided is None or decided.kind == "allowed" else (0, 0)
    head = FoldLine(
        title,
        item=item.id,
        icon=_ICONS.get(item.tool, Glyph.WRENCH),
        detail=detail,
        tone=tone,
        object_at=_object_at(item, title, is_code=is_code),
        folded=not unfolded if has_content else None,
        running=item.status == "running",
        added=added,
        removed=removed,
    )
    if len(item.changes) == 1 and content and isinstance(first := content[0], DiffHead) and first.text in title:
        head = dataclasses.replace(head, head=first)
        content = [
            dataclasses.replace(each, has_head=False) if isinstance(each, Diff) else each for each in content[1:]
        ]
    if decided is not None:
        head = _decided(head, decided)
    return [*(decisions.decision_line(each, directory) for each in earlier), head, *content]


def _decided(head: FoldLine, decided: Decision) -> FoldLine:
    """The title line of a tool call about which the user decided: it says that, and what became of the call."""
    about, is_words = (head.text, True) if head.object_at is None else (head.text[head.object_at :], False)
    if decided.kind == "answered":
        about, is_words = decided.about, True
    runs = decisions.decision_runs(decided, about, is_words=is_words)
    icon, icon_tone = decisions.icon_of(decided.kind)
    detail = "" if decided.kind == "declined" and head.tone == "secondary" else head.detail
    return dataclasses.replace(
        head,
        text="".join(run.text for run in runs),
        runs=tuple(runs),
        object_at=len(runs[0].text),
        icon=icon,
        icon_tone=icon_tone,
        detail=chat_texts.joined(detail, _clock(decided.at_ms)),
    )


def _object_at(item: Item, title: str, *, is_code: bool) -> int | None:
    """The offset of the command or path in a tool call's title; None if the title has neither."""
    if is_code:
        return 0
    verb, space, path = title.partition(" ")
    return len(verb + space) if path and item.tool in _WITH_PATHS else None


def tool_title(item: Item, directory: str = "") -> tuple[str, bool]:
    """The title of a tool call, and whether it is a command."""
    if item.title:
        return legible(done_title(item).split("\n")[0]), _is_command(item.title, item.command)
    if item.command:
        return legible(item.command.split("\n")[0]), True
    if item.changes:
        paths = [patches.shown_path(change.moved_to or change.path, directory) for change in item.changes]
        return chat_texts.edits(paths, is_done=item.status == "done"), False
    return chat_texts.tool(item.tool), False


def _is_command(title: str, command: str) -> bool:
    """Whether a title is the command or a part of it, such as the script of ``sh -c``; quoting may differ."""
    words = _QUOTING.sub("", title.removesuffix("…"))
    return bool(words) and words in _QUOTING.sub("", command)


def _tool_state(item: Item, requests: ItemRequests) -> tuple[str, Tone]:
    began_ms = max(item.at_ms, *(answer.at_ms for _, answer in requests.answered), 0)  # It waited for the answer.
    duration = told_duration(item.ended_ms - began_ms)
    match item.status:
        case "failed":
            how = chat_texts.EXIT_CODE(code=item.exit_code) if item.exit_code else chat_texts.FAILED()
            return chat_texts.joined(how, duration), "failed"
        case "declined":
            return chat_texts.DECLINED(), "secondary"
        case "interrupted":
            return chat_texts.joined(chat_texts.INTERRUPTED(), duration), "secondary"
        case "cut":
            return chat_texts.AGENT_ENDED_HERE(), "needs_you"
        case "running":
            return "", "secondary"  # The line below says what runs.
        case _:
            if item.exit_code:
                return chat_texts.joined(chat_texts.EXIT_CODE(code=item.exit_code), duration), "failed"
            return duration, "secondary"


def _tool_content(item: Item, mode: Mode, markdown: MarkdownText, directory: str) -> list[Segment]:
    found: list[Segment] = []
    if item.command:
        code = Code(inner=True, language="bash", title=legible(item.directory), copies=True)
        found += code_segments(legible(item.command), code)
    elif item.directory:
        found.append(QuietLine(legible(item.directory), inner=True))
    if item.text:
        found += _inner(markdown.segments(item.text))
    if item.output:
        found += _output(item, mode)
    for change in item.changes:
        found += patches.of_change(change, item.id, directory, whole=mode.whole)
    return [*found, *_pictures(item)]


def _output(item: Item, mode: Mode) -> list[Segment]:
    text = item.output.removesuffix("\n")
    lines = text.count("\n") + 1
    if mode.whole or (lines <= MAX_LINES and len(text) <= _MAX_CHARACTERS):
        return _block(text, title=chat_texts.OUTPUT())
    half = MAX_LINES // 2
    if lines > MAX_LINES:
        head = "\n".join(text.split("\n", half)[:half])
        tail = "\n".join(text.rsplit("\n", half)[-half:])
    else:
        head, tail = text, text
    head, tail = head[: _MAX_CHARACTERS // 2], tail[-_MAX_CHARACTERS // 2 :]
    hidden = chat_texts.HIDDEN_LINES(n=lines - 2 * half) if lines > MAX_LINES else chat_texts.HIDDEN_TEXT()
    return [*_block(head, title=chat_texts.OUTPUT()), patches.hidden_line(hidden, item.id), *_block(tail, title="")]


def has_failed(item: Item) -> bool:
    """Whether an item is a tool call of the main agent that failed."""
    return item.kind == "tool" and not item.parent and (item.status == "failed" or bool(item.exit_code))


def _last_lines(item: Item) -> list[Segment]:
    """The end of a failed call's output, which mostly says why."""
    lines = item.output.rstrip("\n").split("\n")
    shown = _block("\n".join(lines[-_LAST_LINES:]), title="") if item.output.strip() else []
    if len(lines) > _LAST_LINES and shown and isinstance(first := shown[0], Code):
        hidden = f"{chat_texts.HIDDEN_LINES(n=len(lines) - _LAST_LINES)}\n"
        runs = (Run(hidden, Face.SECONDARY), *first.runs)
        shown[0] = dataclasses.replace(first, text=hidden + first.text, runs=runs)
    return shown


def _block(text: str, *, title: str) -> list[Segment]:
    """An output as a block of code, in pieces; colours are kept, and very long lines are split."""
    found: list[list[Run]] = []
    for line in ansi.lines(text):
        if sum(len(run.text) for run in line) <= _MAX_LINE_CHARACTERS:
            found.append(line)
            continue
        for run in line:
            found += [
                [run._replace(text=run.text[start : start + _MAX_LINE_CHARACTERS])]
                for start in range(0, len(run.text), _MAX_LINE_CHARACTERS)
            ]
    segments: list[Segment] = []
    longest = longest_line("".join(run.text for run in line) for line in found)
    for start in range(0, len(found), LINES_PER_CHUNK):
        piece = found[start : start + LINES_PER_CHUNK]
        runs = [run for number, line in enumerate(piece) for run in ([Run("\n"), *line] if number else line)]
        segments.append(
            Code(
                "".join(run.text for run in runs),
                inner=True,
                runs=tuple(runs) or (Run(""),),
                longest=longest,
                line=start + 1,
                lines=len(found),
                first=start == 0,
                last=start + LINES_PER_CHUNK >= len(found),
                title=title if start == 0 else "",
                copies=bool(title) and start == 0,
            )
        )
    return segments


def _plan(item: Item) -> list[Segment]:
    done = sum(entry.status == "completed" for entry in item.plan)
    head = FoldLine(chat_texts.PLAN(done=done, count=len(item.plan)), item=item.id, icon=Glyph.PLAN)
    return [head, *(PlanLine(legible(entry.text), inner=True, state=entry.status) for entry in item.plan)]


def _raw(item: Item, mode: Mode) -> list[Segment]:
    unfolded = is_unfolded(item, mode)
    title = legible(item.title) or chat_texts.UNKNOWN_MESSAGE()
    head = FoldLine(title, item=item.id, icon=Glyph.CODE, folded=not unfolded if item.text else None)
    if not unfolded:
        return [head]
    text = item.text
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        pass  # The message is cut off, or is not JSON: it is shown as it is.
    return [head, *code_segments(legible(text), Code(inner=True, language="json", copies=True))]
