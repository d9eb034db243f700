"""Private files with the images that the user pasted into terminals; they are removed with their chats."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from session_host.errors import OutliveError
from session_host.paths import ensure_private, pasted_images_dir


def save(session_id: str, image: QImage) -> Path:
    """Save an image as a new PNG file that only the user can read. Blocks: on the encoder and the disk.

    Raises:
        OutliveError: the file cannot be written; nothing is left of it.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # PySide6 takes a str, its type hints bytes
        raise OutliveError("the pasted image cannot be saved as PNG; save it in a file yourself, and paste its name")
    directory = ensure_private(pasted_images_dir(session_id))
    try:
        descriptor, path = tempfile.mkstemp(".png", "image-", directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(buffer.data().data())
        except OSError:
            Path(path).unlink()
            raise
    except OSError as error:
        line = f"{directory}: cannot save the pasted image ({error.strerror}); free some space"
        raise OutliveError(line) from error
    return Path(path)
