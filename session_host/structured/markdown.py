"""A transcript as Markdown, for a file that people read. Pure.

The agent's messages stay Markdown, except for markup that loads something when the file is shown: images and HTML,
without the line break ``<br>``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Final

from session_host.protocol.untrusted_text import one_line

from .fences import NestedFences, is_markdown
from .items import AgentRequest, FileChange, Item, Question, RequestResolved
from .shortening import shown_command
from .text import (
    CANNOT_BE_ALLOWED,
    REMARKS,
    allowed_ms,
    answered,
    change_title,
    clean_lines,
    exact_lines,
    image_size,
    state_line,
    tool_title,
)
from .transcript import Transcript

_HEADING_CHARACTERS: Final = 72
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|!])")
_BACKTICKS: Final = re.compile("`+")
_FENCE: Final = re.compile(r"(?P<marker> *(?:(?:[-*+]|\d+[.)]) +)*)(?:(?P<backticks>`{3,})[^`]*|(?P<tildes>~{3,}).*)")
"""The beginning of a code block, also within a list item."""

_QUOTED_FENCE: Final = re.compile(r"^([^\w`~]*[\d.)>*+ -]*)(`{3}(?=`*[^`]*$)|~{3})")
"""The beginning of a code block in other places, such as a quotation."""

_CODE: Final = re.compile("(`+)[^`]+\\1(?!`)")
_LOADS: Final = re.compile(r"!(?=\[)|<(?![Bb][Rr] ?/?>)(?=[A-Za-z/!?])")
_ESCAPES: Final = {"!": "! ", "<": "&lt;"}


def markdown_of(transcript: Transcript, *, title: str = "", about: str = "", zone: tzinfo = UTC) -> Iterator[str]:
    """Yield the document in pieces.

    Args:
        transcript: the transcript.
        title: the document's heading.
        about: a line below it.
        zone: the zone of the times.
    """
    yield f"# {_escaped(title or transcript.status.title or 'Chat')}\n"
    if about:
        yield f"\n{_escaped(about)}\n"
    resolved = answered(transcript)
    turn = 0
    previous: Item | None = None
    for position, item in enumerate(transcript):
        if item.kind == "user" and (previous is None or previous.kind != "user"):
            turn += 1
            yield f"\n## {turn}. {_heading(item)}\n\n*{_time(item.at_ms, zone)}*\n"
        answers = resolved.get(position, ())
        yield f"\n{_item(item, allowed_ms(item, answers))}"
        for request, answer in answers:
            yield f"\n{_answer(request, answer, zone, is_shown=request.item in transcript)}"
        previous = item
    for request in transcript.open_requests:
        yield f"\n{_request(request)}\n**Not answered yet.**\n"
    if text := state_line(transcript):
        yield f"\n*{_escaped(text)}*\n"


def fenced(text: str, language: str = "") -> str:
    """A code block; its fence is longer than any in the text."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _item(item: Item, allowed_ms: int) -> str:
    match item.kind:
        case "user":
            return _prompt(item)
        case "agent":
            remark = "failed" if item.status == "failed" else REMARKS.get(item.status, "")
            parts = [harmless(item.text), *_images(item), *([f"*({remark})*"] if remark else [])]
            return "\n\n".join(part for part in parts if part) + "\n"
        case "thought":
            return _folded("Thought", harmless(item.text) + "\n")
        case "tool":
            return _tool(item, allowed_ms)
        case "plan":
            marks = {"completed": "[x]", "in_progress": "[ ] *now:*", "pending": "[ ]"}
            return "".join(f"- {marks[step.status]} {_escaped(step.text)}\n" for step in item.plan)
        case "notice":
            return f"*{_escaped(item.text)}*\n"
        case _:
            return _folded(item.title or "a message of the agent", fenced("\n".join(clean_lines(item.text)), "json"))


def _prompt(item: Item) -> str:
    text = [f"> {_harmless_line(line)}".rstrip() for line in clean_lines(item.text)]
    images = [f"> {image}" for image in _images(item)]
    remark = REMARKS.get(item.status)
    return "\n".join([*_with_breaks([*text, *images]), *(["", f"*({remark})*"] if remark else [])]) + "\n"


def _images(item: Item) -> list[str]:
    """A line for each picture of an item."""
    return [f"*image: {_escaped(image.mime)}, {image_size(image)}*" for image in item.images]


def _with_breaks(quoted: list[str]) -> list[str]:
    """The lines of a quotation, with line breaks between the lines of a paragraph, as the user typed them."""
    shown = [f"{line}  " if line != ">" and after != ">" else line for line, after in pairwise(quoted)]
    return [*shown, *quoted[-1:]]


def _tool(item: Item, allowed_ms: int) -> str:
    parts = [_change(change) for change in item.changes]
    if item.tool == "execute" and len(shown_command(item.command).strip().splitlines()) > 1:
        parts.append(fenced("\n".join(clean_lines(shown_command(item.command))), "sh"))
    if item.text.strip():
        parts.append(harmless(item.text) + "\n")
    if item.output.strip():
        parts.append(fenced("\n".join(clean_lines(item.output)), "text"))
    parts += [f"{image}\n" for image in _images(item)]
    title = tool_title(item, allowed_ms)
    return _folded(title, "\n".join(parts), is_open=bool(item.changes)) if parts else f"{_escaped(title)}\n"


def _change(change: FileChange) -> str:
    path = one_line(change.path)
    head = (
        "/dev/null" if change.kind == "add" else f"a/{path}",
        "/dev/null" if change.kind == "delete" else (f"b/{one_line(change.moved_to) or path}"),
    )
    if not change.patch:
        return f"{_escaped(change_title(change))}\n"
    return fenced("\n".join([f"--- {head[0]}", f"+++ {head[1]}", *clean_lines(change.patch)]), "diff")


def _request(request: AgentRequest) -> str:
    parts = [f"**{_escaped(request.title)}**\n"]
    if request.subject:
        parts.append(fenced("\n".join(exact_lines(request.subject)), "diff" if request.kind == "edit" else "sh"))
    facts = [f"in {request.directory}"] if request.directory else []
    facts += [request.reason] if request.reason else []
    parts += [f"{_escaped(fact)}\n" for fact in facts]
    parts += [_question(question) for question in request.questions]
    parts += [] if request.complete else [f"{_escaped(CANNOT_BE_ALLOWED)}\n"]
    return "\n".join(parts)


def _question(question: Question) -> str:
    options = [f"- {_escaped(f'{name}: {meaning}' if meaning else name)}\n" for name, meaning in question.described()]
    return "".join([f"{_escaped(question.shown_text)}\n", *(["\n"] if options else []), *options])


def _answer(request: AgentRequest, answer: RequestResolved, zone: tzinfo, *, is_shown: bool) -> str:
    """A request and its answer, without the subject if an item shows it (``is_shown``)."""
    name = f"→ {_escaped(answer.name or answer.option or 'no longer asked')}, *{_time(answer.at_ms, zone)}*\n"
    return f"**{_escaped(request.title)}** {name}" if is_shown else f"{_request(request)}\n{name}"


def _folded(summary: str, content: str, *, is_open: bool = False) -> str:
    """A section that is folded until the reader opens it."""
    escaped_summary = html.escape(one_line(summary))
    return f"<details{' open' if is_open else ''}><summary>{escaped_summary}</summary>\n\n{content}\n</details>\n"


def _heading(item: Item) -> str:
    text = next((line.strip() for line in clean_lines(item.text) if line.strip()), "Image")
    return _escaped(text if len(text) <= _HEADING_CHARACTERS else f"{text[: _HEADING_CHARACTERS - 1]}…")


def _time(at_ms: int, zone: tzinfo) -> str:
    try:
        moment = datetime.fromtimestamp(at_ms / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return "unknown time"
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}".rstrip()


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))


# ---------------------------------------------------------------- markup of the agent


def harmless(text: str) -> str:
    """Markdown without markup that loads something when it is shown; an open code block is closed, line ends stay.

    Code blocks begin at the margin, also those of lists, so that each renderer sees the same ones. Elsewhere images
    become links and HTML becomes text, except in code spans that every renderer recognizes.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    fence, indentation, begin = "", 0, 0
    inside: NestedFences | None = None

    def end_paragraph() -> None:
        safe = all(_has_whole_spans(line) for line in paragraph)
        # Two blanks at its end make a line's end a line break: it was one in the chat.
        lines.extend(f"{_harmless_line(line, keeps_code=safe)}  " for line in paragraph[:-1])
        lines.extend(_harmless_line(line, keeps_code=safe) for line in paragraph[-1:])
        paragraph.clear()

    for line in clean_lines(text):
        bare = line.lstrip(" ")
        if fence:
            is_bare = len(bare) >= len(fence) and not bare.strip(fence[0])
            if inside.ends_with(bare) if inside is not None else is_bare:
                longer = _longer(fence, lines[begin + 1 :])
                lines[begin] = longer + lines[begin].removeprefix(fence)
                lines.append(longer)
                fence = ""
            else:
                lines.append(line[min(indentation, len(line) - len(bare)) :])
        elif found := _FENCE.fullmatch(line):
            if marker := found["marker"].rstrip():
                paragraph.append(marker)
            end_paragraph()
            fence, indentation = found["backticks"] or found["tildes"], len(found["marker"])
            begin = len(lines)
            lines.append(line[indentation:])
            inside = NestedFences(fence) if is_markdown(lines[begin].removeprefix(fence)) else None
        elif not bare:
            end_paragraph()
            lines.append("")
        else:
            paragraph.append(_QUOTED_FENCE.sub(r"\1\\\2", line))
    end_paragraph()
    return "\n".join([*lines, *([fence] if fence else [])])


def _longer(fence: str, inside: Sequence[str]) -> str:
    """A block's fence, or one that is longer than those of the blocks inside."""
    runs = [len(line) - len(line.lstrip(fence[0])) for line in map(str.lstrip, inside)]
    return fence[0] * max(len(fence), *(run + 1 for run in runs if run >= len(fence)), 0)


def _has_whole_spans(line: str) -> bool:
    """Whether all renderers agree that each backtick of a line belongs to a code span."""
    return "\\" not in line and "|" not in line and "`" not in _CODE.sub("", line)


def _harmless_line(line: str, *, keeps_code: bool = False) -> str:
    end = 0
    parts = []
    for code in _CODE.finditer(line) if keeps_code else ():
        parts += [_without_loads(line[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*parts, _without_loads(line[end:])])


def _without_loads(text: str) -> str:
    return _LOADS.sub(lambda found: _ESCAPES[found.group()], text)
