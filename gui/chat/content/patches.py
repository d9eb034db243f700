"""Changes of files as segments: a head for each file, its lines, and the pairs of lines for two columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile, zip_longest
from pathlib import PurePosixPath

from gui.theme.icons import Glyph
from gui.wording import changes_texts, chat_texts
from session_host.protocol.untrusted_text import legible
from session_host.protocol.values import FileLocation
from session_host.structured.items import FileChange
from session_host.structured.patches import DiffFile, DiffLine, read_diff

from .markdown import plain_paragraphs
from .segments import (
    LINES_PER_CHUNK,
    Action,
    Button,
    Diff,
    DiffHead,
    QuietLine,
    Segment,
    longest_line,
)

MAX_LINES = 200
"""If a file's change has more lines, only the first ones are shown until the user chooses "Show all"."""
_MAX_LINE_CHARACTERS = 2_000
"""Only this much of a line is shown: its beginning, or the part around its first change."""
_CHARACTERS_BEFORE_CHANGE = 200
_PLAIN_MODE = "100644"


def of_change(change: FileChange, item: str, directory: str, *, whole: bool) -> list[Segment]:
    """The segments of one file's change.

    Args:
        change: the change.
        item: the id of its item.
        directory: the chat's directory; paths below it are shown relative to it.
        whole: whether all lines are shown.
    """
    old = "" if change.kind == "add" else change.path
    new = "" if change.kind == "delete" else change.moved_to or change.path
    file = DiffFile(old, new)
    for part in read_diff(change.patch):
        file.lines += part.lines
        file.other += part.other
        file.is_binary = file.is_binary or part.is_binary
        file.modes = part.modes if any(part.modes) else file.modes
    return of_file(file, item, directory, whole=whole)


def of_diff(diff: str, item: str, directory: str) -> list[Segment]:
    """The segments of a request's diff, of any number of files; nothing is hidden, since the user allows all of it."""
    return [
        segment for file in read_diff(diff) for segment in of_file(file, item, directory, whole=True, is_made=False)
    ]


def of_file(file: DiffFile, item: str, directory: str, *, whole: bool, is_made: bool = True) -> list[Segment]:
    """The segments of a file's change.

    Args:
        file: the change.
        item: the id of its item.
        directory: paths below it are shown relative to it.
        whole: whether all lines are shown.
        is_made: whether the change is made; one that the user is asked to allow is shown with whole lines.
    """
    found: list[Segment] = []
    if file.old or file.new or file.lines:
        found = _head_and_lines(file, item, directory, whole=whole, is_made=is_made)
    if other := "\n".join(file.other).strip("\n"):
        found += plain_paragraphs(legible(other))
    return found


def _head_and_lines(file: DiffFile, item: str, directory: str, *, whole: bool, is_made: bool) -> list[Segment]:
    lines = _shown_lines(file.lines, cuts_long_lines=is_made)
    kinds = [line.kind for line in lines]
    old, new = (shown_path(path, directory) for path in (file.old, file.new))
    path = new or old
    header = _header(file, old, new)
    digits = len(str(max((max(line.old, line.new) for line in lines if line.has_sign), default=0) or ""))
    longest = longest_line(line.text for line in lines if line.has_sign)
    found: list[Segment] = [
        DiffHead(
            path,
            inner=True,
            item=item,
            added=kinds.count("+"),
            removed=kinds.count("-"),
            note=_note(file, old, new),
            empty=not lines,
            can_pair="+" in kinds and "-" in kinds,
            header=header,
            patch=_patch(header, file.lines),
            file=_file_to_open(file, is_made=is_made),
            digits=digits,
            longest=longest,
        )
    ]
    shown = lines if whole or len(lines) <= MAX_LINES else lines[:MAX_LINES]
    language = PurePosixPath(path).suffix.removeprefix(".")
    start = 0
    while start < len(shown):
        end = min(start + LINES_PER_CHUNK, len(shown))
        while end < len(shown) and end < start + 2 * LINES_PER_CHUNK and shown[end].kind in "+-":
            end += 1  # Removed and added lines that adjoin stay together.
        piece = shown[start:end]
        text = "\n".join(line.signed_text for line in piece)
        found.append(
            Diff(
                text,
                inner=True,
                lines=piece,
                language=language,
                first=not start,
                last=end == len(shown),
                digits=digits,
                longest=longest,
            )
        )
        start = end
    if len(shown) < len(lines):
        found.append(hidden_line(chat_texts.HIDDEN_LINES(n=len(lines) - len(shown)), item))
    return found


def hidden_line(text: str, item: str, *, inner: bool = True) -> QuietLine:
    """A line in place of a hidden part of an item, with a button that shows all of it."""
    show = Button(chat_texts.SHOW_ALL(), Action("show_all", item))
    return QuietLine(text, inner=inner, icon=Glyph.MORE, buttons=(show,))


def _file_to_open(file: DiffFile, *, is_made: bool) -> FileLocation | None:
    """The file on the disk, with its first changed line; None if there is none, or no text."""
    path = file.new if is_made else file.old
    if not path or file.is_binary:
        return None
    from_first_change = dropwhile(lambda line: line.kind not in "+-", file.lines)
    numbers = (line.new if is_made else line.old for line in from_first_change if line.has_sign)
    return FileLocation(path, next(filter(None, numbers), 0))


def _shown_lines(lines: Sequence[DiffLine], *, cuts_long_lines: bool) -> tuple[DiffLine, ...]:
    """The lines as they are shown, with their partners.

    Misleading characters are escapes. A "\\r" is shown only if not all lines end with it.
    """
    same_ends = all(line.text.endswith("\r") for line in lines if line.has_sign)
    texts = [line.text.removesuffix("\r") if same_ends or not line.has_sign else line.text for line in lines]
    partners = [(left, right) for left, right in pairs(lines) if left is not None and right is not None]
    parts = {
        number: _part_around_change(texts[left], texts[right])
        for left, right in partners
        for number in (left, right)
        if left != right
    }
    shown = [
        line._replace(text=legible(_cut(text, *parts.get(number, (0, 0))) if cuts_long_lines else text))
        for number, (line, text) in enumerate(zip(lines, texts, strict=True))
    ]
    for left, right in partners:
        if left != right:
            old, new = shown[left], shown[right]
            shown[left], shown[right] = old._replace(partner=new.text), new._replace(partner=old.text)
    return tuple(shown)


def equal_characters(text: str, partner: str) -> int:
    """With how many equal characters two lines begin."""
    differing = (number for number, (one, other) in enumerate(zip(text, partner, strict=False)) if one != other)
    return next(differing, min(len(text), len(partner)))


def _part_around_change(text: str, partner: str) -> tuple[int, int]:
    """How many characters of a long line and its partner are hidden: before their first difference, and at their ends.

    The numbers are the same for both, so that both parts end alike.
    """
    longer = max(len(text), len(partner))
    if longer <= _MAX_LINE_CHARACTERS:
        return 0, 0
    start = equal_characters(text, partner)
    before = max(min(start - _CHARACTERS_BEFORE_CHANGE, longer - _MAX_LINE_CHARACTERS), 0)
    return before, max(longer - before - _MAX_LINE_CHARACTERS, 0)


def _cut(text: str, before: int, after: int) -> str:
    """A line without its first and its last characters, of which only as much is shown as is allowed."""
    before = before if before < len(text) else 0
    end = len(text) - after
    if not before < end <= before + _MAX_LINE_CHARACTERS:
        end = min(before + _MAX_LINE_CHARACTERS, len(text))
    return changes_texts.cut_line(before, text[before:end], len(text) - end)


def shown_path(path: str, directory: str) -> str:
    """A file's path, relative to the chat's directory if it is below that."""
    base = directory.rstrip("/") + "/"
    return legible(path.removeprefix(base) if base != "/" else path)


def _note(file: DiffFile, old: str, new: str) -> str:
    """The change of the file itself, such as "new file" or "renamed from a.py"."""
    notes = []
    if not old and new:
        notes.append(changes_texts.NEW_FILE())
    elif old and not new:
        notes.append(changes_texts.DELETED_FILE())
    elif old != new:
        is_renamed = PurePosixPath(old).parent == PurePosixPath(new).parent
        notes.append(
            changes_texts.RENAMED_FROM(name=PurePosixPath(old).name)
            if is_renamed
            else changes_texts.MOVED_FROM(path=old)
        )
    if file.is_binary:
        notes.append(changes_texts.BINARY_FILE())
    notes.append(_mode_note(*file.modes))
    if not file.lines and not any(notes):
        notes.append(changes_texts.CHANGED_FILE())
    return chat_texts.joined(*notes)


def _mode_note(before: str, after: str) -> str:
    """The change of a file's mode, or the mode of a new file; "" for a plain one."""
    match before or _PLAIN_MODE, after:
        case (_, "") | ("100644", "100644"):
            return ""
        case "100644", "100755":
            return changes_texts.EXECUTABLE()
        case "100755", "100644":
            return changes_texts.NOT_EXECUTABLE()
        case _:
            return changes_texts.FILE_MODE(mode=legible(after))


def _header(file: DiffFile, old: str, new: str) -> str:
    """The lines above a file's hunks, in a form that git and patch accept."""
    sides = [f"{side}{path}" if path[:1] not in {"/", ""} else path for side, path in (("a/", old), ("b/", new))]
    lines = []
    if old and new and old != new:
        lines = [f"diff --git a/{old} b/{new}", f"rename from {old}", f"rename to {new}"]
    elif not file.lines:
        lines = [f"diff --git a/{old or new} b/{old or new}"]
        lines += [] if old and new else ["deleted file mode 100644" if old else "new file mode 100644"]
    if file.lines:
        lines += [f"--- {sides[0] or '/dev/null'}", f"+++ {sides[1] or '/dev/null'}"]
    return "\n".join(lines)


def _patch(header: str, lines: Sequence[DiffLine]) -> str:
    """A file's change as a patch."""
    return "\n".join([header, *(line.signed_text for line in lines)]) + "\n"


def pairs(lines: Sequence[DiffLine]) -> list[tuple[int | None, int | None]]:
    """The rows of two columns: the numbers of the lines left and right; a context line is in both."""
    rows: list[tuple[int | None, int | None]] = []
    removed: list[int] = []
    added: list[int] = []

    def flush() -> None:
        rows.extend(zip_longest(removed, added))
        removed.clear()
        added.clear()

    for number, line in enumerate(lines):
        if line.kind == "-":
            if added:
                flush()
            removed.append(number)
        elif line.kind == "+":
            added.append(number)
        else:
            flush()
            rows.append((number, number))
    flush()
    return rows
