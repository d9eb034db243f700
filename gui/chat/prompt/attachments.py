"""Images that go with a prompt, as thumbnails."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.chat.pictures import MAX_IMAGE_BYTES, TYPES, decode, fitted, fitted_picture
from gui.theme.tooltips import set_tooltip
from gui.wording import chat_texts
from gui.wording.phrases import first_upper
from session_host.protocol.messages import MAX_PROMPT_BYTES
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import Image

_THUMBNAIL_PX = 48
MAX_IMAGES = 8
MAX_BYTES = MAX_PROMPT_BYTES * 9 // 10
"""The maximum size of all images together; the rest is for the text."""


class Attachments(QWidget):
    """The images of the prompt; a click removes one.

    Signals:
        changed(): images were added or removed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._images: list[Image] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 4, 4, 0)
        self._row.setSpacing(8)
        self._row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.hide()

    @property
    def images(self) -> tuple[Image, ...]:
        """The images, in order."""
        return tuple(self._images)

    def add_image(self, image: QImage) -> str:
        """Add an image; returns the problem as a text for the user, "" if the image was added."""
        return first_upper(self._add(fitted_picture(image, self._room_bytes)))

    def add_file(self, path: str) -> str | None:
        """Add an image file; returns the problem as a text, "" if the image was added, None if the file is no image."""
        mime = TYPES.get(Path(path).suffix.lower())
        if mime is None:
            return None
        problem = self._add_from(path, mime)
        return problem and chat_texts.IMAGE_NOT_ATTACHED(name=one_line(Path(path).name), reason=problem)

    def _add_from(self, path: str, mime: str) -> str:
        """Add an image file; returns the problem, for a sentence about the file, "" if the image was added."""
        try:
            if Path(path).stat().st_size > MAX_IMAGE_BYTES:
                return chat_texts.LARGER_THAN(size=MAX_IMAGE_BYTES // (1024 * 1024))
            data = Path(path).read_bytes()
        except OSError as error:
            return error.strerror or str(error)
        image = Image(mime, data)
        if decode(image, QSize(1, 1)) is None:
            return chat_texts.NOT_AN_IMAGE()
        return self._add(fitted(image, self._room_bytes))

    @property
    def _room_bytes(self) -> int:
        """The maximum size of one more image: at most half of the limit, so that several fit."""
        return min(MAX_BYTES // 2, self._left_bytes)

    @property
    def _left_bytes(self) -> int:
        return MAX_BYTES - sum(len(image.data) for image in self._images)

    def _add(self, image: Image | None) -> str:
        if len(self._images) >= MAX_IMAGES:
            return chat_texts.TOO_MANY_IMAGES(count=MAX_IMAGES)
        if image is None:
            return chat_texts.IMAGES_TOO_LARGE()
        size = QSize(_THUMBNAIL_PX * 2, _THUMBNAIL_PX * 2)
        decoded = decode(image, size)
        if decoded is None:
            return chat_texts.NOT_AN_IMAGE()
        button = QToolButton()
        button.setIcon(QIcon(QPixmap.fromImage(decoded)))
        button.setIconSize(QSize(_THUMBNAIL_PX, _THUMBNAIL_PX))
        set_tooltip(button, chat_texts.REMOVE_IMAGE())
        button.setAccessibleName(chat_texts.REMOVE_IMAGE())
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda _checked: self._remove(button, image))
        self._images.append(image)
        self._row.insertWidget(self._row.count() - 1, button)
        self.show()
        self.changed.emit()
        return ""

    def set_images(self, images: Iterable[Image]) -> str:
        """Replace the shown images; returns a problem if there are too many, else ""."""
        self.clear()
        problems = [self._add(image if len(image.data) <= self._left_bytes else None) for image in images]
        return first_upper(next(filter(None, problems), ""))

    def _remove(self, button: QToolButton, image: Image) -> None:
        self._images = [other for other in self._images if other is not image]
        button.hide()
        button.deleteLater()
        self.setVisible(bool(self._images))
        self.changed.emit()

    def clear(self) -> None:
        """Remove all images."""
        self._images = []
        while self._row.count() > 1:
            item = self._row.takeAt(0)
            if item is not None and (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.hide()
        self.changed.emit()
