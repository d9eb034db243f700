"""The list of files and commands that complete the prompt."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, islice
from typing import Final, NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem, QWidget

from gui.finding.ranking import Fit, fit
from gui.theme.controls import PopupDelegate, PopupList
from gui.theme.painting import paint_matched
from gui.theme.theme import Theme
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import SlashCommand
from session_host.structured.mentions import mention

from .editor import PromptEditor

MAX_OFFERED: Final = 50
_MAX_SCORED: Final = 300
"""The maximum number of paths that are scored: first those with the typed text in the name, then in the path."""
_IN_NAME: Final = 8
"""The bonus for a match within the path's last part."""
MAX_FILES = 50_000
"""The maximum number of files that are listed."""
_MAX_LISTING_S = 5.0
CACHE_S = 30.0
NEW_CACHE_S = 2.0
"""The same at the beginning of a path: the agent may just have made a file."""
# fmt: off
_IGNORED = frozenset({
    ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".mypy_cache", ".ruff_cache", ".tox",
    "target", "dist", "build", ".cache",
})
# fmt: on
_MAX_SHOWN = 8
_TEXT_PX = 8
"""The space before and after a row's text."""


class Completion(QObject):
    """Offers files after "@" and the agent's commands after "/"."""

    def __init__(self, theme: Theme, editor: PromptEditor, page: QWidget) -> None:
        super().__init__(editor)
        self._editor = editor
        self._page = page
        self._commands: tuple[SlashCommand, ...] = ()
        self._offers: list[str] = []
        self._positions: list[Sequence[int]] = []
        """The matched characters of each row."""
        self._word = ""
        self._dismissed = ""
        self.files = DirectoryFiles()
        self.files.listed.connect(self._offer)
        self._model = QStringListModel(self)
        self.list = PopupList(page, self._model, chat_texts.COMPLETIONS())
        self.list.setItemDelegate(_MatchDelegate(theme, self))
        self.list.clicked.connect(lambda index: self._accept(index.row()))
        editor.textChanged.connect(self._offer)
        editor.cursorPositionChanged.connect(self._offer)
        editor.completion_key.connect(self._on_key)

    def set_commands(self, commands: tuple[SlashCommand, ...]) -> None:
        """Set the agent's commands."""
        self._commands = commands

    def positions(self, row: int) -> Sequence[int]:
        """The matched characters of a row."""
        return self._positions[row] if row < len(self._positions) else ()

    def close(self) -> None:
        """Close the list."""
        self.list.hide()
        self._editor.is_completing = False

    def _offer(self) -> None:
        word = self._word = self._editor.word()
        if not word or word == self._dismissed or not self._editor.hasFocus():
            self._dismissed = self._dismissed if word else ""
            self.close()
            return
        if word.startswith("/"):
            found = [command for command in self._commands if command.name.lower().startswith(word[1:].lower())]
            self._offers = [f"/{command.name}" for command in found]
            rows = [
                chat_texts.joined(f"/{one_line(command.name)}", one_line(command.description or command.hint))
                for command in found
            ]
            self._positions = [()] * len(rows)
        else:
            matches = self.files.matching(word[1:].removeprefix('"'))
            self._offers = [_mention_of(match.path) for match in matches]
            rows = [one_line(match.path) for match in matches]
            self._positions = [
                match.positions if row == match.path else () for row, match in zip(rows, matches, strict=True)
            ]
        if not rows or self._offers == [word]:
            self.close()
            return
        if rows != self._model.stringList():
            self._model.setStringList(rows)
            self.list.setCurrentIndex(self._model.index(0))
        # A command's description is read from its beginning; the end of a path names the file.
        is_command = word.startswith("/")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight if is_command else Qt.TextElideMode.ElideMiddle)
        self.list.viewport().update()
        self._place(len(rows))
        self.list.show()
        self.list.raise_()
        self._editor.is_completing = True

    def _place(self, rows: int) -> None:
        height = self.list.height_for(min(rows, _MAX_SHOWN))
        editor = self._editor
        corner = editor.mapTo(self._page, editor.rect().topLeft())
        self.list.setGeometry(corner.x(), max(corner.y() - height - 12, 0), min(editor.width(), 560), height)

    def _on_key(self, key: int) -> None:
        row = max(self.list.currentIndex().row(), 0)
        count = len(self._offers)
        if key == Qt.Key.Key_Escape:
            self._dismissed = self._word
            self.close()
        elif key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            row = (row + (1 if key == Qt.Key.Key_Down else -1)) % max(count, 1)
            self.list.setCurrentIndex(self._model.index(row))
        else:
            self._accept(row)

    def _accept(self, row: int) -> None:
        if 0 <= row < len(self._offers):
            word, offer = self._word, self._offers[row]
            self.close()
            self._editor.complete(word, offer)
            if not offer.endswith("/"):
                self.close()


def _mention_of(path: str) -> str:
    """The mention of a path; that of a folder has no second quotation mark, since the path goes on."""
    text = mention(path)
    return text.removesuffix('"') if path.endswith("/") else text


class _MatchDelegate(PopupDelegate):
    """Paints rows with their matched characters marked."""

    def __init__(self, theme: Theme, completion: Completion) -> None:
        super().__init__(completion)
        self._theme, self._completion = theme, completion

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        text, area = str(index.data()), option.rect.adjusted(_TEXT_PX, 0, -_TEXT_PX, 0)
        positions = self._completion.positions(index.row())
        if not positions or option.fontMetrics.horizontalAdvance(text) > area.width():
            super().paint(painter, option, index)
            return
        background = QStyleOptionViewItem(option)
        self.initStyleOption(background, index)
        background.text = ""
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, background, painter, option.widget)
        painter.save()
        painter.setFont(option.font)
        painter.setPen(self._theme.tokens.color("text"))
        paint_matched(painter, area, text, positions, self._theme.tokens)
        painter.restore()


class DirectoryFiles(QObject):
    """The files of one directory, cached for some time. A file system that hangs blocks only the thread.

    Signals:
        listed(): the files were listed.
    """

    listed = Signal()

    def __init__(self) -> None:
        super().__init__()  # Without a parent: a thread may use this object after its window is deleted.
        self._directory = ""
        self._list_tracked: Callable[[str], list[str]] | None = None
        self._is_here = True
        self._files = PathIndex()
        self._listed_at_s = -CACHE_S
        self._is_listing = False

    @property
    def directory(self) -> str:
        """The directory on this machine, "" for none."""
        return self._directory if self._is_here else ""

    def set_lister(self, list_tracked: Callable[[str], list[str]], *, is_here: bool = True) -> None:
        """Set the function that lists a repository's files; it runs in a thread, and returns none elsewhere.

        Outside of a repository, the files of a directory of this machine (``is_here``) are listed.
        """
        self._list_tracked, self._is_here = list_tracked, is_here

    def set_directory(self, directory: str) -> None:
        """Set the directory."""
        if directory != self._directory:
            self._directory, self._files, self._listed_at_s = directory, PathIndex(), -CACHE_S

    def matching(self, typed: str) -> list[Match]:
        """The files that match some letters of a path, best first; lists the directory again if the cache is old."""
        age_s = time.monotonic() - self._listed_at_s
        if self._directory and not self._is_listing and age_s >= (CACHE_S if typed else NEW_CACHE_S):
            self._is_listing = True
            threading.Thread(target=self._list, args=(self._directory,), name="file list", daemon=True).start()
        return self._files.matching(typed)

    def _list(self, directory: str) -> None:
        """List the files; runs in a thread."""
        tracked = self._list_tracked(directory) if self._list_tracked is not None else []
        found = PathIndex(with_folders(nearest(tracked) or (files_in(directory) if self._is_here else [])))
        try:
            if directory == self._directory:
                self._files, self._listed_at_s = found, time.monotonic()
            self._is_listing = False
            self.listed.emit()
        except RuntimeError:
            pass  # The window was closed, and this object deleted.


def files_in(directory: str) -> list[str]:
    """The files below a directory as relative paths, nearest first; the number of files and the time are limited."""
    deadline_s = time.monotonic() + _MAX_LISTING_S
    found: list[str] = []
    waiting = [""]
    while waiting and len(found) < MAX_FILES and time.monotonic() < deadline_s:
        folder = waiting.pop(0)
        folders: list[str] = []
        try:
            with os.scandir(os.path.join(directory, folder)) as entries:  # noqa: PTH118 - many paths, quickly
                for entry in entries:
                    path = f"{folder}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _IGNORED:
                            folders.append(f"{path}/")
                    else:
                        found.append(path)
        except OSError:
            continue  # The folder cannot be read.
        waiting += sorted(folders)
    return found[:MAX_FILES]


def nearest(files: list[str]) -> list[str]:
    """The files that are listed, of too many those in the fewest folders."""
    return files if len(files) <= MAX_FILES else sorted(files, key=lambda path: path.count("/"))[:MAX_FILES]


def with_folders(files: Iterable[str]) -> set[str]:
    """The files and their folders; a folder ends with "/"."""
    found: set[str] = set()
    for path in files:
        found.add(path)
        end = path.rfind("/", 0, len(path) - 1)
        while end > 0 and (folder := path[: end + 1]) not in found:
            found.add(folder)
            end = folder.rfind("/", 0, end)
    return found


class PathIndex:
    """Paths in an order that finds the best matches of some typed letters quickly."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths = sorted(paths)
        self._paths.sort(key=len)
        self._small = [path.lower() for path in self._paths]

    def matching(self, typed: str) -> list[Match]:
        """The paths that match, best first: as in fzf, and a match within the name counts more.

        After a folder with its "/", first all that is in the folder.
        """
        if not typed:
            return [Match(path, ()) for path in self._paths[:MAX_OFFERED]]
        found = [
            (_is_outside(typed, path), best.is_scattered, -best.score, Match(path, best.positions))
            for path in self._likeliest(typed.lower())
            if not (path == typed and path.endswith("/")) and (best := _best(typed, path)) is not None
        ]
        found.sort(key=lambda each: each[:3])  # Equal matches keep their order: shorter paths first.
        return [each[-1] for each in found[:MAX_OFFERED]]

    def _likeliest(self, typed: str) -> list[str]:
        """At most ``_MAX_SCORED`` paths that have the typed letters in their order."""
        has_text = [typed in small for small in self._small]
        likely = list(compress(zip(self._paths, self._small, strict=True), has_text))
        if len(likely) > _MAX_SCORED:
            likely.sort(key=lambda each: _is_outside(typed, each[1]) or each[1].find(typed, _name_start(each[1])) < 0)
        chosen = [path for path, _small in likely[:_MAX_SCORED]]
        if len(chosen) < _MAX_SCORED:
            in_order = _in_order(typed)
            others = (
                path
                for path, small, has in zip(self._paths, self._small, has_text, strict=True)
                if not has and in_order(small)
            )
            chosen += islice(others, _MAX_SCORED - len(chosen))
        return chosen


class Match(NamedTuple):
    """A path that matches.

    Attributes:
        path: the path.
        positions: the matched characters.
    """

    path: str
    positions: tuple[int, ...]


def _best(typed: str, path: str) -> Fit | None:
    """The match within the path's last part, unless that in the whole path is better."""
    whole = fit(typed, path)
    start = _name_start(path)
    if whole is None or (named := fit(typed, path[start:])) is None:
        return whole
    named = Fit(named.score + _IN_NAME, tuple(start + index for index in named.positions), named.is_scattered)
    return min(named, whole, key=lambda each: (each.is_scattered, -each.score))


def _is_outside(typed: str, path: str) -> bool:
    """Whether a folder is typed, and the path is not in it."""
    return typed.endswith("/") and not path.startswith(typed)


def _name_start(path: str) -> int:
    """The index at which the last part of a path begins."""
    return path.rfind("/", 0, len(path) - 1) + 1


def _in_order(typed: str) -> Callable[[str], object]:
    """Whether a text has these letters in their order, without backtracking."""
    letters = [re.escape(letter) for letter in typed]
    return re.compile("".join(f"[^{letter}]*+{letter}" for letter in letters)).match
