"""The clipboard of one view: copies, and pastes a text, asks first, or says why it cannot be pasted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from PySide6.QtCore import QMimeData, SignalInstance
from PySide6.QtGui import QClipboard, QGuiApplication, QImage

from gui.input.dragging import local_files, quoted
from gui.terminal.input_sink import TypedInput
from gui.wording import notice_texts
from session_host.protocol.messages import MAX_WHOLE_PASTE_CHARACTERS
from session_host.terminal.encode import has_controls

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


class Pasting:
    """Pastes into one view.

    Attributes:
        on_files: gets the files that are pasted or dropped; None if their names are typed.
    """

    def __init__(
        self,
        receiver: Callable[[], TypedInput | None],
        is_bracketed: Callable[[], bool],
        takes_paths: Callable[[], bool],
        ask: SignalInstance,
        notice: SignalInstance,
        image: SignalInstance,
        on_typed: Callable[[], object],
    ) -> None:
        """Set up pasting.

        Args:
            receiver: returns the receiver of what is typed; None if the screen is read-only.
            is_bracketed: whether all receiving programs can distinguish a paste from typing.
            takes_paths: whether all receiving programs run on one machine, so that a path means the same to them.
            ask: gets a text that needs confirmation.
            notice: gets one line for the user.
            image: gets a pasted image; its receiver saves it in a file and pastes the file's name.
            on_typed: called after each paste.
        """
        self._receiver = receiver
        self._is_bracketed = is_bracketed
        self._takes_paths = takes_paths
        self._ask = ask
        self._notice = notice
        self._image = image
        self._on_typed = on_typed
        self.on_files: Callable[[list[str]], object] | None = None

    def paste(self, text: str) -> None:
        """Paste a text, ask for confirmation, or say why it cannot be pasted."""
        check = check_paste(text, bracketed=self._is_bracketed())
        if self._receiver() is None or check == PasteCheck.EMPTY:
            return
        if check == PasteCheck.TOO_LONG:
            self._notice.emit(notice_texts.PASTE_TOO_LONG(count=len(text), most=MAX_WHOLE_PASTE_CHARACTERS))
        elif check == PasteCheck.ASK:
            self._ask.emit(text)
        else:
            self.paste_confirmed(text)

    def paste_confirmed(self, text: str) -> None:
        """Paste a text as it is."""
        if (receiver := self._receiver()) is not None:
            receiver.paste(text)
            self._on_typed()

    def takes(self, data: QMimeData) -> bool:
        """Whether dragged data can be dropped here."""
        return self._receiver() is not None and (data.hasUrls() or data.hasText() or data.hasImage())

    def paste_data(self, data: QMimeData) -> None:
        """Paste what was copied or dropped: the names of files, or a text, or the name of a file with the image."""
        files = local_files(data)
        if not files and (text := data.text()):
            self.paste(text)
        elif self._receiver() is None:
            return
        elif (files or data.hasImage()) and not self._takes_paths():
            self._notice.emit(notice_texts.PATH_ELSEWHERE())
        elif files:
            (self.on_files or self.paste_files)(files)
        else:
            image = data.imageData() if data.hasImage() else None
            if isinstance(image, QImage) and not image.isNull():
                self._image.emit(image)
            else:
                problem = notice_texts.UNREADABLE_IMAGE if data.hasImage() else notice_texts.NOTHING_TO_PASTE
                self._notice.emit(problem())

    def paste_files(self, files: Sequence[str]) -> None:
        """Paste the names of files, quoted for a shell."""
        if self._takes_paths():
            self.paste(quoted(files))
        else:  # The broadcast began while a file was copied.
            self._notice.emit(notice_texts.PATH_ELSEWHERE())
