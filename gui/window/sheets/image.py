"""Shows an image of a chat as large as it is or as fits, and copies and saves it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.chat.pictures import decode, save_image
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_S_PX
from gui.window.sheets.sheet import InfoSheet, button_row
from gui.window.widgets.parts import button, label
from gui.window.widgets.picture_view import PictureView
from gui.wording import chat_texts, common_texts
from session_host.protocol.values import Image

_MIN_SIZE = QSize(440, 240)
"""The smallest area for a picture, so that a small or narrow one can be zoomed."""


class ImageSheet(InfoSheet):
    """Shows one image; Escape, Enter or a click beside it closes the sheet."""

    returns_focus = True

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, chat_texts.IMAGE(), 0)
        self._image = Image("", b"")
        self._picture = QImage()
        self._directory = ""
        self.view = PictureView(theme)
        self.about = label("", "secondary")
        self.copy = button(common_texts.COPY(), "", self._copy)
        self.save = button(chat_texts.SAVE_AS(), "", self._save)
        self.close_button = button(common_texts.CLOSE(), "", self.dismiss)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.view.addAction(chat_texts.COPY_IMAGE(), self._copy)
        self.view.addAction(chat_texts.SAVE_IMAGE_AS(), self._save)
        layout = self.column(GAP_S_PX)
        layout.addWidget(self.view, 1)
        layout.addLayout(button_row(self.copy, self.save, self.close_button, words=self.about))

    def show_image(self, image: Image, directory: str) -> None:
        """Open the sheet with an image of a chat in this directory; no effect on one that cannot be decoded."""
        picture = decode(image)
        if picture is None:
            return
        self._image, self._picture, self._directory = image, picture, directory
        about = chat_texts.about_image(picture.width(), picture.height(), image.mime, len(image.data))
        self.about.setText(about)
        self.view.setAccessibleName(about)
        self.open()
        self.view.show_picture(picture)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def center(self) -> None:
        """Fit the sheet to the picture, as far as the window has room."""
        layout = self.body.layout()
        assert layout is not None
        layout.activate()
        below = layout.minimumSize() - self.view.minimumSizeHint().expandedTo(QSize(0, 0))
        room = self.around.size() - QSize(2 * GAP_L_PX, 2 * GAP_L_PX)
        wanted = (self._picture.size() + QSize(2 * GAP_L_PX, below.height())).expandedTo(_MIN_SIZE).boundedTo(room)
        self.setGeometry(self.around.rect())
        self.body.setFixedWidth(max(wanted.width(), 0))
        self._place(wanted.width(), wanted.height())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setImage(self._picture)
        self.about.setText(common_texts.COPIED())

    def _save(self) -> None:
        save_image(self._theme, self, self._image, self._directory, self.about.setText)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.matches(QKeySequence.StandardKey.Save):
            self._save()
        else:
            super().keyPressEvent(event)
