"""Images that were pasted into a chat; they are removed with it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from session_host.errors import OutliveError
from session_host.paths import ensure_private, pasted_images_dir


def save_pasted_image(session_id: str, png: bytes) -> str:
    """Save a PNG image for a chat's agent in a new file that only the user can read; returns its path. Blocks.

    Raises:
        OutliveError: the file cannot be written; nothing is left of it.
    """
    directory = ensure_private(pasted_images_dir(session_id))
    try:
        descriptor, path = tempfile.mkstemp(".png", "image-", directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(png)
        except OSError:
            Path(path).unlink()
            raise
    except OSError as error:
        line = f"{directory}: cannot save the pasted image ({error.strerror}); free some space"
        raise OutliveError(line) from error
    return path
