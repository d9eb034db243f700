"""The context menu of a transcript."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from gui.chat.content.hunks import first_of_hunk
from gui.chat.content.segments import Action, Diff
from gui.chat.drawing.code import hunk_name
from gui.input.shortcuts import KeyOf, no_key, show_key
from gui.theme.menu import Menu
from gui.wording import changes_texts, chat_texts, common_texts, page_texts

from .diff_lines import PointedHunk, hunk_at_line, line_at_point, with_marked
from .painting import PaintedPage
from .pointing import Pointer


class ContextMenu(QObject):
    """The context menu of a page: what is at a point, and the selection.

    Attributes:
        key_of: returns the window's key of an action by its name; of an action without one, the page's own is shown.

    Signals:
        image_made(QMenu, Image): the menu for an image was made.
        made(QMenu, str): the menu for the row with this key was made.
        built(QMenu, QPointF): the menu for a point has all that the view can do.
    """

    image_made = Signal(QMenu, object)
    made = Signal(QMenu, str)
    built = Signal(QMenu, QPointF)

    def __init__(
        self,
        page: PaintedPage,
        pointer: Pointer,
        *,
        copy: Callable[[], object],
        copy_markdown: Callable[[], object],
        select_all: Callable[[], object],
        run_action: Callable[[Action], object],
        run_on_hunk: Callable[[str, PointedHunk], object],
    ) -> None:
        """Set up the menu.

        Args:
            page: the page.
            pointer: the mouse on it, which knows what is at a point.
            copy: copies the selected text.
            copy_markdown: copies it as markdown.
            select_all: selects the whole transcript.
            run_action: runs the action of a link or of the name of a file.
            run_on_hunk: does something about a hunk.
        """
        super().__init__(page)
        self._page, self._pointer = page, pointer
        self._copy, self._copy_markdown, self._select_all = copy, copy_markdown, select_all
        self._run_action, self._run_on_hunk = run_action, run_on_hunk
        self.key_of: KeyOf = no_key

    def build(self, point: QPointF) -> QMenu:
        """The menu for a point; closing it deletes it."""
        page, pointer, run_action = self._page, self._pointer, self._run_action
        menu = Menu(page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        selected = not page.selection.is_empty(page.rows)
        if address := pointer.link_at(point):
            menu.addAction(page_texts.OPEN_LINK(), lambda: run_action(Action("link", value=address)))
            menu.addAction(page_texts.COPY_LINK(), lambda: QGuiApplication.clipboard().setText(address))
            menu.addSeparator()
        elif (found := pointer.file_at(point)) is not None and (path := page.names.path_of(found[1].file.path)):
            file = found[1].file._replace(path=path)
            menu.addAction(page_texts.OPEN_FILE(), lambda: run_action(Action("file", file=file)))
            menu.addAction(page_texts.COPY_PATH(), lambda: QGuiApplication.clipboard().setText(file.text))
            menu.addSeparator()
        else:
            control = page.control_of(pointer.control_at(point))
            if control is not None and control.action.image is not None:
                self.image_made.emit(menu, control.action.image)
                menu.addSeparator()
        copy = menu.addAction(common_texts.COPY(), self._copy)
        copy.setEnabled(selected)
        menu.addAction(chat_texts.COPY_AS_MARKDOWN(), self._copy_markdown).setEnabled(selected)
        select_all = menu.addAction(common_texts.SELECT_ALL(), self._select_all)
        for action, name, own in (
            (copy, "copy", QKeySequence.StandardKey.Copy),
            (select_all, "select_all", QKeySequence.StandardKey.SelectAll),
        ):
            key = self.key_of(name)
            show_key(action, QKeySequence(own) if key.isEmpty() else key)
        self._add_hunk_actions(menu, point)
        if (each := page.segment_at(point)) is not None:
            self.made.emit(menu, page.rows.key(each.position))
        self.built.emit(menu, point)
        return menu

    def _add_hunk_actions(self, menu: QMenu, point: QPointF) -> None:
        """Add what the buttons of the hunk at a point do; a comment is on the line there."""
        page = self._page
        placed, line = page.segment_at(point), line_at_point(page, point)
        if placed is None or line is None or (hunk := hunk_at_line(page, line.key, line.first)) is None:
            return
        segments = page.rows.row(placed.position).segments
        first = segments[first_of_hunk(segments, placed.number)]
        if (
            marked := with_marked(page, hunk, line.first - hunk.at)
        ) is not None and marked.first <= hunk.at <= marked.at:
            hunk = marked
        is_line = bool(hunk.lines[hunk.at : hunk.at + 1]) and hunk.lines[hunk.at].has_sign
        menu.addSeparator()
        for button in first.buttons if isinstance(first, Diff) else ():
            kind = button.action.kind
            name = changes_texts.COMMENT_ON_LINE() if kind == "comment" else hunk_name(button.action)
            if kind != "comment" or is_line:
                menu.addAction(name, partial(self._run_on_hunk, kind, hunk))
        menu.addSeparator()
