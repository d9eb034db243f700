"""Adds files and pictures to a prompt, as the user chooses, pastes or drops them."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from gui.chat.pictures import ImageDialog
from gui.theme.theme import Theme
from gui.wording import chat_texts, notice_texts
from session_host.structured.mentions import mention

from .attachments import Attachments
from .completion import DirectoryFiles
from .editor import PromptEditor


class Attaching:
    """Adds images to the attachments of a prompt, and the paths of other files to its text.

    Attributes:
        takes_images: whether the agent takes images.
    """

    def __init__(
        self,
        theme: Theme,
        box: QWidget,
        editor: PromptEditor,
        files: DirectoryFiles,
        attachments: Attachments,
        inform: Callable[[str], object],
    ) -> None:
        """Add what the user pastes or drops.

        Args:
            theme: the theme.
            box: the widget that a dialog belongs to.
            editor: the field with the text.
            files: has the directory that paths are relative to.
            attachments: gets the images.
            inform: gets a line for the user about what was not added.
        """
        self._theme, self._box, self._editor, self._files = theme, box, editor, files
        self._attachments, self._inform = attachments, inform
        self.takes_images = False
        self._copy: Callable[[list[str], Callable[[list[str]], object]], object] = lambda files, then: then(files)
        editor.image_given.connect(self._add_image)
        editor.files_given.connect(self.add_files)

    def choose_images(self) -> None:
        """Let the user choose image files in a dialog, which does not block the window."""
        dialog = ImageDialog(self._theme, self._box, self._files.directory)
        dialog.filesSelected.connect(self.add_files)
        dialog.finished.connect(lambda _result: self._editor.setFocus())
        dialog.open()

    def _add_image(self, image: object) -> None:
        if not self.takes_images:
            self._inform(chat_texts.NO_IMAGES())
        elif not isinstance(image, QImage) or image.isNull():
            self._inform(notice_texts.UNREADABLE_IMAGE())
        elif problem := self._attachments.add_image(image):
            self._inform(problem)

    def files_go_by(self, copy: Callable[[list[str], Callable[[list[str]], object]], object]) -> None:
        """Set what copies files to the chat's machine, and then gives their paths there to a function."""
        self._copy = copy

    def add_files(self, files: list[str]) -> None:
        """Attach images; put the paths of other files into the text."""
        others, problems = [], []
        for path in files:
            problem = self._attachments.add_file(path) if self.takes_images else None
            if problem is None:
                others.append(path)
            else:
                problems.append(problem)
        if any(problems):
            self._inform(chat_texts.joined(*problems))
        if others:
            self._copy(others, self._mention)

    def _mention(self, files: list[str]) -> None:
        for path in files:
            directory = self._files.directory
            inside = directory and os.path.commonpath([directory, path]) == directory
            name = os.path.relpath(path, directory) if inside else path
            self._editor.insertPlainText(f"{mention(name)} ")
