"""A changed file as segments: its head, its lines, and why lines are missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import msgspec

from gui.bridge.changes import LINK, ChangedFile, Changes, can_discard_file, readable
from gui.chat.content import patches
from gui.chat.content.hunks import with_below
from gui.chat.content.items import ItemRequests, Mode
from gui.chat.content.markdown import MarkdownText
from gui.chat.content.segments import Action, Button, Card, Diff, DiffHead, QuietLine, Segment
from gui.theme.icons import Glyph
from gui.wording import changes_texts, chat_texts, common_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import FileChange, Item
from session_host.structured.patches import DiffFile, DiffLine

from .anchors import Anchored, lines_of

_CONTEXT = 3
"""git's usual number of unchanged lines below a change; fewer at the end of a file."""


class HiddenLines:
    """The lines of one file before its change, and which of those that the diff hides are shown.

    Attributes:
        lines: the lines of the file; None until they are read.
        opened: the old numbers of the hidden lines that the user has opened.
        commented: the old numbers of those that are shown because of a comment.
    """

    def __init__(self) -> None:
        self.lines: tuple[str, ...] | None = None
        self.opened: set[int] = set()
        self.commented: set[int] = set()

    @property
    def shown(self) -> set[int]:
        """The old numbers of the hidden lines that are shown."""
        return self.opened | self.commented

    def fits(self, diff: Iterable[DiffLine]) -> bool:
        """Whether a diff changes these lines."""
        lines = self.lines or ()
        return all(
            line.old <= len(lines) and lines[line.old - 1] == line.text
            for line in diff
            if line.kind in {" ", "-"} and line.old
        )

    def in_diff(self, diff: Sequence[DiffLine], *, all_lines: bool = False) -> list[DiffLine]:
        """A diff with the opened lines, or with all lines, and with the lines below its last change."""
        found: list[DiffLine] = []
        old = new = 1
        for line in diff:
            if line.kind == "@":
                found += self._between(old, old + line.old, new - old, line.text, all_lines=all_lines)
                old, new = old + line.old, new + line.old
            else:
                found.append(line)
                old, new = old + (line.kind in {" ", "-"}), new + (line.kind in {" ", "+"})
        if self.lines is not None:
            found += self._between(old, len(self.lines) + 1, new - old, "", all_lines=all_lines)
            return _with_headings(found)
        if [line.kind for line in diff[-_CONTEXT:]] == [" "] * _CONTEXT:
            found.append(DiffLine("@", 0, 0, "", first_hidden=old))
        return found

    def _between(self, first: int, end: int, shift: int, heading: str, *, all_lines: bool) -> list[DiffLine]:
        """The lines above a hunk that the diff hides: those that are opened, and a heading for each part that is not.

        Args:
            first: the old number of the first line.
            end: the old number of the line below the last one.
            shift: the difference between new and old numbers.
            heading: the first line of the hunk.
            all_lines: whether all are opened.
        """
        if first == end:
            return [DiffLine("@", 0, 0, heading)] if heading else []
        found: list[DiffLine] = []
        shown = self.shown
        for is_opened, group in groupby(range(first, end), lambda old: all_lines or old in shown):
            numbers = list(group)
            if is_opened and self.lines is not None:
                found += [DiffLine(" ", old, old + shift, self.lines[old - 1]) for old in numbers]
            else:
                text = heading if numbers[-1] == end - 1 else ""
                found.append(DiffLine("@", len(numbers), len(numbers), text, first_hidden=numbers[0]))
        return found


def can_open(file: ChangedFile) -> bool:
    """Whether the diff of a file hides lines that can be shown: both of its sides are a text."""
    has_sides = file.state in {"modified", "renamed"} and "" not in file.modes
    return has_sides and bool(file.patch) and not file.withheld and not file.is_submodule and LINK not in file.modes


def _with_headings(lines: list[DiffLine]) -> list[DiffLine]:
    """Lines with headings that count the lines below them, as git's do: the user may copy them."""
    found = list(lines)
    old, new = 1, 1
    for number, line in enumerate(lines):
        if line.kind != "@":
            old, new = old + (line.kind in {" ", "-"}), new + (line.kind in {" ", "+"})
            continue
        old, new = old + line.old, new + line.old
        below = []
        for each in lines[number + 1 :]:
            if each.kind == "@":
                break
            below.append(each.kind)
        counts = [sum(kind in kinds for kind in below) for kinds in (" -", " +")]
        starts = [start - (not count) for start, count in zip((old, new), counts, strict=True)]
        ranges = [f"{start},{count}" for start, count in zip(starts, counts, strict=True)]
        title = line.text.partition(" @@")[2]
        text = f"@@ -{ranges[0]} +{ranges[1]} @@{title}" if below else ""
        found[number] = line._replace(text=text)
    return found


WHOLE_LINES = 2000
"""A change with more lines shows its beginning until the user chooses "Show all"."""


ELSEWHERE = "\0"
"""The id of the item with the comments on other files; no file has this path."""

_WITHHELD = {
    "large": changes_texts.TOO_LARGE,
    "limit": changes_texts.BEYOND_LIMIT,
    "unreadable": changes_texts.UNREADABLE,
}


class FileSegments:
    """The segments of changed files, by the ids of their items; see ``Content``.

    Attributes:
        comments: the comments on each file, by its path; those on files without changes by ``ELSEWHERE``.
        is_since_commit: whether the files are compared with a commit, so that changes can be discarded.
        asked: the path of the file with a question below its head; "" for none.
    """

    def __init__(self) -> None:
        self._top = ""
        self._files: dict[str, ChangedFile] = {}
        self._base = ""
        self._is_late = False
        self._hidden: dict[str, HiddenLines] = {}
        """The hidden lines of files, by the files' paths before the change."""
        self._lines: dict[str, list[DiffLine]] = {}
        self.comments: Mapping[str, Sequence[Anchored]] = {}
        self.is_since_commit = False
        self.asked = ""

    def set_changes(self, changes: Changes) -> None:
        """Set the changes."""
        self._top = changes.top
        self.is_since_commit = changes.since != "prompt"
        self._files = {file.path: file for file in changes.files}
        self._is_late = changes.is_late
        self._lines.clear()
        if changes.base != self._base:
            self._base = changes.base
            self._hidden.clear()

    def items(self) -> list[Item]:
        """One item of a transcript for each file."""
        items = [
            Item(path, "agent", 0, changes=(FileChange(shown(path), file.patch),)) for path, file in self._files.items()
        ]
        return [Item(ELSEWHERE, "agent", 0), *items] if self.comments.get(ELSEWHERE) else items

    def file(self, key: str) -> ChangedFile | None:
        """The changed file of an item."""
        return self._files.get(key)

    def hidden(self, key: str) -> HiddenLines | None:
        """The lines of a file that its diff hides; None if they cannot be shown."""
        file = self._files.get(key)
        if file is None or not (self._base and can_open(file)):
            return None
        return self._hidden.setdefault(file.old_path or file.path, HiddenLines())

    def lines(self, key: str) -> list[DiffLine]:
        """All lines of a file's diff, with those that the user has opened."""
        found = self._lines.get(key)
        if found is None:
            lines, hidden = lines_of(self._files[key]), self.hidden(key)
            found = self._lines[key] = lines if hidden is None else hidden.in_diff(lines)
        return found

    def _shown_lines(self, file: ChangedFile, *, whole: bool) -> tuple[list[DiffLine], int]:
        """The lines that are shown, and how many are missing at the end."""
        hidden = self.hidden(file.path)
        count = file.patch.count("\n")
        if not whole and count > WHOLE_LINES and (hidden is None or not hidden.shown):
            beginning = "\n".join(file.patch.split("\n", WHOLE_LINES)[:WHOLE_LINES])
            return lines_of(msgspec.structs.replace(file, patch=beginning)), count - WHOLE_LINES
        lines = self.lines(file.path)
        return (lines, 0) if whole else (lines[:WHOLE_LINES], max(len(lines) - WHOLE_LINES, 0))

    def update_lines(self, key: str) -> None:
        """Make the lines of a file again, because others of its hidden lines are opened."""
        self._lines.pop(key, None)

    def __call__(
        self, item: Item, mode: Mode, _markdown: MarkdownText, _requests: ItemRequests, _directory: str
    ) -> list[Segment]:
        comments = self.comments.get(item.id, ())
        if item.id == ELSEWHERE:
            head = QuietLine(changes_texts.COMMENTS_ELSEWHERE(), icon=Glyph.INFO)
            return [head, *(Card(request=each.comment.id) for each in comments)]
        whole = mode.whole or any((each.last or 0) >= WHOLE_LINES for each in comments)
        file = self._files[item.id]
        lines, cut = self._shown_lines(file, whole=whole)
        hidden = self.hidden(file.path)
        made = _segments(file, self._top, lines, opens=hidden is not None, cut=cut)
        is_late = self._is_late and file.withheld == "limit"
        if text := changes_texts.TOO_LATE if is_late else _WITHHELD.get(file.withheld):
            made.append(QuietLine(text(), inner=True, icon=Glyph.INFO))
        segments = with_cards(made, comments)
        for number, segment in enumerate(segments):
            if isinstance(segment, DiffHead):
                folds = hidden is not None and bool(hidden.opened)
                segments[number] = dataclasses.replace(segment, discards=self.can_discard(item.id), folds=folds)
                if item.id == self.asked:
                    segments.insert(number + 1, _question(file))
                break
        return segments

    def can_discard(self, key: str) -> bool:
        """Whether the change of a file can be discarded as a whole."""
        file = self._files.get(key)
        return file is not None and self.is_since_commit and can_discard_file(file)


def _question(file: ChangedFile) -> QuietLine:
    """The question whether to discard the change of a file; Enter takes it back."""
    yes = Action("discard", file.path, "yes")
    buttons = (
        Button(common_texts.CANCEL(), Action("discard", file.path, "no")),
        Button(changes_texts.discard_button(file.state), yes, "" if file.state == "deleted" else "failed"),
    )
    text = changes_texts.discard_question(file.state)
    return QuietLine(text, inner=True, tone="needs_you", icon=Glyph.WARNING, buttons=buttons)


def with_cards(segments: Sequence[Segment], comments: Sequence[Anchored]) -> list[Segment]:
    """The segments of a file with the cards of its comments below their lines, else at its head."""
    if not comments:
        return list(segments)
    below: dict[int, list[Segment]] = {}
    for each in comments:
        below.setdefault(-1 if each.last is None else each.last, []).append(Card(request=each.comment.id))
    found = with_below(segments, below)
    heads = [number for number, segment in enumerate(found) if isinstance(segment, DiffHead)]
    for number in reversed(heads):
        found[number + 1 : number + 1] = below.get(-1, [])
    return found


def shown(path: str) -> str:
    """A path as it is shown, in one line."""
    return one_line(readable(path))


def _segments(file: ChangedFile, top: str, lines: list[DiffLine], *, opens: bool, cut: int) -> list[Segment]:
    """The segments of a changed file.

    Args:
        file: the file.
        top: the top of the working tree.
        lines: the lines that are shown.
        opens: whether hidden lines between them can be shown.
        cut: how many lines of the change are missing at the end.
    """
    is_new = file.state in {"added", "untracked"} or not file.modes[0]
    is_gone = file.state == "deleted" or not file.modes[1]
    path, old_path = shown(file.path), shown(file.old_path or file.path)
    is_plain = LINK not in file.modes and not file.is_submodule
    change = DiffFile(
        "" if is_new and not is_gone else old_path,
        "" if is_gone and not is_new else path,
        lines,
        is_binary=file.withheld == "binary",
        modes=file.modes if is_plain else ("", ""),
    )
    found: list[Segment] = []
    for segment in patches.of_file(change, file.path, "", whole=True):
        if isinstance(segment, DiffHead):
            found.append(_head(segment, file, top))
        elif isinstance(segment, Diff) and opens:
            found.append(dataclasses.replace(segment, opens=file.path))
        else:
            found.append(segment)
    if cut:
        show = Button(chat_texts.SHOW_ALL(), Action("show_all", file.path))
        found.append(QuietLine(chat_texts.HIDDEN_LINES(n=cut), inner=True, icon=Glyph.MORE, buttons=(show,)))
    return found


def _head(head: DiffHead, file: ChangedFile, top: str) -> DiffHead:
    """A file's head with git's numbers of lines, and the file's true path to open."""
    notes = [head.note] if head.note else []
    if file.state == "conflict":
        notes.insert(0, changes_texts.CONFLICT())
    if file.state == "dropped":
        notes.append(changes_texts.NO_LONGER_TRACKED())
    if file.is_submodule:
        notes.append(changes_texts.OTHER_REPOSITORY())
    if LINK in file.modes:
        is_link = file.modes[1] in {LINK, ""}
        notes.append(changes_texts.SYMBOLIC_LINK() if is_link else changes_texts.NO_SYMBOLIC_LINK())
    patch = f"{head.header}\n{file.patch}" if file.patch else head.patch
    location = head.file
    if location is not None:
        location = None if file.is_submodule else location._replace(path=f"{top}/{file.path}")
    return dataclasses.replace(
        head, note=chat_texts.joined(*notes), added=file.added, removed=file.removed, file=location, patch=patch
    )
