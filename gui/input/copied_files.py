"""The names of files that were copied or are dragged."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from PySide6.QtCore import QMimeData


def names_of_files(data: QMimeData) -> str:
    """The names of the files in a clipboard or a drag, as ``quoted`` gives them; "" if there are none."""
    return quoted(url.toLocalFile() for url in data.urls() if url.isLocalFile())


def quoted(files: Iterable[str]) -> str:
    """Names of files, quoted for a shell, with a blank after them; "" for no files."""
    names = shlex.join(files)
    return f"{names} " if names else ""
