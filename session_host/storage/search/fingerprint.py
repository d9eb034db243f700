"""Detects quickly whether a journal has grown since it was indexed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_SEGMENT_SUFFIX: Final = ".log"


def fingerprint(journal: Path) -> str:
    """A text that changes when the journal grows: its newest segment and that file's size; "" if there is none."""
    newest = ""
    size_bytes = 0
    try:
        with os.scandir(journal) as entries:
            for entry in entries:
                if entry.name.endswith(_SEGMENT_SUFFIX) and entry.name > newest:
                    newest, size_bytes = entry.name, entry.stat(follow_symlinks=False).st_size
    except OSError:
        return ""  # The journal is missing, or is being deleted.
    return f"{newest}:{size_bytes}" if newest else ""
