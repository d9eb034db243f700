"""The clipboard of one view: copies, and pastes a text, asks first, or says why it cannot be pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QClipboard, QGuiApplication, QImage

from gui.input.dragging import local_files, quoted
from gui.wording import notice_texts
from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.terminal.encode import has_controls

from .recipients import Recipients

LARGE_CHARACTERS = 256 * 1024
"""A longer paste always needs confirmation."""


class PasteCheck(Enum):
    """The decision about a text that the user pastes."""

    EMPTY = "empty"
    FINE = "fine"
    ASK = "ask"
    TOO_LONG = "too long"


def check_paste(text: str, *, bracketed: bool) -> PasteCheck:
    """Decide about a paste; ``bracketed`` means that the program can distinguish a paste from typing.

    Other programs take each line end as Enter. Control characters on a clipboard are never meant to be typed. A large
    text is rarely what the user expects on the clipboard.
    """
    if not text:
        return PasteCheck.EMPTY
    if len(text) > MAX_WHOLE_PASTE_CHARACTERS:
        return PasteCheck.TOO_LONG
    if len(text) > LARGE_CHARACTERS:
        return PasteCheck.ASK
    if not bracketed and ("\n" in text or "\r" in text):
        return PasteCheck.ASK
    if has_controls(text):
        return PasteCheck.ASK
    return PasteCheck.FINE


def copy_text(text: str) -> None:
    """Put a text on the clipboard."""
    if text:
        QGuiApplication.clipboard().setText(text, QClipboard.Mode.Clipboard)


def offer_selection(text: str) -> None:
    """Make a text the primary selection, if the window system has one."""
    clipboard = QGuiApplication.clipboard()
    if text and clipboard.supportsSelection():
        clipboard.setText(text, QClipboard.Mode.Selection)


class Pasting(QObject):
    """Pastes into one view.

    Attributes:
        on_files: gets the files that are pasted or dropped; None if their names are typed.

    Signals:
        confirmation_needed(str): the text is not pasted yet; ``paste_confirmed`` pastes it.
        image_pasted(QImage): the user pasted or dropped an image, of which the window pastes a file's name.
    """

    confirmation_needed = Signal(str)
    image_pasted = Signal(QImage)

    def __init__(self, view: QObject, recipients: Recipients, notify: Callable[[str], object]) -> None:
        """``notify`` gets one line for the user."""
        super().__init__(view)
        self._recipients = recipients
        self._notify = notify
        self.on_files: Callable[[list[str]], object] | None = None

    def paste(self, text: str) -> None:
        """Paste a text, ask for confirmation, or say why it cannot be pasted."""
        check = check_paste(text, bracketed=self._recipients.bracket_pastes())
        if self._recipients.input is None or check == PasteCheck.EMPTY:
            return
        if check == PasteCheck.TOO_LONG:
            self._notify(notice_texts.PASTE_TOO_LONG(count=len(text), most=MAX_WHOLE_PASTE_CHARACTERS))
        elif check == PasteCheck.ASK:
            self.confirmation_needed.emit(text)
        else:
            self.paste_confirmed(text)

    def paste_confirmed(self, text: str) -> None:
        """Paste a text as it is."""
        if (receiver := self._recipients.input) is not None:
            receiver.paste(text)
            self._recipients.note_typed()

    def takes(self, data: QMimeData) -> bool:
        """Whether dragged data can be dropped here."""
        return self._recipients.input is not None and (data.hasUrls() or data.hasText() or data.hasImage())

    def paste_data(self, data: QMimeData) -> None:
        """Paste what was copied or dropped: the names of files, or a text, or the name of a file with the image."""
        files = local_files(data)
        if not files and (text := data.text()):
            self.paste(text)
        elif self._recipients.input is None:
            return
        elif (files or data.hasImage()) and not self._recipients.share_machine():
            self._notify(notice_texts.PATH_ELSEWHERE())
        elif files:
            (self.on_files or self.paste_files)(files)
        else:
            image = data.imageData() if data.hasImage() else None
            if isinstance(image, QImage) and not image.isNull():
                self.image_pasted.emit(image)
            else:
                problem = notice_texts.UNREADABLE_IMAGE if data.hasImage() else notice_texts.NOTHING_TO_PASTE
                self._notify(problem())

    def paste_files(self, files: Sequence[str]) -> None:
        """Paste the names of files, quoted for a shell."""
        if self._recipients.share_machine():
            self.paste(quoted(files))
        else:  # The broadcast began while a file was copied.
            self._notify(notice_texts.PATH_ELSEWHERE())
